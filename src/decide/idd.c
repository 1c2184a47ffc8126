/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idd.c - contexts and nodes of interval decision diagrams.
 *
 * Every node is made by sg_idd_frame_make, which looks in the unique table first: there is never a second node with
 * the same level, ends and children, never one with two equal neighbours and never one with a single edge. Hence two
 * references are equal exactly when the functions are (Bryant 1986, for intervals instead of bits).
 *
 * Edges lie in an arena as two arrays beside each other, since all walks read ends and children in step and a set of a
 * million prefixes is one node of two million edges. Ends are 4 bytes wide wherever the level's values fit.
 *
 * An operation gathers the edges of the node that it is about to make in a frame on a scratch stack. Operations recurse
 * from level to level, so frames come and go last in, first out, and their number is bounded by that of the levels.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "decide/idd_node.h"

#define DEFAULT_LIMIT ((size_t)4 << 30)
#define MEMO_START    ((size_t)1 << 10)
#define MEMO_MOST     ((size_t)1 << 22)
#define SLOT_START    ((size_t)1 << 10)
#define BLOCK_START   ((size_t)16 << 10)
#define BLOCK_MOST    ((size_t)4 << 20)
#define FRAME_LARGE   ((size_t)256 << 10)
#define NODE_MOST     ((size_t)0x3fffffff)
#define ALIGNMENT     sizeof(sg_u128)

sg_ref sg_idd_fail(struct sg_idd *idd, enum sg_error_kind kind, const char *text)
{
	if (!idd->failed) {
		idd->failed = kind;
		idd->failed_text = text;
	}
	return SG_IDD_FAILED;
}

static sg_ref idd_nomem(struct sg_idd *idd)
{
	return sg_idd_fail(idd, SG_ERROR_MEMORY, "out of memory");
}

/* ---- Contexts ---- */

static bool idd_alloc_tables(struct sg_idd *idd)
{
	idd->memo = calloc(MEMO_START, sizeof(*idd->memo));
	idd->memo_ite = calloc(MEMO_START, sizeof(*idd->memo_ite));
	idd->shares = calloc(MEMO_START, sizeof(*idd->shares));
	idd->slots = calloc(SLOT_START, sizeof(*idd->slots));
	if (!idd->memo || !idd->memo_ite || !idd->shares || !idd->slots)
		return false;
	idd->memo_mask = MEMO_START - 1;
	idd->share_mask = MEMO_START - 1;
	idd->slot_mask = SLOT_START - 1;
	if (sg_grow(&idd->nodes, &idd->node_room, 0, 64, sizeof(*idd->nodes)) < 0)
		return false;
	memset(&idd->nodes[0], 0, sizeof(idd->nodes[0]));
	idd->node_count = 1;
	return true;
}

struct sg_idd *sg_idd_new(const sg_u128 *max, size_t count, size_t limit)
{
	struct sg_idd *idd = calloc(1, sizeof(*idd));

	if (!idd)
		return NULL;
	idd->limit = limit ? limit : DEFAULT_LIMIT;
	idd->next_stamp = SG_IDD_FIRST_STAMP;
	if (!idd_alloc_tables(idd)) {
		sg_idd_free(idd);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (sg_idd_add_level(idd, max[i]) == SIZE_MAX) {
			sg_idd_free(idd);
			return NULL;
		}
	}
	return idd;
}

static void idd_free_blocks(struct sg_idd_block *block)
{
	while (block) {
		struct sg_idd_block *next = block->next;

		free(block);
		block = next;
	}
}

void sg_idd_free(struct sg_idd *idd)
{
	if (!idd)
		return;
	idd_free_blocks(idd->arena);
	idd_free_blocks(idd->scratch_first);
	free(idd->spare);
	for (size_t i = 0; i < idd->level_count; i++)
		free(idd->levels[i].tag);
	free(idd->levels);
	free(idd->tag_slots);
	free(idd->nodes);
	free(idd->slots);
	free(idd->memo);
	free(idd->memo_ite);
	free(idd->shares);
	free(idd);
}

int sg_idd_check(const struct sg_idd *idd, sg_ref ref, struct sg_error *err)
{
	if (idd->failed == SG_ERROR_MEMORY)
		return sg_error_nomem(err);
	if (idd->failed)
		return sg_error_set(err, idd->failed, 0, "%s", idd->failed_text);
	if (ref == SG_IDD_FAILED)
		return sg_error_set(err, SG_ERROR_LIMIT, 0, "a decision diagram of another context has failed");
	return 0;
}

size_t sg_idd_bytes(const struct sg_idd *idd)
{
	return idd->bytes;
}

uint32_t sg_idd_stamp(struct sg_idd *idd)
{
	if (idd->next_stamp == UINT32_MAX) { /* all numbers used: what they stood for must be forgotten */
		memset(idd->memo, 0, (idd->memo_mask + 1) * sizeof(*idd->memo));
		idd->next_stamp = SG_IDD_FIRST_STAMP;
	}
	return idd->next_stamp++;
}

/* ---- Looking at nodes ---- */

size_t sg_idd_level(const struct sg_idd *idd, sg_ref ref)
{
	return ref >= 0x40000000U ? idd->level_count : idd->nodes[ref].level;
}

size_t sg_idd_edges(const struct sg_idd *idd, sg_ref ref)
{
	return ref >= 0x40000000U ? 0 : idd->nodes[ref].count;
}

sg_u128 sg_idd_edge_last(const struct sg_idd *idd, sg_ref ref, size_t edge)
{
	const struct sg_idd_node *node = &idd->nodes[ref];

	return sg_idd_end(node, edge, idd->levels[node->level].wide);
}

sg_ref sg_idd_edge_child(const struct sg_idd *idd, sg_ref ref, size_t edge)
{
	return idd->nodes[ref].child[edge];
}

size_t sg_idd_find_edge(const struct sg_idd *idd, const struct sg_idd_node *node, sg_u128 value)
{
	bool wide = idd->levels[node->level].wide;
	size_t low = 0, high = node->count - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sg_idd_end(node, middle, wide) < value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- Scratch memory ---- */

static size_t idd_align(size_t size)
{
	return (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

static size_t idd_block_header(void)
{
	return idd_align(sizeof(struct sg_idd_block));
}

static struct sg_idd_block *idd_new_block(size_t size)
{
	struct sg_idd_block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	block = malloc(idd_block_header() + size);
	if (block)
		*block = (struct sg_idd_block){.size = size};
	return block;
}

struct sg_idd_mark sg_idd_scratch_mark(const struct sg_idd *idd)
{
	return (struct sg_idd_mark){idd->scratch, idd->scratch ? idd->scratch->used : 0};
}

/* Makes the block behind the current one hold `size` bytes; a block there that is too small is replaced. */
static bool idd_scratch_advance(struct sg_idd *idd, size_t size)
{
	struct sg_idd_block **link = idd->scratch ? &idd->scratch->next : &idd->scratch_first;
	size_t before = idd->scratch ? idd->scratch->size : BLOCK_START / 2;
	struct sg_idd_block *block = *link;

	if (!block || block->size < size) {
		size_t grown = before >= BLOCK_MOST ? BLOCK_MOST : before * 2;

		block = idd_new_block(size > grown ? size : grown);
		if (!block)
			return false;
		if (*link) {
			block->next = (*link)->next;
			free(*link);
		}
		*link = block;
	}
	block->used = 0;
	idd->scratch = block;
	return true;
}

void *sg_idd_scratch_take(struct sg_idd *idd, size_t size)
{
	void *taken;

	size = idd_align(size);
	if (!idd->scratch || idd->scratch->size - idd->scratch->used < size) {
		if (!idd_scratch_advance(idd, size)) {
			idd_nomem(idd);
			return NULL;
		}
	}
	taken = (char *)idd->scratch + idd_block_header() + idd->scratch->used;
	idd->scratch->used += size;
	return taken;
}

void sg_idd_scratch_release(struct sg_idd *idd, struct sg_idd_mark mark)
{
	idd->scratch = mark.block;
	if (mark.block)
		mark.block->used = mark.used;
}

/* ---- Making nodes ---- */

/* A block for a large frame: the spare one, where it is not too small. */
static struct sg_idd_block *idd_take_block(struct sg_idd *idd, size_t size)
{
	struct sg_idd_block *block = NULL;

	if (idd->spare && idd->spare->size >= size)
		return sg_steal(idd->spare);
	block = idd_new_block(size);
	if (!block)
		idd_nomem(idd);
	return block;
}

bool sg_idd_frame_open(struct sg_idd *idd, struct sg_idd_frame *frame, size_t level, size_t room)
{
	bool wide = idd->levels[level].wide;
	size_t ends = room * (wide ? sizeof(sg_u128) : sizeof(uint32_t));
	size_t size = ends + room * sizeof(sg_ref);

	frame->mark = sg_idd_scratch_mark(idd);
	frame->own = NULL;
	frame->count = 0;
	frame->level = (uint32_t)level;
	frame->wide = wide;
	if (size >= FRAME_LARGE) {
		frame->own = idd_take_block(idd, size);
		frame->ends = frame->own ? (char *)frame->own + idd_block_header() : NULL;
	} else {
		frame->ends = sg_idd_scratch_take(idd, size);
	}
	if (!frame->ends)
		return false;
	frame->child = (sg_ref *)((char *)frame->ends + ends);
	return true;
}

/* The larger of two unused blocks is kept: the next large frame need not ask the system for fresh pages. */
static void idd_frame_close(struct sg_idd *idd, struct sg_idd_frame *frame)
{
	struct sg_idd_block *own = frame->own;

	sg_idd_scratch_release(idd, frame->mark);
	if (own && (!idd->spare || idd->spare->size < own->size)) {
		free(idd->spare);
		idd->spare = own;
	} else {
		free(own);
	}
}

sg_ref sg_idd_frame_drop(struct sg_idd *idd, struct sg_idd_frame *frame)
{
	idd_frame_close(idd, frame);
	return SG_IDD_FAILED;
}

static uint64_t idd_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint32_t idd_hash_ends(const struct sg_idd_frame *frame)
{
	const uint32_t *ends = frame->ends;
	uint64_t a = frame->level, b = frame->count;

	for (size_t i = 0; i < frame->count; i++) {
		if (frame->wide) {
			uint64_t words[2];

			memcpy(words, (const sg_u128 *)frame->ends + i, sizeof(words));
			a = idd_mix(a, words[0]);
			b = idd_mix(b, words[1]);
		} else if (i & 1) {
			a = idd_mix(a, ends[i]);
		} else {
			b = idd_mix(b, ends[i]);
		}
	}
	return (uint32_t)(idd_mix(a, b) >> 32);
}

static bool idd_alternates(const struct sg_idd_frame *frame)
{
	for (size_t i = 2; i < frame->count; i++)
		if (frame->child[i] != frame->child[i - 2])
			return false;
	return true;
}

/* Of a node that alternates two children say all. */
static uint32_t idd_hash(uint32_t ends_hash, const sg_ref *child, size_t count, bool alternates)
{
	uint64_t hash = ends_hash;

	for (size_t i = 0; i < (alternates ? 2 : count); i++)
		hash = idd_mix(hash, child[i]);
	return (uint32_t)(hash >> 32 ^ hash);
}

static bool idd_node_is(const struct sg_idd_node *node, const struct sg_idd_frame *frame)
{
	size_t width = frame->wide ? sizeof(sg_u128) : sizeof(uint32_t);

	return node->level == frame->level && node->count == frame->count && node->ends_hash == frame->ends_hash &&
	       !memcmp(node->child, frame->child, frame->count * sizeof(sg_ref)) &&
	       !memcmp(node->ends, frame->ends, frame->count * width);
}

static bool idd_grow_slots(struct sg_idd *idd)
{
	size_t mask = idd->slot_mask * 2 + 1;
	struct sg_idd_slot *slots = calloc(mask + 1, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i <= idd->slot_mask; i++) {
		size_t at = idd->slots[i].hash & mask;

		if (!idd->slots[i].ref)
			continue;
		while (slots[at].ref)
			at = (at + 1) & mask;
		slots[at] = idd->slots[i];
	}
	free(idd->slots);
	idd->slots = slots;
	idd->slot_mask = mask;
	return true;
}

/* The memo tables follow the nodes. What they held is forgotten, and no memory for a larger one is no failure. */
static void idd_grow_memos(struct sg_idd *idd)
{
	size_t size = (idd->memo_mask + 1) * 4;
	struct sg_idd_memo *memo = calloc(size, sizeof(*memo)), *ite = calloc(size, sizeof(*ite));
	struct sg_idd_share_memo *shares = calloc(size, sizeof(*shares));

	if (!memo || !ite || !shares) {
		free(memo);
		free(ite);
		free(shares);
		return;
	}
	free(idd->memo);
	free(idd->memo_ite);
	free(idd->shares);
	idd->memo = memo;
	idd->memo_ite = ite;
	idd->shares = shares;
	idd->memo_mask = idd->share_mask = size - 1;
}

/* Room in the arena for a node's edges, ends first. */
static void *idd_arena_take(struct sg_idd *idd, size_t size, bool wide)
{
	struct sg_idd_block *block = idd->arena;
	size_t used = block ? (wide ? idd_align(block->used) : block->used) : 0;

	if (!block || used > block->size || block->size - used < size) {
		size_t grown = !block ? BLOCK_START : block->size >= BLOCK_MOST / 2 ? BLOCK_MOST : block->size * 2;
		struct sg_idd_block *fresh = idd_new_block(size > grown ? size : grown);

		if (!fresh)
			return NULL;
		fresh->next = block;
		idd->arena = block = fresh;
		used = 0;
	}
	block->used = used + size;
	return (char *)block + idd_block_header() + used;
}

/* Gives the frame's edges a place for good: a large frame that is well filled is it already, others are copied. */
static bool idd_settle(struct sg_idd *idd, struct sg_idd_frame *frame, struct sg_idd_node *node)
{
	size_t ends = frame->count * (frame->wide ? sizeof(sg_u128) : sizeof(uint32_t));
	size_t size = ends + frame->count * sizeof(sg_ref);
	char *data;

	if (frame->own && frame->own->size / 4 * 3 <= size) {
		struct sg_idd_block *block = sg_steal(frame->own);

		block->used = block->size;
		block->next = idd->arena ? idd->arena->next : NULL;
		if (idd->arena)
			idd->arena->next = block; /* behind the one that is being filled */
		else
			idd->arena = block;
		node->ends = frame->ends;
		node->child = frame->child;
		return true;
	}
	data = idd_arena_take(idd, size, frame->wide);
	if (!data)
		return false;
	memcpy(data, frame->ends, ends);
	memcpy(data + ends, frame->child, frame->count * sizeof(sg_ref));
	node->ends = data;
	node->child = (const sg_ref *)(data + ends);
	return true;
}

/* A new node behind all others; it is not in the unique table yet. */
static sg_ref idd_append(struct sg_idd *idd, struct sg_idd_frame *frame)
{
	struct sg_idd_node node = {
		.count = (uint32_t)frame->count,
		.level = frame->level,
		.ends_hash = frame->ends_hash,
		.alternates = frame->alternates,
	};
	size_t edge = (frame->wide ? sizeof(sg_u128) : sizeof(uint32_t)) + sizeof(sg_ref);
	size_t bytes = frame->count * edge + sizeof(struct sg_idd_node) + sizeof(struct sg_idd_slot);

	if (idd->node_count > NODE_MOST || bytes > idd->limit || idd->bytes > idd->limit - bytes)
		return sg_idd_fail(idd, SG_ERROR_LIMIT, "the decision is too large");
	if (frame->count > UINT32_MAX)
		return sg_idd_fail(idd, SG_ERROR_LIMIT, "too many intervals in one field of the decision");
	if (sg_grow(&idd->nodes, &idd->node_room, idd->node_count, 1, sizeof(*idd->nodes)) < 0 ||
	    !idd_settle(idd, frame, &node))
		return idd_nomem(idd);
	idd->nodes[idd->node_count] = node;
	idd->bytes += bytes;
	return (sg_ref)idd->node_count++;
}

/* Enters a new node; the unique table has at least one free place for it. */
static sg_ref idd_enter(struct sg_idd *idd, uint32_t hash, sg_ref ref)
{
	size_t at = hash & idd->slot_mask;

	if (ref == SG_IDD_FAILED)
		return ref;
	while (idd->slots[at].ref)
		at = (at + 1) & idd->slot_mask;
	idd->slots[at] = (struct sg_idd_slot){hash, ref};
	if (idd->node_count > idd->memo_mask && idd->memo_mask < MEMO_MOST - 1)
		idd_grow_memos(idd);
	return ref;
}

static bool idd_reserve_slot(struct sg_idd *idd)
{
	return idd->node_count <= idd->slot_mask / 4 * 3 || idd_grow_slots(idd);
}

static sg_ref idd_find_or_append(struct sg_idd *idd, struct sg_idd_frame *frame)
{
	uint32_t hash;

	if (idd->failed)
		return SG_IDD_FAILED;
	frame->ends_hash = idd_hash_ends(frame);
	frame->alternates = idd_alternates(frame);
	hash = idd_hash(frame->ends_hash, frame->child, frame->count, frame->alternates);
	for (size_t at = hash & idd->slot_mask; idd->slots[at].ref; at = (at + 1) & idd->slot_mask) {
		if (idd->slots[at].hash == hash && idd_node_is(&idd->nodes[idd->slots[at].ref], frame))
			return idd->slots[at].ref;
	}
	if (!idd_reserve_slot(idd))
		return idd_nomem(idd);
	return idd_enter(idd, hash, idd_append(idd, frame));
}

/* Equal nodes that alternate have equal ends, but not always the same array. */
static bool idd_node_has(const struct sg_idd *idd, const struct sg_idd_node *node, const struct sg_idd_node *with,
			 const sg_ref child[2])
{
	size_t width = idd->levels[with->level].wide ? sizeof(sg_u128) : sizeof(uint32_t);

	return node->alternates && node->level == with->level && node->count == with->count &&
	       node->ends_hash == with->ends_hash && node->child[0] == child[0] && node->child[1] == child[1] &&
	       (node->ends == with->ends || !memcmp(node->ends, with->ends, with->count * width));
}

/* A new node that shares the ends. */
static sg_ref idd_append_shared(struct sg_idd *idd, const struct sg_idd_node *with, const sg_ref child[2])
{
	size_t bytes = with->count * sizeof(sg_ref) + sizeof(struct sg_idd_node) + sizeof(struct sg_idd_slot);
	struct sg_idd_node node = *with;
	sg_ref *children;

	if (idd->node_count > NODE_MOST || bytes > idd->limit || idd->bytes > idd->limit - bytes)
		return sg_idd_fail(idd, SG_ERROR_LIMIT, "the decision is too large");
	if (sg_grow(&idd->nodes, &idd->node_room, idd->node_count, 1, sizeof(*idd->nodes)) < 0)
		return idd_nomem(idd);
	children = idd_arena_take(idd, with->count * sizeof(sg_ref), false);
	if (!children)
		return idd_nomem(idd);
	for (size_t i = 0; i < with->count; i++)
		children[i] = child[i & 1];
	node.child = children;
	idd->nodes[idd->node_count] = node;
	idd->bytes += bytes;
	return (sg_ref)idd->node_count++;
}

sg_ref sg_idd_with_two(struct sg_idd *idd, const struct sg_idd_node *node, sg_ref even, sg_ref odd)
{
	const sg_ref child[2] = {even, odd};
	struct sg_idd_node with = *node;
	uint32_t hash = idd_hash(with.ends_hash, child, 2, true);

	if (idd->failed || even == SG_IDD_FAILED || odd == SG_IDD_FAILED)
		return SG_IDD_FAILED;
	if (even == odd)
		return even;
	for (size_t at = hash & idd->slot_mask; idd->slots[at].ref; at = (at + 1) & idd->slot_mask) {
		if (idd->slots[at].hash == hash && idd_node_has(idd, &idd->nodes[idd->slots[at].ref], &with, child))
			return idd->slots[at].ref;
	}
	if (!idd_reserve_slot(idd))
		return idd_nomem(idd);
	return idd_enter(idd, hash, idd_append_shared(idd, &with, child));
}

sg_ref sg_idd_frame_make(struct sg_idd *idd, struct sg_idd_frame *frame)
{
	sg_ref ref = frame->count == 1 ? frame->child[0] : idd_find_or_append(idd, frame);

	idd_frame_close(idd, frame);
	return ref;
}
