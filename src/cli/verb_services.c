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

static int refuse_name(const char *name, struct sg_error *err)
{
	sg_cleanup(sg_buf_clear) struct sg_buf hint = {0};

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
