/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * named.c - the interfaces that lines name, on this host.
 *
 * Rules match the link name of the interface that hands a packet to the host. So a name matches nothing when no link is
 * called so, when it is only an alternative name, and when the link is a port of a bridge, a bond, a team or a VRF:
 * those packets come from the master (docs/kernel-facts.md).
 */
#include "sockgate/named.h"

#include <ctype.h>
#include <string.h>
#include "base/mem.h"
#include "check/interfaces.h"
#include "sockgate/buf.h"

const char *sg_named_id(enum sg_named_problem problem)
{
	static const char *const ids[] = {
		[SG_NAMED_ABSENT] = "interface/absent",
		[SG_NAMED_ALTNAME] = "interface/altname",
		[SG_NAMED_PORT] = "interface/port",
		[SG_NAMED_LOOPBACK] = "interface/loopback",
		[SG_NAMED_LOOPBACK_ABSENT] = "interface/loopback-renamed",
	};

	return ids[problem];
}

void sg_named_clear(struct sg_named_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].message);
	free(list->items);
	*list = (struct sg_named_list){0};
}

struct named_work {
	const struct sg_local_addresses *local;
	struct sg_named_list list;
	size_t line;
	struct sg_error *err;
};

static void named_add_name(struct sg_buf *buf, const char *name)
{
	sg_buf_addc(buf, '\'');
	for (; *name; name++)
		sg_buf_addc(buf, (unsigned char)*name >= 0x80 || isprint((unsigned char)*name) ? *name : '?');
	sg_buf_addc(buf, '\'');
}

/* Takes the message. */
static int named_add(struct named_work *work, enum sg_named_problem problem, struct sg_buf *message)
{
	struct sg_named named = {.problem = problem, .line = work->line};

	named.message = sg_buf_steal(message, NULL, work->err);
	sg_buf_clear(message);
	if (!named.message)
		return -1;
	if (sg_grow(&work->list.items, &work->list.room, work->list.count, 1, sizeof(named)) < 0) {
		free(named.message);
		return sg_error_nomem(work->err);
	}
	work->list.items[work->list.count++] = named;
	return 0;
}

static bool named_matches(const struct sg_range *name, const char *link)
{
	struct sg_range key;

	return sg_interface_range(link, strlen(link), &key) && key.first >= name->first && key.first <= name->last;
}

/* Alternative names may be longer than a key has room for: the prefix of a wildcard is compared. */
static bool named_matches_altname(const char *text, const char *altname)
{
	size_t size = strlen(text);

	return text[size - 1] == '*' ? !strncmp(text, altname, size - 1) : !strcmp(text, altname);
}

static int named_say_port(struct named_work *work, const char *text, const struct sg_link *link)
{
	struct sg_buf message = {0};

	named_add_name(&message, link->name);
	sg_buf_addf(&message, " is a port of the %s ", *link->port_kind ? link->port_kind : "interface");
	named_add_name(&message, sg_link_seen_as(work->local, link)->name);
	sg_buf_adds(&message, ", which its packets belong to: ");
	named_add_name(&message, text);
	sg_buf_adds(&message, " never matches them");
	return named_add(work, SG_NAMED_PORT, &message);
}

static int named_say_altname(struct named_work *work, const char *text, const struct sg_altname *altname)
{
	const struct sg_link *link = sg_link_by_index(work->local, altname->index);
	struct sg_buf message = {0};

	named_add_name(&message, altname->name);
	sg_buf_adds(&message, " is an alternative name of ");
	named_add_name(&message, link ? sg_link_seen_as(work->local, link)->name : "");
	sg_buf_adds(&message, ", and rules match that name only: ");
	named_add_name(&message, text);
	sg_buf_adds(&message, " never matches");
	return named_add(work, SG_NAMED_ALTNAME, &message);
}

static int named_say_absent(struct named_work *work, const char *text)
{
	struct sg_buf message = {0};

	sg_buf_adds(&message,
		    text[strlen(text) - 1] == '*' ? "no interface has a name like " : "there is no interface ");
	named_add_name(&message, text);
	sg_buf_adds(&message, " now");
	return named_add(work, SG_NAMED_ABSENT, &message);
}

/* One name or wildcard of a line. */
static int named_look(struct named_work *work, const struct sg_range *name)
{
	const struct sg_local_addresses *local = work->local;
	char text[SG_INTERFACE_NAME_SIZE + 1];
	const struct sg_link *port = NULL;

	if (!sg_interface_name(name, text))
		return 0;
	for (size_t i = 0; i < local->link_count; i++) {
		if (!named_matches(name, local->links[i].name))
			continue;
		if (sg_link_seen_as(local, &local->links[i]) == &local->links[i])
			return 0;
		port = &local->links[i];
	}
	if (port)
		return named_say_port(work, text, port);
	for (size_t i = 0; i < local->altname_count; i++) {
		if (named_matches_altname(text, local->altnames[i].name))
			return named_say_altname(work, text, &local->altnames[i]);
	}
	return named_say_absent(work, text);
}

static int named_line(struct named_work *work, const struct sg_line *line)
{
	struct sg_interface_set *sets = NULL;
	size_t count = 0;
	int result = 0;

	if (!line->has_interface || !line->interfaces.count)
		return 0;
	if (sg_interface_sets_of(&line->interfaces, &sets, &count, work->err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; result == 0 && k < sets[i].names.count; k++)
			result = named_look(work, &sets[i].names.items[k]);
		sg_interface_set_clear(&sets[i]);
	}
	free(sets);
	return result;
}

static int named_loopback(struct named_work *work, const struct sg_policy *policy)
{
	const struct sg_link *lo = sg_link_by_name(work->local, "lo");
	struct sg_buf message = {0};

	work->line = SG_NO_LINE;
	if (!sg_policy_baseline(policy)->loopback || !work->local->link_count)
		return 0;
	if (lo && !lo->loopback) {
		sg_buf_adds(&message, "'lo' is not the loopback device: everything that comes in through it passes");
		if (named_add(work, SG_NAMED_LOOPBACK, &message) < 0)
			return -1;
	}
	if (lo && lo->loopback)
		return 0;
	sg_buf_adds(&message, "the loopback device is called ");
	named_add_name(&message, sg_link_loopback_name(work->local));
	sg_buf_adds(&message,
		    ", and rules let only 'lo' pass: this host's traffic with itself is judged as that of others");
	return named_add(work, SG_NAMED_LOOPBACK_ABSENT, &message);
}

int sg_named_find(const struct sg_policy *policy, const struct sg_local_addresses *local, struct sg_named_list *ret,
		  struct sg_error *err)
{
	struct named_work work = {.local = local, .err = err};
	int result = named_loopback(&work, policy);

	for (size_t i = 0; result == 0 && i < sg_policy_lines(policy); i++) {
		work.line = i;
		result = named_line(&work, sg_policy_line(policy, i));
	}
	if (result < 0) {
		sg_named_clear(&work.list);
		return -1;
	}
	*ret = work.list;
	return 0;
}
