// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lint_ports.c - ports that hardly anyone means to open to the world, and the one that hardly anyone means to shut.
 *
 * A watched port is wide open when, on every interface but lo and at one local address at least, half of all IPv4
 * addresses or half of 2000::/3 (the IPv6 addresses that are routed, RFC 4291) are accepted. So a list of scanners that
 * is blocked does not hide it, a line that names an interface or a site's own prefixes is not meant, and five lines
 * that are each narrow and together are not are found.
 *
 * What is watched serves whoever asks unless it was told otherwise, or gives the host away when it is broken into:
 * nobody watches a port that is made for strangers.
 */
#include <stdlib.h>
#include <string.h>
#include "sockgate/buf.h"
#include "base/mem.h"
#include "policy/lint.h"
#include "policy/origin.h"
#include "sockgate/proto.h"

static const struct watched {
	uint8_t protocol;
	uint16_t port;
	const char *name;
} watched[] = {
	/* remote control of the host */
	{SG_PROTO_TCP, 23, "telnet"},
	{SG_PROTO_TCP, 3389, "rdp"},
	{SG_PROTO_TCP, 5900, "vnc"},
	{SG_PROTO_TCP, 6000, "x11"},
	{SG_PROTO_UDP, 623, "ipmi"},
	{SG_PROTO_TCP, 2375, "docker"},
	{SG_PROTO_TCP, 2379, "etcd"},
	{SG_PROTO_TCP, 2380, "etcd peers"},
	{SG_PROTO_TCP, 10250, "kubelet"},
	/* files */
	{SG_PROTO_TCP, 111, "rpcbind"},
	{SG_PROTO_UDP, 111, "rpcbind"},
	{SG_PROTO_TCP, 139, "netbios"},
	{SG_PROTO_TCP, 445, "smb"},
	{SG_PROTO_TCP, 2049, "nfs"},
	{SG_PROTO_UDP, 69, "tftp"},
	/* databases and stores */
	{SG_PROTO_TCP, 1433, "mssql"},
	{SG_PROTO_TCP, 1521, "oracle"},
	{SG_PROTO_TCP, 3306, "mysql"},
	{SG_PROTO_TCP, 5432, "postgresql"},
	{SG_PROTO_TCP, 5984, "couchdb"},
	{SG_PROTO_TCP, 6379, "redis"},
	{SG_PROTO_TCP, 9042, "cassandra"},
	{SG_PROTO_TCP, 9200, "elasticsearch"},
	{SG_PROTO_TCP, 9300, "elasticsearch nodes"},
	{SG_PROTO_TCP, 11211, "memcached"},
	{SG_PROTO_UDP, 11211, "memcached"},
	{SG_PROTO_TCP, 27017, "mongodb"},
	/* answers that are larger than questions */
	{SG_PROTO_UDP, 161, "snmp"},
	{SG_PROTO_UDP, 389, "cldap"},
	{SG_PROTO_UDP, 1900, "ssdp"},
};

#define WATCHED_NAMED 4 /* in one diagnostic */

/* ---- How wide ---- */

enum { WIDE_IPV4 = 1, WIDE_IPV6 = 2 };

bool sg_lint_is_open(struct sg_idd *idd, sg_ref set, enum sg_family family)
{
	static const sg_u128 routed = (sg_u128)1 << 125; /* 2000::/3 */
	bool v4 = family == SG_IPV4;

	set = sg_idd_forall(idd, sg_idd_or(idd, set, sg_coverage_loopback(idd)), SG_FIELD_INTERFACE);
	set = sg_idd_restrict(idd, set, SG_FIELD_FAMILY, family);
	set = sg_idd_exists(idd, set, v4 ? SG_FIELD_LOCAL4 : SG_FIELD_LOCAL6);
	if (v4)
		return sg_idd_share(idd, set, 1) >= 0.5L;
	set = sg_idd_and(idd, set, sg_idd_range(idd, SG_FIELD_REMOTE6, routed, 2 * routed - 1));
	return sg_idd_share(idd, set, 1) >= 0.5L / 8;
}

static unsigned int ports_width(struct sg_idd *idd, sg_ref set)
{
	return (sg_lint_is_open(idd, set, SG_IPV4) ? WIDE_IPV4 : 0U) |
	       (sg_lint_is_open(idd, set, SG_IPV6) ? WIDE_IPV6 : 0U);
}

static sg_ref ports_at(struct sg_idd *idd, sg_ref ref, uint8_t protocol, uint16_t port)
{
	return sg_idd_restrict(idd, sg_idd_restrict(idd, ref, SG_FIELD_PROTOCOL, protocol), SG_FIELD_PORT, port);
}

/* ---- Who opens it ---- */

/* A line and a port that it opens. */
struct opening {
	size_t line;
	size_t watched;
	unsigned int width;
};

struct openings {
	struct lint *lint;
	sg_ref accepted, origin; /* as sg_lint_accepted; who accepts, where that is so */
	struct opening *items;
	size_t count, room;
	unsigned char *widths; /* per line, by itself; WIDTH_UNKNOWN: not asked yet */
};

#define WIDTH_UNKNOWN 0xff

static void openings_clear(struct openings *openings)
{
	free(openings->items);
	free(openings->widths);
}

/* How wide a line that speaks of a port is by itself: that does not depend on the port. */
static unsigned int openings_line_width(struct openings *openings, size_t line)
{
	struct lint *lint = openings->lint;
	struct sg_region_part parts[2];

	if (openings->widths[line] != WIDTH_UNKNOWN)
		return openings->widths[line];
	openings->widths[line] = 0;
	if (sg_lint_parts(lint, sg_policy_line(lint->policy, line), parts))
		openings->widths[line] = (unsigned char)ports_width(lint->idd, parts[0].constraint);
	return openings->widths[line];
}

static bool openings_is_line(const struct openings *openings, uint32_t origin)
{
	const struct lint *lint = openings->lint;

	return origin <= sg_policy_lines(lint->policy) && lint->matters[origin - 1];
}

/* Lines that are wide by themselves are to blame; if there is none, all that accept the port are. Where the default
 * accepts no line matters. */
static int openings_blame(struct openings *openings, size_t index, unsigned int width,
			  const struct sg_origin_list *accepting)
{
	bool any = false;

	if (sg_grow(&openings->items, &openings->room, openings->count, accepting->count, sizeof(*openings->items)) < 0)
		return sg_error_nomem(openings->lint->err);
	for (size_t i = 0; i < accepting->count; i++)
		any = any || (openings_is_line(openings, accepting->items[i]) &&
			      openings_line_width(openings, accepting->items[i] - 1) & width);
	for (size_t i = 0; i < accepting->count; i++) {
		struct opening opening = {accepting->items[i] - 1, index, width};

		if (!openings_is_line(openings, accepting->items[i]))
			continue;
		if (any)
			opening.width &= openings_line_width(openings, opening.line);
		if (opening.width)
			openings->items[openings->count++] = opening;
	}
	return 0;
}

static int openings_find(struct openings *openings, size_t index)
{
	struct lint *lint = openings->lint;
	struct sg_origin_list accepting = {.policy = lint->policy};
	sg_ref set = ports_at(lint->idd, openings->accepted, watched[index].protocol, watched[index].port);
	sg_ref origin = ports_at(lint->idd, openings->origin, watched[index].protocol, watched[index].port);
	unsigned int width = ports_width(lint->idd, set);
	int result = 0;

	if (!width)
		return sg_idd_check(lint->idd, set, lint->err);
	if (sg_idd_terminals_in(lint->idd, origin, set, sg_origin_list_add, &accepting) < 0)
		result = sg_lint_failed(lint);
	else if (accepting.failed)
		result = sg_error_nomem(lint->err);
	else
		result = openings_blame(openings, index, width, &accepting);
	sg_origin_list_clear(&accepting);
	return result;
}

/* ---- Reports ---- */

static int opening_compare(const void *left, const void *right)
{
	const struct opening *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->watched < b->watched ? -1 : a->watched > b->watched;
}

/* All openings of one line. */
static int openings_report(struct openings *openings, const struct opening *items, size_t count)
{
	const struct sg_line *line = sg_policy_line(openings->lint->policy, items->line);
	sg_cleanup(sg_buf_clear) struct sg_buf ports = {0};
	unsigned int width = 0;

	if (!sg_lint_wanted(openings->lint, LINT_WIDE_OPEN, line))
		return 0;
	for (size_t i = 0; i < count; i++) {
		const struct watched *port = &watched[items[i].watched];

		width |= items[i].width;
		if (i < WATCHED_NAMED)
			sg_buf_addf(&ports, "%s%s (%u/%s)",
				    !i               ? ""
				    : i + 1 == count ? " and "
						     : ", ",
				    port->name, (unsigned int)port->port, sg_proto_name(port->protocol));
	}
	if (count > WATCHED_NAMED)
		sg_buf_addf(&ports, " and %zu more such ports", count - WATCHED_NAMED);
	if (ports.failed)
		return sg_error_nomem(openings->lint->err);
	lint_add(openings->lint, LINT_WIDE_OPEN, line->span, "'%s' opens %s to the world%s", line->path, ports.data,
		 width == WIDE_IPV4   ? " (IPv4)"
		 : width == WIDE_IPV6 ? " (IPv6)"
				      : "");
	sg_diag_hint(openings->lint->diags, "say in 'from' who may use it; if all may, 'lint-ignore: %s'",
		     sg_lint_at(LINT_WIDE_OPEN)->id);
	return 0;
}

static int ports_wide(struct lint *lint, sg_ref accepted)
{
	sg_cleanup(openings_clear) struct openings openings = {.lint = lint, .accepted = accepted};
	size_t lines = sg_policy_lines(lint->policy), next;

	openings.widths = malloc(lines + 1);
	if (!openings.widths)
		return sg_error_nomem(lint->err);
	memset(openings.widths, WIDTH_UNKNOWN, lines + 1);
	openings.origin = sg_decision_origin(lint->decision, SG_VERDICT_ACCEPT);
	openings.origin = sg_condition_settle(lint->idd, openings.origin, &lint->world);
	openings.origin = sg_idd_restrict(lint->idd, openings.origin, SG_FIELD_DIRECTION, SG_IN);
	openings.origin = sg_idd_restrict(lint->idd, openings.origin, SG_FIELD_STATE, SG_CT_NEW);
	for (size_t i = 0; i < SG_COUNT(watched); i++) {
		if (openings_find(&openings, i) < 0)
			return -1;
	}
	if (openings.count)
		qsort(openings.items, openings.count, sizeof(*openings.items), opening_compare);
	for (size_t i = 0; i < openings.count; i = next) {
		for (next = i + 1; next < openings.count && openings.items[next].line == openings.items[i].line;)
			next++;
		if (openings_report(&openings, openings.items + i, next - i) < 0)
			return -1;
	}
	return 0;
}

/* ---- SSH ---- */

/* Whether a new TCP connection to one of the ports is accepted from anyone. */
static bool ports_any_open(struct sg_idd *idd, sg_ref tcp, const struct sg_ranges *ports)
{
	return !sg_idd_disjoint(idd, tcp, sg_idd_split(idd, SG_FIELD_PORT, ports, SG_IDD_FULL, SG_IDD_EMPTY));
}

/* Whether a text speaks of SSH: a unit "ssh.service", a comment "SSH for the office". */
static bool ports_speaks_of_ssh(const char *text)
{
	return text && strcasestr(text, "ssh");
}

/* SSH listens on port 22, where the policy's own services of such a name say, and where a line says that it does. */
static bool ports_ssh_open(const struct lint *lint, sg_ref tcp)
{
	struct sg_range usual = {22, 22};
	const struct sg_ranges set = {.items = &usual, .count = 1};

	if (ports_any_open(lint->idd, tcp, &set))
		return true;
	for (size_t i = 0; i < lint->policy->service_count; i++) {
		const struct model_service *service = &lint->policy->services[i];

		if (strncmp(service->name, "ssh", 3) != 0)
			continue;
		for (size_t k = 0; k < service->count; k++) {
			if (ports_any_open(lint->idd, tcp, &service->ports[k].ports))
				return true;
		}
	}
	for (size_t i = 0; i < sg_policy_lines(lint->policy); i++) {
		const struct sg_line *line = sg_policy_line(lint->policy, i);

		if (line->direction == SG_IN && line->section == SG_SECTION_ALLOW && line->kind == SG_LINE_PORTS &&
		    memchr(line->protocols, SG_PROTO_TCP, line->protocol_count) && lint->matters[i] &&
		    (ports_speaks_of_ssh(line->unit) || ports_speaks_of_ssh(line->comment)) &&
		    ports_any_open(lint->idd, tcp, &line->ports))
			return true;
	}
	return false;
}

/* The policy's own file as a whole. */
static struct sg_span ports_file(const struct sg_policy *policy)
{
	return (struct sg_span){.file = policy->file_count ? policy->files[0].number : SG_NO_FILE};
}

struct ssh_refusers {
	struct sg_origin_list blocks;
	bool others; /* the default, or a line's conditions */
};

static int ports_see_refuser(uint32_t origin, void *data)
{
	struct ssh_refusers *refusers = data;
	const struct sg_policy *policy = refusers->blocks.policy;

	if (origin && origin <= sg_policy_lines(policy) &&
	    sg_policy_line(policy, origin - 1)->section == SG_SECTION_BLOCK)
		return sg_origin_list_add(origin, &refusers->blocks);
	refusers->others = true;
	return 0;
}

/* Who refuses new TCP connections to port 22. */
static int ports_ssh_refusers(struct lint *lint, struct ssh_refusers *ret)
{
	struct sg_idd *idd = lint->idd;
	sg_ref settled = sg_condition_settle(idd, lint->decision->verdict, &lint->world);

	for (enum sg_verdict verdict = SG_VERDICT_DROP; verdict <= SG_VERDICT_REJECT; verdict++) {
		sg_ref origin = sg_condition_settle(idd, sg_decision_origin(lint->decision, verdict), &lint->world);
		sg_ref refused = sg_idd_minus(idd, sg_idd_equals(idd, settled, verdict), sg_coverage_loopback(idd));
		sg_ref sides[] = {refused, origin};

		for (size_t i = 0; i < SG_COUNT(sides); i++) {
			sides[i] = sg_idd_restrict(idd, sides[i], SG_FIELD_DIRECTION, SG_IN);
			sides[i] = sg_idd_restrict(idd, sides[i], SG_FIELD_STATE, SG_CT_NEW);
			sides[i] = ports_at(idd, sides[i], SG_PROTO_TCP, 22);
		}
		if (sg_idd_terminals_in(idd, sides[1], sides[0], ports_see_refuser, ret) < 0)
			return sg_lint_failed(lint);
	}
	return 0;
}

/* Under a block an allow opens nothing. */
static int ports_ssh_hint(struct lint *lint, struct ssh_refusers *refusers)
{
	sg_autofree char *who = NULL;

	if (ports_ssh_refusers(lint, refusers) < 0)
		return -1;
	if (refusers->others || !refusers->blocks.count) {
		sg_diag_hint(lint->diags, "as in 'tcp: [{port: ssh, from: 192.0.2.0/24}]'; if it has another port, "
					  "name that one ssh under 'services'");
		return 0;
	}
	who = sg_origin_list_text(&refusers->blocks);
	if (!who)
		return sg_error_nomem(lint->err);
	sg_diag_hint(lint->diags,
		     "it is blocked by %s, and a block wins over an allow; 'except' takes sources out of a block, as "
		     "in '{port: ssh, except: 192.0.2.0/24}'",
		     who);
	return 0;
}

/* A host that no one reaches over SSH, which may be one that no one reaches at all: whoever applies the policy from
 * afar has no way back. */
static int ports_ssh(struct lint *lint, sg_ref accepted)
{
	sg_ref tcp = sg_lint_carried(lint, sg_idd_restrict(lint->idd, accepted, SG_FIELD_PROTOCOL, SG_PROTO_TCP));
	struct ssh_refusers refusers = {.blocks = {.policy = lint->policy}};
	int result;

	if (sg_idd_check(lint->idd, tcp, lint->err) < 0)
		return -1;
	if (ports_ssh_open(lint, tcp))
		return 0;
	lint_add(lint, LINT_NO_SSH, ports_file(lint->policy), "no one can reach SSH (port 22) under this policy");
	result = ports_ssh_hint(lint, &refusers);
	sg_origin_list_clear(&refusers.blocks);
	return result;
}

int sg_lint_ports(struct lint *lint)
{
	sg_ref accepted = sg_lint_accepted(lint, SG_IN);

	if (sg_idd_check(lint->idd, accepted, lint->err) < 0)
		return -1;
	if (sg_lint_wanted(lint, LINT_WIDE_OPEN, NULL) && ports_wide(lint, accepted) < 0)
		return -1;
	return sg_lint_wanted(lint, LINT_NO_SSH, NULL) ? ports_ssh(lint, accepted) : 0;
}
