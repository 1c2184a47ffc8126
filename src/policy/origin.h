/* SPDX-License-Identifier: GPL-2.0-or-later */
/* origin.h - the numbers by which a policy's decision names who is responsible: lines, baseline parts, the defaults. */
#ifndef SG_POLICY_ORIGIN_H
#define SG_POLICY_ORIGIN_H

#include "policy/model.h"

static inline uint32_t sg_origin_of_line(size_t index)
{
	return (uint32_t)index + 1;
}

static inline uint32_t sg_origin_of_baseline(const struct sg_policy *policy, enum model_baseline part)
{
	return (uint32_t)sg_policy_lines(policy) + 1 + part;
}

/* Behind these there are no origins. */
static inline uint32_t sg_origin_of_default(const struct sg_policy *policy, enum sg_direction direction)
{
	return (uint32_t)sg_policy_lines(policy) + 1 + MODEL_BASELINE_COUNT + (direction == SG_OUT);
}

/* A list of who is responsible, as text: "policy.yaml:4 (allow.tcp[0]), baseline.ping and 2 more". */
struct sg_origin_list {
	const struct sg_policy *policy;
	uint32_t *items;
	size_t count, room;
	bool failed; /* out of memory */
};
int sg_origin_list_add(uint32_t origin, void *list); /* for sg_idd_terminals: 0 and the defaults are left out */
void sg_origin_list_remove(struct sg_origin_list *list, uint32_t origin);
void sg_origin_list_clear(struct sg_origin_list *list);
/* malloc'd; NULL: out of memory, also when adding failed. Sorts the list and takes doubles out. */
char *sg_origin_list_text(struct sg_origin_list *list);

#endif
