/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The built-in service names: each with its ports, and with the other names that stand for one of these. */
#include "render/json.h"
#include "render/say.h"

#include <string.h>
#include "sockgate/proto.h"
#include "sockgate/render_language.h"

static bool same_port(const struct sg_service *a, const struct sg_service *b)
{
	return a->port == b->port && a->protocol == b->protocol;
}

/* Whether no row before it has its name. */
static bool is_first(size_t row)
{
	const struct sg_service *service = sg_service_at(row);

	for (size_t i = 0; i < row; i++) {
		if (!strcmp(sg_service_at(i)->name, service->name))
			return false;
	}
	return true;
}

/* Next row of the name, from `row` on; NULL: none. */
static const struct sg_service *next_of(const char *name, size_t *row)
{
	const struct sg_service *service;

	while ((service = sg_service_at(*row))) {
		++*row;
		if (!strcmp(service->name, name))
			return service;
	}
	return NULL;
}

/* Whether all ports of the name are ports of the other one, too. */
static bool is_within(const char *name, const char *other)
{
	const struct sg_service *mine, *theirs;

	for (size_t i = 0; (mine = next_of(name, &i));) {
		bool found = false;

		for (size_t k = 0; !found && (theirs = next_of(other, &k));)
			found = same_port(mine, theirs);
		if (!found)
			return false;
	}
	return true;
}

#define OTHERS_MOST 16 /* more names than one port has, and more ports than one name has */

/* The other names that have one of the ports, in the order of the table; their count. */
static size_t others_of(const char *name, const char *ret[OTHERS_MOST])
{
	const struct sg_service *mine[OTHERS_MOST], *other;
	size_t ports = 0, count = 0;

	for (size_t i = 0; ports < OTHERS_MOST && (mine[ports] = next_of(name, &i));)
		ports++;
	for (size_t i = 0; (other = sg_service_at(i)) && count < OTHERS_MOST; i++) {
		bool shared = false, told;

		for (size_t k = 0; !shared && k < ports; k++)
			shared = same_port(mine[k], other);
		told = !shared || !strcmp(other->name, name);
		for (size_t k = 0; !told && k < count; k++)
			told = !strcmp(ret[k], other->name);
		if (!told)
			ret[count++] = other->name;
	}
	return count;
}

/* Whether a list of all names leaves the name to another one: it stands beside that, as what it is also called. */
static bool is_beside(const struct sg_service *service)
{
	const char *registered = sg_service_name(service->protocol, service->port);

	return registered && strcmp(registered, service->name) != 0 && is_within(service->name, registered);
}

static bool is_asked_for(const struct sg_services_asked *asked, const struct sg_service *service)
{
	const struct sg_service *row;

	if (asked->name)
		return !strcmp(asked->name, service->name);
	if (!asked->has_port)
		return !is_beside(service);
	for (size_t i = 0; (row = next_of(service->name, &i));) {
		if (row->port == asked->port && (!asked->protocol || row->protocol == asked->protocol))
			return true;
	}
	return false;
}

static void add_ports(struct sg_buf *buf, const char *name)
{
	const struct sg_service *row;
	const char *between = "";

	for (size_t i = 0; (row = next_of(name, &i)); between = " ")
		sg_buf_addf(buf, "%s%u/%s", between, (unsigned int)row->port, sg_proto_name(row->protocol));
}

static void add_others(struct sg_buf *buf, const char *name)
{
	const char *others[OTHERS_MOST];
	size_t count = others_of(name, others);

	for (size_t i = 0; i < count; i++)
		sg_buf_addf(buf, "%s%s", i ? ", " : "", others[i]);
}

size_t sg_render_services(struct sg_buf *buf, const struct sg_style *style, const struct sg_services_asked *asked)
{
	static const char *const headings[] = {"NAME", "PORTS", "ALSO CALLED"};
	struct sg_grid table = {.headings = headings, .columns = 3};
	const struct sg_service *service;
	size_t count = 0;

	for (size_t i = 0; (service = sg_service_at(i)); i++) {
		struct sg_buf ports = {0}, others = {0};

		if (!is_first(i) || !is_asked_for(asked, service))
			continue;
		count++;
		add_ports(&ports, service->name);
		add_others(&others, service->name);
		sg_buf_adds(&others, "");
		sg_grid_cell(&table, SG_PLAIN, "%s", service->name);
		sg_grid_take(&table, SG_PLAIN, &ports);
		sg_grid_take(&table, SG_PLAIN, &others);
	}
	if (count)
		sg_grid_add(buf, style, &table);
	sg_grid_clear(&table);
	return count;
}

static json_t *ports_json(struct sg_json *json, const char *name)
{
	json_t *list = sg_json_list(json);
	const struct sg_service *row;

	for (size_t i = 0; (row = next_of(name, &i));) {
		json_t *map = sg_json_map(json);

		sg_json_put(json, map, "protocol", sg_json_text(json, sg_proto_name(row->protocol)));
		sg_json_put(json, map, "port", sg_json_number(json, row->port));
		sg_json_push(json, list, map);
	}
	return list;
}

static json_t *others_json(struct sg_json *json, const char *name)
{
	const char *others[OTHERS_MOST];
	size_t count = others_of(name, others);
	json_t *list = sg_json_list(json);

	for (size_t i = 0; i < count; i++)
		sg_json_push(json, list, sg_json_text(json, others[i]));
	return list;
}

size_t sg_render_services_json(struct sg_buf *buf, const struct sg_services_asked *asked)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "services"), *list = sg_json_list(&json);
	const struct sg_service *service;
	size_t count = 0;

	for (size_t i = 0; (service = sg_service_at(i)); i++) {
		json_t *map;

		if (!is_first(i) || !is_asked_for(asked, service))
			continue;
		count++;
		map = sg_json_map(&json);
		sg_json_put(&json, map, "name", sg_json_text(&json, service->name));
		sg_json_put(&json, map, "ports", ports_json(&json, service->name));
		sg_json_put(&json, map, "also_called", others_json(&json, service->name));
		sg_json_push(&json, list, map);
	}
	sg_json_put(&json, answer, "services", list);
	sg_json_write(&json, buf, answer);
	return count;
}
