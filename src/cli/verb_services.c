/* SPDX-License-Identifier: GPL-2.0-or-later */
/* services: the service names that are built in. */
#include "cli/session.h"
#include "cli/verbs.h"

#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "sockgate/proto.h"
#include "sockgate/render_language.h"

/* A name, a port, or PORT/PROTOCOL. */
static int read_argument(const char *text, struct sg_services_asked *ret, struct sg_error *err)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	uint64_t number;

	if (!sg_num_parse(text, size, UINT16_MAX, &number)) {
		ret->name = text;
		return 0;
	}
	ret->port = (uint16_t)number;
	ret->has_port = true;
	if (slash &&
	    (!sg_proto_parse(slash + 1, strlen(slash + 1), &ret->protocol) || !sg_proto_has_ports(ret->protocol)))
		return sg_error_set(err, SG_ERROR_INPUT, 0, "'%.60s' is no protocol with ports", slash + 1);
	return 0;
}

/* tcp/443, http/tcp, 70000, 22-25. False: it is none of these. */
static bool refuse_form(const char *text, struct sg_error *err)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : 0;
	uint64_t number;
	uint8_t protocol;

	if (slash && sg_proto_parse(text, size, &protocol) &&
	    sg_num_parse(slash + 1, strlen(slash + 1), UINT16_MAX, &number))
		sg_error_set(err, SG_ERROR_INPUT, 0, "'%.60s' is not PORT/PROTOCOL, did you mean '%.30s/%.*s'?", text,
			     slash + 1, (int)size, text);
	else if (slash && sg_service_known(text, size))
		sg_error_set(err, SG_ERROR_INPUT, 0, "a name stands alone: 'sockgate services %.*s'", (int)size, text);
	else if (*text && strspn(text, "0123456789") == strlen(text))
		sg_error_set(err, SG_ERROR_INPUT, 0, "unknown service '%.60s': a port is 0 to 65535", text);
	else if (*text >= '0' && *text <= '9' && strpbrk(text, "-,:"))
		sg_error_set(err, SG_ERROR_INPUT, 0, "unknown service '%.60s': ask for one port at a time", text);
	else
		return false;
	return true;
}

static int refuse_name(const char *name, struct sg_error *err)
{
	sg_cleanup(sg_buf_clear) struct sg_buf hint = {0};

	if (refuse_form(name, err))
		return -1;
	if (sg_service_hint(name, &hint) && !hint.failed)
		return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown service '%.60s': %s", name, hint.data);
	return sg_error_set(err, SG_ERROR_INPUT, 0, "unknown service '%.60s'", name);
}

int verb_services(struct session *session)
{
	const struct options *options = session->options;
	struct sg_services_asked asked = {0};
	struct sg_error err = {0};
	size_t count;

	if (options->argument_count && read_argument(options->arguments[0], &asked, &err) < 0)
		return session_fail(session, &err);
	if (asked.name && !sg_service_known(asked.name, strlen(asked.name))) {
		refuse_name(asked.name, &err);
		return session_fail(session, &err);
	}
	if (options->json)
		count = sg_render_services_json(&session->answer, &asked);
	else
		count = sg_render_services(&session->answer, &session->style, &asked);
	if (!count && !options->json && !options->quiet)
		sg_buf_addf(&session->answer, "no built-in name for %s\n", options->arguments[0]);
	return session_finish(session, count ? EXIT_YES : EXIT_NO);
}
