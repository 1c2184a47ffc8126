/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets and who can reach them. */
#include "render/listeners.h"

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

void listeners_address(struct sg_buf *buf, const struct sg_listener *listener)
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
		text_adds(buf, listener->interface_name);
	} else if (listener->interface) {
		sg_buf_addf(buf, "%%%u", listener->interface);
	}
}

void listeners_process(struct sg_buf *buf, const struct sg_listener *listener)
{
	const struct sg_owner *owner = &listener->owner;

	if (!owner->pid && !*owner->process) {
		sg_buf_addc(buf, '-');
		return;
	}
	text_adds(buf, owner->process);
	if (owner->pid)
		sg_buf_addf(buf, "[%d]", (int)owner->pid);
}

void listeners_name(struct sg_buf *buf, const struct sg_listener *listener)
{
	add_protocol(buf, listener);
	sg_buf_addc(buf, ' ');
	listeners_address(buf, listener);
	if (listener->port)
		sg_buf_addf(buf, " port %u", listener->port);
	if (listener->owner.pid || *listener->owner.process) {
		sg_buf_addc(buf, ' ');
		listeners_process(buf, listener);
	}
}

void listeners_reach(struct sg_buf *buf, const struct sg_style *style, const struct sg_reach *reach,
		     enum sg_scope scope)
{
	if (scope != SG_SCOPE_OTHERS) {
		sg_buf_adds(buf, scope == SG_SCOPE_PEER ? "its peer" : "this host");
		return;
	}
	switch (reach->outcome) {
	case SG_OUTCOME_ACCEPT:
	case SG_OUTCOME_DEPENDS:
		fields_addresses(buf, style, &reach->from, reach->families);
		if (!reach->from_exact)
			sg_buf_adds(buf, " (in part)");
		if (reach->undecided)
			sg_buf_adds(buf, ", of others undecided");
		break;
	case SG_OUTCOME_UNDECIDED: sg_buf_adds(buf, "undecided"); break;
	default: sg_buf_adds(buf, "nobody"); break;
	}
}

static enum text_colour reach_colour(const struct sg_reach *reach, enum sg_scope scope)
{
	if (scope != SG_SCOPE_OTHERS)
		return TEXT_DIM;
	return reach->outcome == SG_OUTCOME_DROP || reach->outcome == SG_OUTCOME_REJECT
		       ? TEXT_DIM
		       : fields_outcome_colour(reach->outcome);
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

static void add_unit(struct sg_buf *buf, const struct sg_owner *owner)
{
	if (owner->container) {
		sg_buf_adds(buf, "container ");
		/* twelve digits of an id say as much as sixty-four */
		text_add(buf, owner->container, strlen(owner->container) == 64 ? 12 : strlen(owner->container));
	} else {
		text_adds(buf, owner->unit ? owner->unit : "-");
	}
}

static void add_row(struct text_table *table, const struct sg_style *style, const struct sg_listening_report *report,
		    size_t index, size_t times)
{
	const struct sg_listener *listener = &report->listeners->items[index];
	struct sg_buf cell = {0};

	add_protocol(&cell, listener);
	text_table_take(table, TEXT_PLAIN, &cell);
	listeners_address(&cell, listener);
	text_table_take(table, TEXT_PLAIN, &cell);
	if (listener->port)
		text_table_cell(table, TEXT_PLAIN, "%u", listener->port);
	else
		text_table_cell(table, TEXT_PLAIN, "-");
	listeners_process(&cell, listener);
	if (times > 1)
		sg_buf_addf(&cell, " and %zu more", times - 1);
	text_table_take(table, TEXT_PLAIN, &cell);
	add_unit(&cell, &listener->owner);
	text_table_take(table, TEXT_PLAIN, &cell);
	if (!report->reach) {
		text_table_cell(table, TEXT_PLAIN, "not known");
		return;
	}
	listeners_reach(&cell, style, report->reach->items[index], report->reach->scopes[index]);
	text_table_take(table, reach_colour(report->reach->items[index], report->reach->scopes[index]), &cell);
}

static void add_notes(struct sg_buf *buf, const struct sg_style *style, const struct sg_listening_report *report,
		      size_t shown, size_t connected)
{
	text_count(buf, shown, "listening socket");
	if (connected) {
		sg_buf_adds(buf, "; ");
		text_count(buf, connected, "connected socket");
		sg_buf_adds(buf, " that only a peer reaches (--verbose lists them)");
	}
	sg_buf_addc(buf, '\n');
	if (!report->reach) {
		sg_buf_adds(buf, "who can reach them is not known: ");
		text_adds(buf, report->unread);
		sg_buf_addc(buf, '\n');
	} else if (!report->enforcing) {
		text_coloured(buf, style, TEXT_YELLOW, "not enforcing: no sockgate table in the kernel\n");
	}
	if (report->reach && report->foreign_count) {
		sg_buf_adds(buf, "not reckoned with: ");
		fields_foreign(buf, style, report->foreign, report->foreign_count);
		sg_buf_addc(buf, '\n');
	}
}

void sg_render_listening(struct sg_buf *buf, const struct sg_style *style, const struct sg_listening_report *report)
{
	static const char *const headings[] = {"PROTOCOL", "ADDRESS", "PORT", "PROCESS", "UNIT", "REACHABLE FROM"};
	struct text_table table = {.headings = headings, .columns = SG_COUNT(headings), .right = 1U << 2};
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
		text_table_add(buf, style, &table);
	text_table_clear(&table);
	add_notes(buf, style, report, shown, connected);
}

static json_t *protocol_json(struct json *json, const struct sg_listener *listener)
{
	const char *name = sg_proto_name(listener->protocol);
	char number[8];

	snprintf(number, sizeof(number), "%u", listener->protocol);
	return json_text(json, name ? name : number);
}

json_t *listeners_where_json(struct json *json, const struct sg_where *where, const struct sg_listener *listener)
{
	json_t *map = fields_where_json(json, where), *ports, *port;

	if (!listener || !where->any_protocol)
		return map;
	json_put(json, map, "protocol", protocol_json(json, listener));
	if (!listener->port)
		return map;
	ports = json_list(json);
	port = json_map(json);
	json_put(json, port, "first", json_number(json, listener->port));
	json_put(json, port, "last", json_number(json, listener->port));
	json_push(json, ports, port);
	json_put(json, map, "ports", ports);
	return map;
}

void listeners_put(struct json *json, json_t *map, const struct sg_listener *listener)
{
	const struct sg_owner *owner = &listener->owner;
	json_t *owner_map = json_map(json);
	char text[SG_ADDR_TEXT_SIZE];

	sg_addr_format(listener->family, listener->address, text);
	json_put(json, map, "protocol", protocol_json(json, listener));
	json_put(json, map, "family", json_text(json, listener->family == SG_IPV4 ? "ipv4" : "ipv6"));
	json_put(json, map, "address", json_text(json, text));
	json_put(json, map, "port", listener->port ? json_number(json, listener->port) : json_null());
	json_put(json, map, "v6only", listener->family == SG_IPV6 ? json_boolean(listener->v6only) : json_null());
	json_put(json, map, "interface",
		 *listener->interface_name ? json_text(json, listener->interface_name) : json_null());
	json_put(json, map, "uid", json_number(json, listener->uid));
	json_put(json, owner_map, "pid", owner->pid ? json_number(json, (uint64_t)owner->pid) : json_null());
	json_put(json, owner_map, "process", *owner->process ? json_text(json, owner->process) : json_null());
	json_put(json, owner_map, "unit", json_text(json, owner->unit));
	json_put(json, owner_map, "container", json_text(json, owner->container));
	json_put(json, map, "owner", owner_map);
}

json_t *listeners_reach_json(struct json *json, const struct sg_reach *reach, enum sg_scope scope)
{
	bool others = scope == SG_SCOPE_OTHERS;
	bool some = others && (reach->outcome == SG_OUTCOME_ACCEPT || reach->outcome == SG_OUTCOME_DEPENDS);
	json_t *map = json_map(json);

	json_put(json, map, "verdict", json_text(json, others ? sg_outcome_name(reach->outcome) : "drop"));
	json_put(json, map, "from", some ? fields_prefixes_json(json, &reach->from, reach->families) : json_list(json));
	return map;
}

/* Many sockets share a reach, mostly with their neighbour. */
struct shared {
	const struct sg_reach *reach;
	enum sg_scope scope;
	json_t *value;
};

static json_t *shared_reach(struct json *json, struct shared *last, const struct sg_reaches *reaches, size_t index)
{
	if (!reaches)
		return json_null();
	if (!last->value || last->reach != reaches->items[index] || last->scope != reaches->scopes[index]) {
		json_decref(last->value);
		last->reach = reaches->items[index];
		last->scope = reaches->scopes[index];
		last->value = listeners_reach_json(json, last->reach, last->scope);
	}
	return json_incref(last->value);
}

json_t *listeners_json(struct json *json, const struct sg_listeners *list, const struct sg_reaches *reach,
		       const struct sg_reaches *policy)
{
	static const char *const scopes[] = {"others", "loopback", "peer"};
	struct shared kernel = {0}, wanted = {0};
	const struct sg_reaches *any = reach ? reach : policy;
	json_t *rows = json_list(json);

	for (size_t i = 0; i < list->count; i++) {
		json_t *map = json_map(json);

		listeners_put(json, map, &list->items[i]);
		json_put(json, map, "reach", shared_reach(json, &kernel, reach, i));
		if (policy)
			json_put(json, map, "policy", shared_reach(json, &wanted, policy, i));
		json_put(json, map, "scope", any ? json_text(json, scopes[any->scopes[i]]) : json_null());
		json_push(json, rows, map);
	}
	json_decref(kernel.value);
	json_decref(wanted.value);
	return rows;
}

void sg_render_listening_json(struct sg_buf *buf, const struct sg_listening_report *report)
{
	struct json json = {false};
	json_t *answer = json_answer(&json, "listening");

	json_put(&json, answer, "enforcing", report->reach ? json_boolean(report->enforcing) : json_null());
	json_put(&json, answer, "listeners", listeners_json(&json, report->listeners, report->reach, report->policy));
	json_put(&json, answer, "not_reckoned_with",
		 fields_foreign_json(&json, report->foreign, report->foreign_count));
	json_write(&json, buf, answer);
}
