/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets and who can reach them. */
#include "render/sockets.h"
#include "render/besides.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/proto.h"

static void add_protocol(struct sg_buf *buf, const struct sg_listener *listener)
{
	const char *name = sg_proto_name(listener->protocol);

	if (listener->raw)
		sg_buf_adds(buf, "raw ");
	if (name)
		sg_buf_adds(buf, name);
	else
		sg_buf_addf(buf, "%u", listener->protocol);
	if (listener->mptcp)
		sg_buf_adds(buf, "+mptcp");
}

void sg_sockets_address(struct sg_buf *buf, const struct sg_listener *listener)
{
	char text[SG_ADDR_TEXT_SIZE];

	if (!listener->address && listener->family == SG_IPV6 && !listener->v6only) {
		sg_buf_addc(buf, '*');
	} else {
		sg_addr_format(listener->family, listener->address, text);
		sg_buf_adds(buf, text);
	}
	if (*listener->interface_name) {
		sg_buf_addc(buf, '%');
		sg_say_adds(buf, listener->interface_name);
	} else if (listener->interface) {
		sg_buf_addf(buf, "%%%u", listener->interface);
	}
}

void sg_sockets_process(struct sg_buf *buf, const struct sg_owner *owner)
{
	if (!owner->pid && !*owner->process) {
		sg_buf_addc(buf, '-');
		return;
	}
	sg_say_adds(buf, owner->process);
	if (owner->pid)
		sg_buf_addf(buf, "[%d]", (int)owner->pid);
}

void sg_sockets_name(struct sg_buf *buf, const struct sg_listener *listener)
{
	add_protocol(buf, listener);
	sg_buf_addc(buf, ' ');
	sg_sockets_address(buf, listener);
	if (listener->port)
		sg_buf_addf(buf, " port %u", listener->port);
	if (listener->owner.pid || *listener->owner.process) {
		sg_buf_addc(buf, ' ');
		sg_sockets_process(buf, &listener->owner);
	}
}

void sg_sockets_reach(struct sg_buf *buf, const struct sg_style *style, const struct sg_reach *reach,
		      enum sg_scope scope)
{
	if (scope != SG_SCOPE_OTHERS) {
		sg_buf_adds(buf, scope == SG_SCOPE_PEER ? "its peer" : "this host");
		return;
	}
	switch (reach->outcome) {
	case SG_OUTCOME_ACCEPT:
	case SG_OUTCOME_DEPENDS:
		sg_fields_addresses(buf, style, &reach->from, reach->families);
		if (!reach->from_exact)
			sg_buf_adds(buf, " (in part)");
		if (reach->undecided)
			sg_buf_adds(buf, ", of others undecided");
		break;
	case SG_OUTCOME_UNDECIDED: sg_buf_adds(buf, "undecided"); break;
	default: sg_buf_adds(buf, "nobody"); break;
	}
}

static enum sg_colour reach_colour(const struct sg_reach *reach, enum sg_scope scope)
{
	if (scope != SG_SCOPE_OTHERS)
		return SG_DIM;
	return reach->outcome == SG_OUTCOME_DROP || reach->outcome == SG_OUTCOME_REJECT
		       ? SG_DIM
		       : sg_fields_outcome_colour(reach->outcome);
}

/* The same to a reader: another worker of the same service on the same socket. */
static bool same_row(const struct sg_listener *a, const struct sg_listener *b)
{
	return a->protocol == b->protocol && a->raw == b->raw && a->mptcp == b->mptcp && a->family == b->family &&
	       a->address == b->address && a->port == b->port && a->v6only == b->v6only &&
	       a->interface == b->interface && !strcmp(a->owner.process, b->owner.process) &&
	       !strcmp(a->owner.unit ? a->owner.unit : "", b->owner.unit ? b->owner.unit : "") &&
	       !strcmp(a->owner.container ? a->owner.container : "", b->owner.container ? b->owner.container : "");
}

void sg_sockets_unit(struct sg_buf *buf, const struct sg_owner *owner)
{
	if (owner->container) {
		sg_buf_adds(buf, "container ");
		/* twelve digits of an id say as much as sixty-four */
		sg_say_add(buf, owner->container, strlen(owner->container) == 64 ? 12 : strlen(owner->container));
	} else {
		sg_say_adds(buf, owner->unit ? owner->unit : "-");
	}
}

static void add_row(struct sg_grid *table, const struct sg_style *style, const struct sg_listening_report *report,
		    size_t index, size_t times)
{
	const struct sg_listener *listener = &report->listeners->items[index];
	struct sg_buf cell = {0};

	add_protocol(&cell, listener);
	sg_grid_take(table, SG_PLAIN, &cell);
	sg_sockets_address(&cell, listener);
	sg_grid_take(table, SG_PLAIN, &cell);
	if (listener->port)
		sg_grid_cell(table, SG_PLAIN, "%u", listener->port);
	else
		sg_grid_cell(table, SG_PLAIN, "-");
	sg_sockets_process(&cell, &listener->owner);
	if (times > 1)
		sg_buf_addf(&cell, " and %zu more", times - 1);
	sg_grid_take(table, SG_PLAIN, &cell);
	sg_sockets_unit(&cell, &listener->owner);
	sg_grid_take(table, SG_PLAIN, &cell);
	if (!report->reach) {
		sg_grid_cell(table, SG_PLAIN, "not known");
		return;
	}
	sg_sockets_reach(&cell, style, report->reach->items[index], report->reach->scopes[index]);
	sg_grid_take(table, reach_colour(report->reach->items[index], report->reach->scopes[index]), &cell);
}

/* Interfaces whose packets to 127.0.0.0/8 the host takes in. */
static void add_localnet(struct sg_buf *buf, const struct sg_local_addresses *local)
{
	const char *between = "";

	if (!local || !sg_link_takes_localnet(local, NULL))
		return;
	sg_buf_adds(buf, "127.0.0.0/8 is reached from other hosts through ");
	if (local->localnet_everywhere)
		sg_buf_adds(buf, "every interface (net.ipv4.conf.all.route_localnet is 1)\n");
	for (size_t i = 0; !local->localnet_everywhere && i < local->link_count; i++) {
		if (!sg_link_takes_localnet(local, &local->links[i]))
			continue;
		sg_buf_adds(buf, between);
		sg_say_adds(buf, local->links[i].name);
		between = ", ";
	}
	if (!local->localnet_everywhere)
		sg_buf_adds(buf, " (route_localnet is 1)\n");
}

static void add_notes(struct sg_buf *buf, const struct sg_style *style, const struct sg_listening_report *report,
		      size_t shown, size_t connected)
{
	sg_say_count(buf, shown, "listening socket");
	if (connected) {
		sg_buf_adds(buf, "; ");
		sg_say_count(buf, connected, "connected socket");
		sg_buf_adds(buf, " that only a peer reaches (--verbose lists them)");
	}
	sg_buf_addc(buf, '\n');
	add_localnet(buf, report->local);
	if (!report->reach) {
		sg_buf_adds(buf, "who can reach them is not known: ");
		sg_say_adds(buf, report->unread);
		sg_buf_addc(buf, '\n');
	} else if (!report->enforcing) {
		sg_say_coloured(buf, style, SG_YELLOW, "not enforcing: no sockgate table in the kernel\n");
	}
	if (report->reach)
		sg_besides_lines(buf, style, "", "not reckoned with", &report->besides);
}

void sg_render_listening(struct sg_buf *buf, const struct sg_style *style, const struct sg_listening_report *report)
{
	static const char *const headings[] = {"PROTOCOL", "ADDRESS", "PORT", "PROCESS", "UNIT", "REACHABLE FROM"};
	struct sg_grid table = {.headings = headings, .columns = SG_COUNT(headings), .right = 1U << 2};
	const struct sg_listeners *list = report->listeners;
	size_t shown = 0, connected = 0;

	for (size_t i = 0, next; i < list->count; i = next) {
		next = i + 1;
		if (list->items[i].connected && !style->verbose) {
			connected++;
			continue;
		}
		while (!style->all && next < list->count && !list->items[next].connected &&
		       same_row(&list->items[i], &list->items[next]))
			next++;
		add_row(&table, style, report, i, next - i);
		shown += next - i;
	}
	if (shown)
		sg_grid_add(buf, style, &table);
	sg_grid_clear(&table);
	add_notes(buf, style, report, shown, connected);
}

static json_t *protocol_json(struct sg_json *json, const struct sg_listener *listener)
{
	const char *name = sg_proto_name(listener->protocol);
	char number[8];

	snprintf(number, sizeof(number), "%u", listener->protocol);
	return sg_json_text(json, name ? name : number);
}

json_t *sg_sockets_where_json(struct sg_json *json, const struct sg_where *where, const struct sg_listener *listener)
{
	json_t *map = sg_fields_where_json(json, where), *ports, *port;

	if (!listener || !where->any_protocol)
		return map;
	sg_json_put(json, map, "protocol", protocol_json(json, listener));
	if (!listener->port)
		return map;
	ports = sg_json_list(json);
	port = sg_json_map(json);
	sg_json_put(json, port, "first", sg_json_number(json, listener->port));
	sg_json_put(json, port, "last", sg_json_number(json, listener->port));
	sg_json_push(json, ports, port);
	sg_json_put(json, map, "ports", ports);
	return map;
}

json_t *sg_sockets_owner_json(struct sg_json *json, const struct sg_owner *owner)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "pid", owner->pid ? sg_json_number(json, (uint64_t)owner->pid) : json_null());
	sg_json_put(json, map, "process", *owner->process ? sg_json_text(json, owner->process) : json_null());
	sg_json_put(json, map, "unit", sg_json_text(json, owner->unit));
	sg_json_put(json, map, "container", sg_json_text(json, owner->container));
	return map;
}

void sg_sockets_put(struct sg_json *json, json_t *map, const struct sg_listener *listener)
{
	char text[SG_ADDR_TEXT_SIZE];

	sg_addr_format(listener->family, listener->address, text);
	sg_json_put(json, map, "protocol", protocol_json(json, listener));
	sg_json_put(json, map, "family", sg_json_text(json, listener->family == SG_IPV4 ? "ipv4" : "ipv6"));
	sg_json_put(json, map, "address", sg_json_text(json, text));
	sg_json_put(json, map, "port", listener->port ? sg_json_number(json, listener->port) : json_null());
	sg_json_put(json, map, "v6only", listener->family == SG_IPV6 ? json_boolean(listener->v6only) : json_null());
	sg_json_put(json, map, "interface",
		    *listener->interface_name ? sg_json_text(json, listener->interface_name) : json_null());
	sg_json_put(json, map, "uid", sg_json_number(json, listener->uid));
	sg_json_put(json, map, "owner", sg_sockets_owner_json(json, &listener->owner));
}

json_t *sg_sockets_reach_json(struct sg_json *json, const struct sg_reach *reach, enum sg_scope scope)
{
	bool others = scope == SG_SCOPE_OTHERS;
	bool some = others && (reach->outcome == SG_OUTCOME_ACCEPT || reach->outcome == SG_OUTCOME_DEPENDS);
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "verdict", sg_json_text(json, others ? sg_outcome_name(reach->outcome) : "drop"));
	sg_json_put(json, map, "from",
		    some ? sg_fields_prefixes_json(json, &reach->from, reach->families) : sg_json_list(json));
	return map;
}

/* Many sockets share a reach, mostly with their neighbour. */
struct shared {
	const struct sg_reach *reach;
	enum sg_scope scope;
	json_t *value;
};

static json_t *shared_reach(struct sg_json *json, struct shared *last, const struct sg_reaches *reaches, size_t index)
{
	if (!reaches)
		return json_null();
	if (!last->value || last->reach != reaches->items[index] || last->scope != reaches->scopes[index]) {
		json_decref(last->value);
		last->reach = reaches->items[index];
		last->scope = reaches->scopes[index];
		last->value = sg_sockets_reach_json(json, last->reach, last->scope);
	}
	return json_incref(last->value);
}

json_t *sg_sockets_json(struct sg_json *json, const struct sg_listeners *list, const struct sg_reaches *reach,
			const struct sg_reaches *policy)
{
	static const char *const scopes[] = {"others", "loopback", "peer"};
	struct shared kernel = {0}, wanted = {0};
	const struct sg_reaches *any = reach ? reach : policy;
	json_t *rows = sg_json_list(json);

	for (size_t i = 0; i < list->count; i++) {
		json_t *map = sg_json_map(json);

		sg_sockets_put(json, map, &list->items[i]);
		sg_json_put(json, map, "reach", shared_reach(json, &kernel, reach, i));
		if (policy)
			sg_json_put(json, map, "policy", shared_reach(json, &wanted, policy, i));
		sg_json_put(json, map, "scope", any ? sg_json_text(json, scopes[any->scopes[i]]) : json_null());
		sg_json_push(json, rows, map);
	}
	json_decref(kernel.value);
	json_decref(wanted.value);
	return rows;
}

void sg_render_listening_json(struct sg_buf *buf, const struct sg_listening_report *report)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "listening");

	sg_json_put(&json, answer, "enforcing", report->reach ? json_boolean(report->enforcing) : json_null());
	sg_json_put(&json, answer, "listeners",
		    sg_sockets_json(&json, report->listeners, report->reach, report->policy));
	sg_besides_put(&json, answer, &report->besides);
	sg_json_write(&json, buf, answer);
}
