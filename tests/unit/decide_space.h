/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decide_space.h - a small space whose functions are plain arrays: the slow, obvious oracle of the diagram tests.
 *
 * A space has a few levels of at most eight values. Level i of the diagram may be `scale[i]` times as large, value v of
 * the space then stands for the interval from v * scale to v * scale + scale - 1: so wide levels are covered too.
 */
#ifndef DECIDE_SPACE_H
#define DECIDE_SPACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "sockgate/idd.h"

#define SPACE_LEVELS 6
#define SPACE_POINTS 1024

struct space {
	size_t levels;
	unsigned int size[SPACE_LEVELS];
	sg_u128 scale[SPACE_LEVELS];
};

typedef uint32_t space_function[SPACE_POINTS];

static inline uint64_t space_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static inline unsigned int space_below(uint64_t *state, unsigned int n)
{
	return (unsigned int)(space_random(state) % n);
}

static inline size_t space_points(const struct space *space)
{
	size_t points = 1;

	for (size_t i = 0; i < space->levels; i++)
		points *= space->size[i];
	return points;
}

/* Point number p as coordinates; level 0 counts slowest, so ascending p is ascending lexicographic order. */
static inline void space_coordinates(const struct space *space, size_t p, unsigned int *at)
{
	for (size_t i = space->levels; i-- > 0;) {
		at[i] = (unsigned int)(p % space->size[i]);
		p /= space->size[i];
	}
}

static inline size_t space_number(const struct space *space, const unsigned int *at)
{
	size_t p = 0;

	for (size_t i = 0; i < space->levels; i++)
		p = p * space->size[i] + at[i];
	return p;
}

static inline struct sg_idd *space_context(const struct space *space, size_t limit)
{
	sg_u128 max[SPACE_LEVELS];

	for (size_t i = 0; i < space->levels; i++)
		max[i] = space->scale[i] * space->size[i] - 1;
	return sg_idd_new(max, space->levels, limit);
}

/* The diagram of a function, made from the bottom, level by level. */
static inline sg_ref space_build_from(struct sg_idd *idd, const struct space *space, const uint32_t *f, size_t level)
{
	size_t below = 1;
	sg_u128 last[8];
	sg_ref child[8];

	if (level == space->levels)
		return sg_idd_terminal(f[0]);
	for (size_t i = level + 1; i < space->levels; i++)
		below *= space->size[i];
	for (unsigned int v = 0; v < space->size[level]; v++) {
		last[v] = space->scale[level] * (v + 1) - 1;
		child[v] = space_build_from(idd, space, f + v * below, level + 1);
	}
	return sg_idd_node(idd, level, last, child, space->size[level]);
}

static inline sg_ref space_build(struct sg_idd *idd, const struct space *space, const uint32_t *f)
{
	return space_build_from(idd, space, f, 0);
}

/* The diagram is the function: the same node as the one that is built from it, and every point says so. */
static inline void space_check(struct sg_idd *idd, const struct space *space, sg_ref ref, const uint32_t *f,
			       uint64_t *state)
{
	unsigned int at[SPACE_LEVELS];
	sg_u128 point[SPACE_LEVELS];

	assert_int_not_equal(ref, SG_IDD_FAILED);
	for (size_t p = 0; p < space_points(space); p++) {
		space_coordinates(space, p, at);
		for (size_t i = 0; i < space->levels; i++) {
			sg_u128 inner = ((sg_u128)space_random(state) << 64 | space_random(state)) % space->scale[i];

			point[i] = space->scale[i] * at[i] + inner;
		}
		assert_int_equal(sg_idd_lookup(idd, ref, point), f[p]);
	}
	assert_int_equal(ref, space_build(idd, space, f));
}

/* A random function with terminals below `terminals`, with structure: boxes painted over each other. */
static inline void space_paint(const struct space *space, uint32_t *f, unsigned int terminals, uint64_t *state)
{
	unsigned int boxes = space_below(state, 6), at[SPACE_LEVELS];
	uint32_t ground = space_below(state, terminals);

	for (size_t p = 0; p < space_points(space); p++)
		f[p] = ground;
	for (unsigned int k = 0; k < boxes; k++) {
		unsigned int first[SPACE_LEVELS], last[SPACE_LEVELS];
		uint32_t paint = space_below(state, terminals);

		for (size_t i = 0; i < space->levels; i++) {
			bool any = space_below(state, 3) == 0;

			first[i] = any ? 0 : space_below(state, space->size[i]);
			last[i] = any ? space->size[i] - 1 : first[i] + space_below(state, space->size[i] - first[i]);
		}
		for (size_t p = 0; p < space_points(space); p++) {
			bool inside = true;

			space_coordinates(space, p, at);
			for (size_t i = 0; i < space->levels; i++)
				inside = inside && at[i] >= first[i] && at[i] <= last[i];
			f[p] = inside ? paint : f[p];
		}
	}
	if (space_below(state, 4) == 0) { /* and noise, now and then */
		for (size_t p = 0; p < space_points(space); p++)
			f[p] = space_below(state, 4) ? f[p] : space_below(state, terminals);
	}
}

#define U128(high, low) ((sg_u128)(high) << 64 | (low))

/* Narrow and wide levels, binary levels, one level alone. */
static const struct space spaces[] = {
	{2, {2, 2}, {1, 1}},
	{2, {4, 8}, {1, 1}},
	{3, {3, 2, 8}, {1, 1, 1}},
	{4, {2, 5, 2, 6}, {1, (sg_u128)1 << 64, (sg_u128)1 << 31, 1}},
	{3, {8, 8, 8}, {(sg_u128)1 << 125, (sg_u128)1 << 29, (sg_u128)1 << 125}},
	{1, {8}, {(sg_u128)1 << 125}},
	{6, {2, 2, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1}},
	{5, {3, 5, 4, 2, 7}, {1, 13107, (sg_u128)1 << 30, 1, U128(3, 7)}},
};

#endif
