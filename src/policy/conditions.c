// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conditions.c - names for meters and loggings.
 *
 * A meter's name says what it counts, as in "limit_tcp_22", and nothing of where in the file its line stands: a policy
 * that is changed elsewhere keeps the meter, and so the kernel keeps what it counted. Meters of the same name are
 * numbered in the order of the file.
 */
#include "policy/conditions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* ---- Meters ---- */

struct meter_name {
	char base[48];
	size_t line;
};

static void conditions_base_name(const struct sg_line *line, char *name, size_t size)
{
	const char *direction = line->direction == SG_OUT ? "out_" : "";
	const char *first = sg_proto_name(line->protocols[0]), *second = sg_proto_name(line->protocols[1]);
	const struct sg_ranges *types = line->types4.count ? &line->types4 : &line->types6;

	switch (line->kind) {
	case SG_LINE_PORTS:
		snprintf(name, size, "%s%s%s%s_%u", direction, first, line->protocol_count > 1 ? "_" : "",
			 line->protocol_count > 1 ? second : "", (unsigned int)line->ports.items[0].first);
		break;
	case SG_LINE_ICMP: snprintf(name, size, "%sicmp_%u", direction, (unsigned int)types->items[0].first); break;
	case SG_LINE_PROTOCOL:
		snprintf(name, size, "%s%.20s", direction, first ? first : "protocol");
		if (!first)
			snprintf(name, size, "%sprotocol_%u", direction, line->protocols[0]);
		break;
	case SG_LINE_ANY: snprintf(name, size, "%sany", direction); break;
	}
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
}

static int conditions_by_name(const void *a, const void *b)
{
	const struct meter_name *x = a, *y = b;
	int order = strcmp(x->base, y->base);

	return order ? order : (x->line > y->line) - (x->line < y->line);
}

static bool conditions_name_meters(struct reader *reader)
{
	struct sg_policy *policy = reader->policy;
	sg_autofree struct meter_name *names = NULL;
	size_t count = 0, room = 0, number = 0;

	for (size_t i = 0; i < policy->line_count; i++) {
		const struct sg_line *line = &policy->lines[i].line;

		if ((!line->limit.count && !line->connections) || policy->lines[i].continues)
			continue;
		if (sg_grow(&names, &room, count, 1, sizeof(*names)))
			return sg_reader_nomem(reader);
		names[count].line = i;
		conditions_base_name(line, names[count++].base, sizeof(names->base));
	}
	if (count)
		qsort(names, count, sizeof(*names), conditions_by_name);
	for (size_t i = 0; i < count; i++) {
		struct model_line *line = &policy->lines[names[i].line];

		number = i && !strcmp(names[i].base, names[i - 1].base) ? number + 1 : 1;
		line->line.meter = number > 1 ? sg_arena_format(&policy->arena, "%s_%zu", names[i].base, number)
					      : sg_arena_string(&policy->arena, names[i].base, strlen(names[i].base));
		if (!line->line.meter)
			return sg_reader_nomem(reader);
		if (line->split) /* one line of the file is one meter */
			line[1].line.meter = line->line.meter;
	}
	return true;
}

/* ---- Loggings ---- */

/* What a log's reader and nft's can do without harm. */
static void conditions_clean(char *text, bool name)
{
	for (char *p = text; *p; p++) {
		bool word =
			(*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_';

		if (!word && (name || *p < ' ' || *p > '~' || *p == '"' || *p == '\\'))
			*p = '_';
	}
}

static const char *conditions_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	size_t size = strlen(file);

	return size > 60 ? file + size - 60 : file;
}

/* "sockgate edge.yaml:24 scrape"; line 0: the default. The rest of what a prefix may be is the verdict's. */
static bool conditions_add_logging(struct reader *reader, const struct sg_log *log, struct sg_span span)
{
	struct sg_policy *policy = reader->policy;
	const char *file = conditions_file(sg_policy_file_of(policy, span)), *label = log->label ? log->label : "";
	struct sg_logging *logging = &policy->loggings[policy->logging_count++];
	char *name, *prefix;

	if (span.line) {
		name = sg_arena_format(&policy->arena, "%.40s", log->label ? label : "line");
		prefix = sg_arena_format(&policy->arena, "sockgate %s:%u%s%.40s", file, span.line,
					 log->label ? " " : "", label);
	} else {
		name = sg_arena_format(&policy->arena, "blocked");
		prefix = sg_arena_format(&policy->arena, "sockgate %s default", file);
	}
	if (!name || !prefix)
		return sg_reader_nomem(reader);
	conditions_clean(name, true);
	conditions_clean(prefix, false);
	*logging = (struct sg_logging){.name = name,
				       .prefix = prefix,
				       .rate = log->rate.count,
				       .seconds = log->rate.seconds,
				       .has_group = log->has_group,
				       .group = log->group};
	return true;
}

static bool conditions_make_loggings(struct reader *reader)
{
	struct sg_policy *policy = reader->policy;
	size_t count = policy->log_blocked ? 1 : 0;

	for (size_t i = 0; i < policy->line_count; i++)
		count += policy->lines[i].line.log != NULL;
	if (!count)
		return true;
	policy->loggings = sg_arena_alloc(&policy->arena, count, sizeof(*policy->loggings));
	if (!policy->loggings)
		return sg_reader_nomem(reader);
	for (size_t i = 0; i < policy->line_count; i++) {
		struct model_line *line = &policy->lines[i];

		if (!line->line.log)
			continue;
		if (!line->continues && !conditions_add_logging(reader, line->line.log, line->line.span))
			return false;
		line->logging = (uint32_t)policy->logging_count;
	}
	if (!policy->log_blocked)
		return true;
	if (!conditions_add_logging(reader, policy->log_blocked, SG_SPAN_NONE))
		return false;
	policy->blocked_logging = (uint32_t)policy->logging_count;
	return true;
}

bool sg_conditions_finish(struct reader *reader)
{
	return conditions_name_meters(reader) && conditions_make_loggings(reader);
}
