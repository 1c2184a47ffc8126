/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* Longer words than this are nobody's typing error. */
#define TEXT_WORD_MAX 48

static unsigned char text_fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned int text_min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/*
 * Edits (insert, delete, replace, swap of neighbours) that turn a into b, case aside; a number above `most` when they
 * are more. Three rows of the usual table are enough: a swap looks two rows back.
 */
static unsigned int text_distance(const char *a, size_t a_size, const char *b, size_t b_size, unsigned int most)
{
	unsigned int rows[3][TEXT_WORD_MAX + 1];
	unsigned int *before = rows[0], *previous = rows[1], *current = rows[2];

	if ((a_size > b_size ? a_size - b_size : b_size - a_size) > most)
		return most + 1;
	for (unsigned int j = 0; j <= b_size; j++)
		previous[j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		unsigned int best = current[0] = (unsigned int)i, *unused;

		for (size_t j = 1; j <= b_size; j++) {
			unsigned int differs = text_fold(a[i - 1]) != text_fold(b[j - 1]);

			current[j] = text_min(text_min(previous[j], current[j - 1]) + 1, previous[j - 1] + differs);
			if (i > 1 && j > 1 && text_fold(a[i - 1]) == text_fold(b[j - 2]) &&
			    text_fold(a[i - 2]) == text_fold(b[j - 1]))
				current[j] = text_min(current[j], before[j - 2] + 1);
			best = text_min(best, current[j]);
		}
		/* a swap may still come back from the row before, one edit dearer than its best */
		if (best > most + 1)
			return most + 1;
		unused = before;
		before = previous;
		previous = current;
		current = unused;
	}
	return previous[b_size];
}

const char *sg_text_nearest(const char *word, const char *(*next)(size_t i, const void *data), const void *data)
{
	size_t size = strlen(word);

	return sg_text_nearest_within(word, size < 6 ? 1 : size < 9 ? 2 : 3, next, data);
}

const char *sg_text_nearest_within(const char *word, unsigned int most, const char *(*next)(size_t i, const void *data),
				   const void *data)
{
	size_t size = strlen(word);
	const char *nearest = NULL, *candidate;

	if (!size || size > TEXT_WORD_MAX)
		return NULL;
	for (size_t i = 0; (candidate = next(i, data)); i++) {
		size_t candidate_size = strlen(candidate);
		unsigned int distance;

		if (candidate_size > TEXT_WORD_MAX)
			continue;
		distance = text_distance(word, size, candidate, candidate_size, most);
		if (distance > most)
			continue;
		nearest = candidate;
		if (!distance)
			break;
		most = distance - 1; /* from here on only a nearer one counts: the first of equals stays */
	}
	return nearest;
}

/* Bytes of the character that begins at text, 0 when it is not valid: table 3-7 of the Unicode standard. */
static size_t text_character(const unsigned char *text, size_t left)
{
	unsigned char lead = text[0], low = 0x80, high = 0xbf;
	size_t size;

	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (size > left)
		return 0;
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	return size;
}

bool sg_text_utf8(const char *text, size_t size, size_t *ret_offset)
{
	size_t offset = 0;

	while (offset < size) {
		uint64_t eight;
		size_t step;

		if (size - offset >= sizeof(eight)) {
			memcpy(&eight, text + offset, sizeof(eight));
			if (!(eight & UINT64_C(0x8080808080808080))) {
				offset += sizeof(eight);
				continue;
			}
		}
		step = text_character((const unsigned char *)text + offset, size - offset);
		if (!step) {
			*ret_offset = offset;
			return false;
		}
		offset += step;
	}
	return true;
}

size_t sg_text_columns(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

bool sg_text_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool sg_text_replace(char **text, const char *by)
{
	char *copy;

	if (sg_text_same(*text, by))
		return true;
	copy = strdup(by);
	if (!copy)
		return false;
	free(*text);
	*text = copy;
	return true;
}
