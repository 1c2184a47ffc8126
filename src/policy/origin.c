// SPDX-License-Identifier: GPL-2.0-or-later
/* origin.c - who an origin number stands for. Lines come first, so that ascending numbers follow the file. */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/origin.h"
#include "sockgate/buf.h"

#define ORIGINS_NAMED 3 /* of a list in a diagnostic */

static const char *origin_baseline_rule(size_t part)
{
	static const char *const rules[MODEL_BASELINE_COUNT] = {
		[MODEL_ESTABLISHED] = "baseline.established",
		[MODEL_INVALID] = "baseline.invalid",
		[MODEL_LOOPBACK] = "baseline.loopback",
		[MODEL_ICMP_ERRORS] = "baseline.icmp-errors",
		[MODEL_NEIGHBOUR_DISCOVERY] = "baseline.neighbour-discovery",
		[MODEL_DHCPV6_CLIENT] = "baseline.dhcpv6-client",
		[MODEL_PING] = "baseline.ping",
	};

	return rules[part];
}

static struct sg_origin origin_of_default(const char *rule, struct sg_span span, enum sg_verdict verdict)
{
	return (struct sg_origin){.kind = SG_ORIGIN_DEFAULT, .rule = rule, .span = span, .verdict = verdict};
}

struct sg_origin sg_policy_origin(const struct sg_policy *policy, uint32_t origin)
{
	size_t lines = sg_policy_lines(policy), part = origin - lines - 1;

	if (origin && origin <= lines) {
		const struct sg_line *line = sg_policy_line(policy, origin - 1);

		return (struct sg_origin){.kind = SG_ORIGIN_LINE, .rule = line->path, .span = line->span, .line = line};
	}
	if (origin && part < MODEL_BASELINE_COUNT) {
		return (struct sg_origin){
			.kind = SG_ORIGIN_BASELINE,
			.rule = origin_baseline_rule(part),
			.span = policy->baseline_span[part],
		};
	}
	if (origin == sg_origin_of_default(policy, SG_IN))
		return origin_of_default("default", policy->default_span, policy->default_verdict);
	if (origin == sg_origin_of_default(policy, SG_OUT))
		return origin_of_default("outbound.default", policy->outbound_default_span, policy->outbound_default);
	return (struct sg_origin){.kind = SG_ORIGIN_NONE, .span = SG_SPAN_NONE};
}

int sg_origin_list_add(uint32_t origin, void *data)
{
	struct sg_origin_list *list = data;

	if (!origin || origin >= sg_origin_of_default(list->policy, SG_IN))
		return 0;
	if (sg_grow(&list->items, &list->room, list->count, 1, sizeof(*list->items)) < 0)
		list->failed = true;
	else
		list->items[list->count++] = origin;
	return 0;
}

void sg_origin_list_remove(struct sg_origin_list *list, uint32_t origin)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i] != origin)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

void sg_origin_list_clear(struct sg_origin_list *list)
{
	free(list->items);
	list->items = NULL;
	list->count = list->room = 0;
}

static int origin_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void origin_list_unique(struct sg_origin_list *list)
{
	size_t kept = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), origin_compare);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || list->items[kept - 1] != list->items[i])
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

char *sg_origin_list_text(struct sg_origin_list *list)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	if (list->failed)
		return NULL;
	origin_list_unique(list);
	for (size_t i = 0; i < list->count && i < ORIGINS_NAMED; i++) {
		struct sg_origin origin = sg_policy_origin(list->policy, list->items[i]);
		bool last = i + 1 == list->count;

		sg_buf_adds(&text, !i ? "" : last ? " and " : ", ");
		if (origin.kind == SG_ORIGIN_LINE)
			sg_buf_addf(&text, "%s:%u (%s)", sg_policy_file_of(list->policy, origin.span), origin.span.line,
				    origin.rule);
		else
			sg_buf_adds(&text, origin.rule);
	}
	if (list->count > ORIGINS_NAMED)
		sg_buf_addf(&text, " and %zu more", list->count - ORIGINS_NAMED);
	return sg_buf_steal(&text, NULL, NULL);
}
