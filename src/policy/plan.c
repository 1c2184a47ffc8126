// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plan.c - all lines of a policy put together.
 *
 * Lines with one constraint ("from: office", or none at all) form a class. Inside of a class responsibility depends on
 * protocol and port alone, so the class is a small diagram of ranks, whatever the size of its address sets. Classes are
 * merged pairwise as a balanced tree, and sg_idd_choose asks for a constraint only on ports of which both sides speak:
 * ten thousand lines with one group of a million addresses make one node of that size, not ten thousand.
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/origin.h"
#include "policy/plan.h"
#include "sockgate/proto.h"

void sg_plan_clear(struct sg_plan *plan)
{
	free(plan->parts);
	sg_region_cache_clear(&plan->cache);
	*plan = (struct sg_plan){0};
}

/* ---- Parts and their order ---- */

static enum sg_plan_section plan_section(const struct sg_line *line)
{
	if (line->section == SG_SECTION_ALLOW)
		return SG_PLAN_ALLOW;
	return line->answer == SG_VERDICT_REJECT ? SG_PLAN_REJECT : SG_PLAN_DROP;
}

static size_t plan_line_width(const struct sg_line *line)
{
	size_t width = line->from.v4.count;

	width = line->from.v6.count > width ? line->from.v6.count : width;
	width = line->to.v4.count > width ? line->to.v4.count : width;
	return line->to.v6.count > width ? line->to.v6.count : width;
}

static int plan_add_line(struct sg_plan *plan, struct sg_idd *idd, const struct sg_line *line, size_t index,
			 struct sg_error *err)
{
	struct sg_region_part regions[2];
	size_t count = sg_region_parts(idd, &plan->cache, line, regions), width = plan_line_width(line);

	plan->widest = width > plan->widest ? width : plan->widest;
	if (sg_grow(&plan->parts, &plan->room, plan->count, count, sizeof(*plan->parts)) < 0)
		return sg_error_nomem(err);
	for (size_t i = 0; i < count; i++) {
		if (sg_idd_check(idd, regions[i].ports, err) < 0 || sg_idd_check(idd, regions[i].constraint, err) < 0)
			return -1;
		plan->parts[plan->count++] = (struct sg_plan_part){
			.region = regions[i],
			.line = (uint32_t)index,
			.section = plan_section(line),
			.constraint_share = sg_idd_share(idd, regions[i].constraint, 1),
			.ports_share = sg_idd_share(idd, regions[i].ports, 1),
		};
	}
	return 0;
}

static int plan_by_constraint(const void *left, const void *right)
{
	const struct sg_plan_part *a = left, *b = right;

	if (a->region.constraint != b->region.constraint)
		return a->region.constraint < b->region.constraint ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static int plan_by_rank(const void *left, const void *right)
{
	const struct sg_plan_part *a = left, *b = right;

	if (a->section != b->section)
		return a->section < b->section ? -1 : 1;
	if (a->constraint_share != b->constraint_share)
		return a->constraint_share > b->constraint_share ? -1 : 1;
	if (a->region.constraint != b->region.constraint && a->constraint_first != b->constraint_first)
		return a->constraint_first < b->constraint_first ? -1 : 1;
	if (a->region.constraint != b->region.constraint)
		return a->region.constraint < b->region.constraint ? -1 : 1;
	if (a->ports_share != b->ports_share)
		return a->ports_share > b->ports_share ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static void plan_sort(struct sg_plan *plan)
{
	if (!plan->count)
		return;
	qsort(plan->parts, plan->count, sizeof(*plan->parts), plan_by_constraint);
	for (size_t i = 0; i < plan->count; i++) {
		struct sg_plan_part *part = &plan->parts[i];

		part->constraint_first = part->line;
		if (i && part[-1].region.constraint == part->region.constraint)
			part->constraint_first = part[-1].constraint_first;
	}
	qsort(plan->parts, plan->count, sizeof(*plan->parts), plan_by_rank);
	for (size_t i = 0; i < plan->count; i++)
		plan->parts[i].rank = (uint32_t)i + 1;
}

/* ---- Covers ---- */

static bool plan_same_class(const struct sg_plan_part *a, const struct sg_plan_part *b)
{
	return a->section == b->section && a->region.constraint == b->region.constraint;
}

/* The cover of `count` parts with one constraint. `work` has room for as many. */
static struct sg_plan_cover plan_class(struct sg_idd *idd, const struct sg_plan_part *parts, size_t count, sg_ref *work)
{
	struct sg_plan_cover cover;

	for (size_t i = 0; i < count; i++)
		work[i] = sg_idd_ite(idd, parts[i].region.ports, sg_idd_terminal(parts[i].rank), SG_IDD_EMPTY);
	cover.rank = sg_idd_min_all(idd, work, count);
	cover.covered = sg_idd_and(idd, sg_idd_not(idd, sg_idd_equals(idd, cover.rank, 0)), parts[0].region.constraint);
	return cover;
}

int sg_plan_cover(struct sg_idd *idd, const struct sg_plan_part *parts, size_t count, struct sg_plan_cover *ret,
		  struct sg_error *err)
{
	sg_autofree struct sg_plan_cover *covers = calloc(count + 1, sizeof(*covers));
	sg_autofree sg_ref *work = calloc(count + 1, sizeof(*work));
	size_t classes = 0;

	if (!covers || !work)
		return sg_error_nomem(err);
	covers[0] = (struct sg_plan_cover){SG_IDD_EMPTY, SG_IDD_EMPTY};
	for (size_t first = 0, next; first < count; first = next) {
		for (next = first + 1; next < count && plan_same_class(&parts[first], &parts[next]);)
			next++;
		covers[classes++] = plan_class(idd, parts + first, next - first, work);
	}
	for (; classes > 1; classes = (classes + 1) / 2) {
		for (size_t i = 0; i < classes / 2; i++) {
			const struct sg_plan_cover *a = &covers[2 * i], *b = &covers[2 * i + 1];

			covers[i] = (struct sg_plan_cover){
				.covered = sg_idd_or(idd, a->covered, b->covered),
				.rank = sg_idd_choose(idd, a->covered, a->rank, b->rank),
			};
		}
		if (classes & 1)
			covers[classes / 2] = covers[classes - 1];
	}
	if (sg_idd_check(idd, covers[0].covered, err) < 0 || sg_idd_check(idd, covers[0].rank, err) < 0)
		return -1;
	*ret = covers[0];
	return 0;
}

/* ---- Baseline ---- */

/* ICMP types of the baseline, RFC 792, 1256, 4443, 4861, 2710, 3810. */
static sg_ref plan_types(struct sg_idd *idd, enum sg_family family, const struct sg_range *types, size_t count)
{
	const struct sg_line line = {
		.kind = SG_LINE_ICMP,
		.types4 = {.items = (struct sg_range *)types, .count = family == SG_IPV4 ? count : 0},
		.types6 = {.items = (struct sg_range *)types, .count = family == SG_IPV6 ? count : 0},
	};

	return sg_region_set(idd, NULL, &line);
}

sg_ref sg_plan_loopback(struct sg_idd *idd)
{
	struct sg_range name;

	sg_interface_range("lo", 2, &name);
	return sg_idd_range(idd, SG_FIELD_INTERFACE, name.first, name.last);
}

/* destination unreachable, time exceeded, parameter problem; packet too big */
static sg_ref plan_icmp_errors(struct sg_idd *idd)
{
	static const struct sg_range types4[] = {{3, 3}, {11, 12}}, types6[] = {{1, 4}};

	return sg_idd_or(idd, plan_types(idd, SG_IPV4, types4, SG_COUNT(types4)),
			 plan_types(idd, SG_IPV6, types6, SG_COUNT(types6)));
}

/* router and neighbour solicitation and advertisement; multicast listener discovery, both versions */
static sg_ref plan_neighbour_discovery(struct sg_idd *idd)
{
	static const struct sg_range types6[] = {{130, 136}, {143, 143}};

	return plan_types(idd, SG_IPV6, types6, SG_COUNT(types6));
}

/* RFC 8415: answers come to port 546, between link-local addresses. */
static sg_ref plan_dhcpv6_client(struct sg_idd *idd)
{
	struct sg_range port = {546, 546};
	struct sg_range near = {(sg_u128)0xfe80 << 112, ((sg_u128)0xfec0 << 112) - 1};
	const struct sg_line line = {
		.kind = SG_LINE_PORTS,
		.protocols = {SG_PROTO_UDP},
		.protocol_count = 1,
		.ports = {.items = &port, .count = 1},
		.has_from = true,
		.has_to = true,
		.from.v6 = {.items = &near, .count = 1},
		.to.v6 = {.items = &near, .count = 1},
	};

	return sg_region_set(idd, NULL, &line);
}

static sg_ref plan_ping(struct sg_idd *idd)
{
	static const struct sg_range echo4 = {8, 8}, echo6 = {128, 128};

	return sg_idd_or(idd, plan_types(idd, SG_IPV4, &echo4, 1), plan_types(idd, SG_IPV6, &echo6, 1));
}

static void plan_baseline(struct sg_plan *plan, const struct sg_policy *policy, struct sg_idd *idd)
{
	static sg_ref (*const regions[MODEL_BASELINE_COUNT])(struct sg_idd *) = {
		[MODEL_LOOPBACK] = sg_plan_loopback,
		[MODEL_ICMP_ERRORS] = plan_icmp_errors,
		[MODEL_NEIGHBOUR_DISCOVERY] = plan_neighbour_discovery,
		[MODEL_DHCPV6_CLIENT] = plan_dhcpv6_client,
		[MODEL_PING] = plan_ping,
	};
	struct sg_baseline baseline = *sg_policy_baseline(policy);

	plan->base = plan->base_origin = SG_IDD_EMPTY;
	for (unsigned int part = 0; part < MODEL_BASELINE_COUNT; part++) {
		sg_ref origin = sg_idd_terminal(sg_origin_of_baseline(policy, part)), region;

		if (!regions[part] || !*sg_model_baseline_part(&baseline, part))
			continue;
		region = regions[part](idd);
		plan->base = sg_idd_or(idd, plan->base, region);
		plan->base_origin =
			sg_idd_overlay(idd, plan->base_origin, sg_idd_ite(idd, region, origin, SG_IDD_EMPTY));
	}
}

int sg_plan_make(struct sg_plan *plan, const struct sg_policy *policy, struct sg_idd *idd, struct sg_error *err)
{
	size_t first = 0, next;

	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		if (plan_add_line(plan, idd, sg_policy_line(policy, i), i, err) < 0)
			return -1;
	}
	plan_sort(plan);
	for (unsigned int section = 0; section < SG_PLAN_SECTIONS; section++) {
		for (next = first; next < plan->count && plan->parts[next].section == section;)
			next++;
		if (sg_plan_cover(idd, plan->parts + first, next - first, &plan->sections[section], err) < 0)
			return -1;
		first = next;
	}
	plan_baseline(plan, policy, idd);
	return sg_idd_check(idd, plan->base_origin, err);
}
