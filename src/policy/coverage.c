// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * coverage.c - all lines of one direction put together.
 *
 * Lines with one constraint ("from: office", or none at all) form a class. Inside of a class responsibility depends on
 * protocol and port alone, so the class is a small diagram of ranks, whatever the size of its address sets. Classes are
 * merged pairwise as a balanced tree, and sg_idd_choose asks for a constraint only on ports of which both sides speak:
 * ten thousand lines with one group of a million addresses make one node of that size, not ten thousand.
 */
#include <stdlib.h>
#include "base/mem.h"
#include "policy/origin.h"
#include "policy/coverage.h"
#include "sockgate/proto.h"

void sg_coverage_clear(struct sg_coverage *coverage)
{
	free(coverage->parts);
	sg_region_cache_clear(&coverage->cache);
	*coverage = (struct sg_coverage){0};
}

/* ---- Parts and their order ---- */

enum sg_coverage_section sg_coverage_section_of(const struct sg_line *line)
{
	if (line->section == SG_SECTION_ALLOW)
		return SG_COVERAGE_ALLOW;
	return line->answer == SG_VERDICT_REJECT ? SG_COVERAGE_REJECT : SG_COVERAGE_DROP;
}

static size_t coverage_line_width(const struct sg_line *line)
{
	size_t width = line->from.v4.count;

	width = line->from.v6.count > width ? line->from.v6.count : width;
	width = line->to.v4.count > width ? line->to.v4.count : width;
	return line->to.v6.count > width ? line->to.v6.count : width;
}

static int coverage_add_parts(struct sg_coverage *coverage, struct sg_idd *idd, size_t index,
			      enum sg_coverage_section section, const struct sg_line *line, struct sg_error *err)
{
	sg_ref condition = sg_region_condition(idd, line, section != SG_COVERAGE_GUARD);
	struct sg_region_part regions[2];
	size_t count = sg_region_parts_under(idd, &coverage->cache, line, condition, regions);
	size_t width = coverage_line_width(line);

	coverage->widest = width > coverage->widest ? width : coverage->widest;
	if (sg_grow(&coverage->parts, &coverage->room, coverage->count, count, sizeof(*coverage->parts)) < 0)
		return sg_error_nomem(err);
	for (size_t i = 0; i < count; i++) {
		if (sg_idd_check(idd, regions[i].ports, err) < 0 || sg_idd_check(idd, regions[i].constraint, err) < 0)
			return -1;
		coverage->parts[coverage->count++] = (struct sg_coverage_part){
			.region = regions[i],
			.line = (uint32_t)index,
			.section = section,
			.constraint_share = sg_idd_share(idd, regions[i].constraint, 1),
			.ports_share = sg_idd_share(idd, regions[i].ports, 1),
		};
	}
	return 0;
}

static int coverage_add_line(struct sg_coverage *coverage, struct sg_idd *idd, const struct sg_line *line, size_t index,
			     struct sg_error *err)
{
	if (coverage_add_parts(coverage, idd, index, sg_coverage_section_of(line), line, err) < 0)
		return -1;
	return sg_region_is_guarded(line) ? coverage_add_parts(coverage, idd, index, SG_COVERAGE_GUARD, line, err) : 0;
}

static int coverage_by_constraint(const void *left, const void *right)
{
	const struct sg_coverage_part *a = left, *b = right;

	if (a->region.constraint != b->region.constraint)
		return a->region.constraint < b->region.constraint ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static int coverage_by_rank(const void *left, const void *right)
{
	const struct sg_coverage_part *a = left, *b = right;

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

static void coverage_sort(struct sg_coverage *coverage)
{
	if (!coverage->count)
		return;
	qsort(coverage->parts, coverage->count, sizeof(*coverage->parts), coverage_by_constraint);
	for (size_t i = 0; i < coverage->count; i++) {
		struct sg_coverage_part *part = &coverage->parts[i];

		part->constraint_first = part->line;
		if (i && part[-1].region.constraint == part->region.constraint)
			part->constraint_first = part[-1].constraint_first;
	}
	qsort(coverage->parts, coverage->count, sizeof(*coverage->parts), coverage_by_rank);
	for (size_t i = 0; i < coverage->count; i++)
		coverage->parts[i].rank = (uint32_t)i + 1;
}

/* ---- Covers ---- */

static bool coverage_same_class(const struct sg_coverage_part *a, const struct sg_coverage_part *b)
{
	return a->section == b->section && a->region.constraint == b->region.constraint;
}

/* The cover of `count` parts with one constraint. `work` has room for as many. */
static struct sg_cover coverage_class(struct sg_idd *idd, const struct sg_coverage_part *parts, size_t count,
				      sg_ref *work)
{
	struct sg_cover cover;

	for (size_t i = 0; i < count; i++)
		work[i] = sg_idd_ite(idd, parts[i].region.ports, sg_idd_terminal(parts[i].rank), SG_IDD_EMPTY);
	cover.rank = sg_idd_min_all(idd, work, count);
	cover.covered = sg_idd_and(idd, sg_idd_not(idd, sg_idd_equals(idd, cover.rank, 0)), parts[0].region.constraint);
	return cover;
}

int sg_coverage_of(struct sg_idd *idd, const struct sg_coverage_part *parts, size_t count, struct sg_cover *ret,
		   struct sg_error *err)
{
	sg_autofree struct sg_cover *covers = calloc(count + 1, sizeof(*covers));
	sg_autofree sg_ref *work = calloc(count + 1, sizeof(*work));
	size_t classes = 0;

	if (!covers || !work)
		return sg_error_nomem(err);
	covers[0] = (struct sg_cover){SG_IDD_EMPTY, SG_IDD_EMPTY};
	for (size_t first = 0, next; first < count; first = next) {
		for (next = first + 1; next < count && coverage_same_class(&parts[first], &parts[next]);)
			next++;
		covers[classes++] = coverage_class(idd, parts + first, next - first, work);
	}
	for (; classes > 1; classes = (classes + 1) / 2) {
		for (size_t i = 0; i < classes / 2; i++) {
			const struct sg_cover *a = &covers[2 * i], *b = &covers[2 * i + 1];

			covers[i] = (struct sg_cover){
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
static sg_ref coverage_types(struct sg_idd *idd, enum sg_family family, const struct sg_range *types, size_t count)
{
	const struct sg_line line = {
		.kind = SG_LINE_ICMP,
		.types4 = {.items = (struct sg_range *)types, .count = family == SG_IPV4 ? count : 0},
		.types6 = {.items = (struct sg_range *)types, .count = family == SG_IPV6 ? count : 0},
	};

	return sg_region_set(idd, NULL, &line);
}

sg_ref sg_coverage_loopback(struct sg_idd *idd)
{
	struct sg_range name;

	sg_interface_range("lo", 2, &name);
	return sg_idd_range(idd, SG_FIELD_INTERFACE, name.first, name.last);
}

/* destination unreachable, time exceeded, parameter problem; packet too big */
static sg_ref coverage_icmp_errors(struct sg_idd *idd)
{
	static const struct sg_range types4[] = {{3, 3}, {11, 12}}, types6[] = {{1, 4}};

	return sg_idd_or(idd, coverage_types(idd, SG_IPV4, types4, SG_COUNT(types4)),
			 coverage_types(idd, SG_IPV6, types6, SG_COUNT(types6)));
}

/* router and neighbour solicitation and advertisement; multicast listener discovery, both versions */
static sg_ref coverage_neighbour_discovery(struct sg_idd *idd)
{
	static const struct sg_range types6[] = {{130, 136}, {143, 143}};

	return coverage_types(idd, SG_IPV6, types6, SG_COUNT(types6));
}

/* fe80::/10 */
#define NEAR_FIRST ((sg_u128)0xfe80 << 112)
#define NEAR_LAST  (((sg_u128)0xfec0 << 112) - 1)
/* ff02::1:2, all DHCPv6 servers and relays of the link */
#define DHCPV6_SERVERS (((sg_u128)0xff02 << 112) + 0x10002)

/* RFC 8415: the client asks port 547 from its link-local address, and the answer comes to port 546 of that address. A
 * server on the link may send it from an address of any scope, so the source is not looked at. */
static sg_ref coverage_dhcpv6(struct sg_idd *idd, enum sg_direction direction)
{
	bool out = direction == SG_OUT;
	struct sg_range port = out ? (struct sg_range){547, 547} : (struct sg_range){546, 546};
	struct sg_range near = {NEAR_FIRST, NEAR_LAST};
	struct sg_range to[] = {{NEAR_FIRST, NEAR_LAST}, {DHCPV6_SERVERS, DHCPV6_SERVERS}};
	const struct sg_line line = {
		.direction = direction,
		.kind = SG_LINE_PORTS,
		.protocols = {SG_PROTO_UDP},
		.protocol_count = 1,
		.ports = {.items = &port, .count = 1},
		.has_from = out,
		.has_to = true,
		.from.v6 = {.items = &near, .count = 1},
		.to.v6 = {.items = to, .count = out ? 2 : 1},
	};

	return sg_region_set(idd, NULL, &line);
}

static sg_ref coverage_ping(struct sg_idd *idd)
{
	static const struct sg_range echo4 = {8, 8}, echo6 = {128, 128};

	return sg_idd_or(idd, coverage_types(idd, SG_IPV4, &echo4, 1), coverage_types(idd, SG_IPV6, &echo6, 1));
}

/* What a part of the baseline accepts whatever the state; ICMP is the same in both directions. */
static sg_ref coverage_baseline_part(struct sg_idd *idd, enum sg_direction direction, enum model_baseline part)
{
	switch (part) {
	case MODEL_LOOPBACK: return sg_coverage_loopback(idd);
	case MODEL_ICMP_ERRORS: return coverage_icmp_errors(idd);
	case MODEL_NEIGHBOUR_DISCOVERY: return coverage_neighbour_discovery(idd);
	case MODEL_DHCPV6_CLIENT: return coverage_dhcpv6(idd, direction);
	case MODEL_PING: return coverage_ping(idd);
	case MODEL_ESTABLISHED:
	case MODEL_INVALID:
	case MODEL_BASELINE_COUNT: break;
	}
	return SG_IDD_EMPTY;
}

static void coverage_baseline(struct sg_coverage *coverage, const struct sg_policy *policy, struct sg_idd *idd)
{
	struct sg_baseline baseline = *sg_policy_baseline(policy);

	coverage->base = coverage->base_origin = SG_IDD_EMPTY;
	for (unsigned int part = 0; part < MODEL_BASELINE_COUNT; part++) {
		sg_ref origin = sg_idd_terminal(sg_origin_of_baseline(policy, part)), region;

		if (!*sg_model_baseline_part(&baseline, part))
			continue;
		/* nobody forwards what is sent to a link-local address */
		if (coverage->direction == SG_PUBLISHED && part == MODEL_DHCPV6_CLIENT)
			continue;
		region = coverage_baseline_part(idd, coverage->direction, part);
		coverage->base = sg_idd_or(idd, coverage->base, region);
		coverage->base_origin =
			sg_idd_overlay(idd, coverage->base_origin, sg_idd_ite(idd, region, origin, SG_IDD_EMPTY));
	}
}

bool sg_coverage_takes(const struct sg_coverage *coverage, const struct sg_line *line)
{
	return line->direction == coverage->line_direction && (coverage->direction != SG_PUBLISHED || !line->unit);
}

int sg_coverage_make(struct sg_coverage *coverage, const struct sg_policy *policy, enum sg_direction direction,
		     struct sg_idd *idd, struct sg_error *err)
{
	size_t first = 0, next;

	coverage->direction = direction;
	coverage->line_direction = direction == SG_PUBLISHED ? SG_IN : direction;
	coverage->default_verdict =
		direction == SG_OUT ? sg_policy_outbound_default(policy) : sg_policy_default(policy);
	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);

		if (sg_coverage_takes(coverage, line) && coverage_add_line(coverage, idd, line, i, err) < 0)
			return -1;
	}
	coverage_sort(coverage);
	for (unsigned int section = 0; section < SG_COVERAGE_SECTIONS; section++) {
		for (next = first; next < coverage->count && coverage->parts[next].section == section;)
			next++;
		/* without lines there is no array to point into */
		if (sg_coverage_of(idd, next > first ? coverage->parts + first : NULL, next - first,
				   &coverage->sections[section], err) < 0)
			return -1;
		first = next;
	}
	coverage_baseline(coverage, policy, idd);
	return sg_idd_check(idd, coverage->base_origin, err);
}
