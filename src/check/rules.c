// SPDX-License-Identifier: GPL-2.0-or-later
/* What the policy says that the decision no longer shows, as hints to the compiler: names, comments, wholesale blocks.
 */
#include "sockgate/rules.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "sockgate/proto.h"

/* Interface, family and addresses of a line's packets, whatever their protocol and the time. */
static sg_ref place_of(struct sg_idd *idd, const struct sg_line *line)
{
	struct sg_line always = *line;
	sg_ref region;

	always.has_until = false;
	region = sg_line_region(idd, &always);

	region = sg_idd_restrict(idd, region, SG_FIELD_DIRECTION, line->direction);
	region = sg_idd_restrict(idd, region, SG_FIELD_STATE, SG_CT_NEW);
	region = sg_idd_restrict(idd, region, SG_FIELD_PROTOCOL, SG_PROTO_TCP);
	return sg_idd_restrict(idd, region, SG_FIELD_PORT, 1);
}

/* Loopback first: it is most of the traffic that is new; then the lines that block every protocol. */
static size_t find_preludes(const struct sg_policy *policy, struct sg_idd *idd, struct sg_compile_prelude *preludes)
{
	struct sg_range loopback;
	size_t count = 0;

	if (sg_policy_baseline(policy)->loopback && sg_interface_range("lo", 2, &loopback)) {
		sg_ref region = sg_idd_range(idd, SG_FIELD_INTERFACE, loopback.first, loopback.last);

		preludes[count++] = (struct sg_compile_prelude){.direction = SG_IN, .region = region};
		preludes[count++] = (struct sg_compile_prelude){.direction = SG_OUT, .region = region};
		preludes[count++] = (struct sg_compile_prelude){.direction = SG_PUBLISHED, .region = region};
	}
	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);
		struct sg_compile_prelude prelude = {
			.direction = line->direction,
			.comment = line->comment,
			.origin = (uint32_t)i + 1,
		};

		if (line->section != SG_SECTION_BLOCK || line->kind != SG_LINE_ANY)
			continue;
		prelude.region = place_of(idd, line);
		preludes[count++] = prelude;
		if (line->direction == SG_IN && sg_policy_enforces_published(policy)) {
			prelude.direction = SG_PUBLISHED;
			preludes[count++] = prelude;
		}
	}
	return count;
}

static size_t find_names(const struct sg_policy *policy, struct sg_idd *idd, struct sg_compile_name *names)
{
	for (size_t i = 0; i < sg_policy_groups(policy); i++) {
		const struct sg_group *group = sg_policy_group(policy, i);

		names[i] = (struct sg_compile_name){
			.name = group->name,
			.v4 = sg_idd_split(idd, SG_FIELD_REMOTE4, &group->addresses.v4, SG_IDD_FULL, SG_IDD_EMPTY),
			.v6 = sg_idd_split(idd, SG_FIELD_REMOTE6, &group->addresses.v6, SG_IDD_FULL, SG_IDD_EMPTY),
		};
	}
	return sg_policy_groups(policy);
}

static const char *comment_of(uint32_t origin, const void *data)
{
	struct sg_origin who = sg_policy_origin(data, origin);

	return who.line ? who.line->comment : NULL;
}

int sg_rules_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_table *ret,
		       struct sg_error *err)
{
	sg_autofree struct sg_compile_prelude *preludes = calloc(2 * sg_policy_lines(policy) + 3, sizeof(*preludes));
	sg_autofree struct sg_compile_name *names = calloc(sg_policy_groups(policy) + 1, sizeof(*names));
	struct sg_compile_hints hints = {.preludes = preludes, .names = names, .comment = comment_of, .data = policy};

	if (!preludes || !names)
		return sg_error_nomem(err);
	hints.prelude_count = find_preludes(policy, decision->idd, preludes);
	hints.name_count = find_names(policy, decision->idd, names);
	return sg_compile(decision, &hints, ret, err);
}
