/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "base/mem.h"
#include "check/learn.h"

int sg_learn_table_add(struct learn_table *table, const void *record, struct sg_error *err)
{
	if (sg_grow(&table->records, &table->room, table->count, 1, table->size) < 0)
		return sg_error_nomem(err);
	memcpy(table->records + table->count * table->size, record, table->size);
	table->count++;
	return 0;
}

static int table_compare(const void *a, const void *b, void *size)
{
	return memcmp(a, b, *(const size_t *)size);
}

void sg_learn_table_finish(struct learn_table *table)
{
	unsigned char *records = table->records;
	size_t size = table->size, count = 0;

	if (!table->count)
		return;
	qsort_r(records, table->count, size, table_compare, &size);
	for (size_t i = 0; i < table->count; i++) {
		if (count && !memcmp(records + (count - 1) * size, records + i * size, size))
			continue;
		memmove(records + count * size, records + i * size, size);
		count++;
	}
	table->count = count;
}

uint32_t sg_learn_table_find(const struct learn_table *table, const void *record)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(table->records + middle * table->size, record, table->size) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low + 1;
}

const void *sg_learn_table_get(const struct learn_table *table, uint32_t number)
{
	return table->records + (number - 1) * table->size;
}

int sg_learn_sets_add(struct learn_sets *sets, uint32_t rest, uint32_t value, uint32_t *ret, struct sg_error *err)
{
	struct sg_memo_key key = {{rest, value}};
	uint32_t set = sg_memo_find(&sets->index, &key);

	if (set == SG_MEMO_NONE) {
		size_t count = sets->count ? sets->count : 1;

		set = (uint32_t)count;
		if (sg_grow(&sets->items, &sets->room, count, 1, sizeof(*sets->items)) < 0)
			return sg_error_nomem(err);
		if (sg_memo_add(&sets->index, &key, set, err) < 0)
			return -1;
		sets->items[count] = (struct learn_set){rest, value};
		sets->count = count + 1;
	}
	*ret = set;
	return 0;
}

size_t sg_learn_sets_count(const struct learn_sets *sets, uint32_t set)
{
	size_t count = 0;

	for (; set; set = sets->items[set].rest)
		count++;
	return count;
}
