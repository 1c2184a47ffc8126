/* SPDX-License-Identifier: GPL-2.0-or-later */
/* logging.c - whether two loggings are the same. */
#include <string.h>

#include "sockgate/decision.h"

struct label {
	const char *text;
	size_t size;
};

/* What stands behind ":24", a file's line; of what is no line's all that is behind the file's name. */
static struct label label_of(const char *prefix)
{
	size_t end = strlen(prefix), last = 0;

	for (size_t i = 0; i < end; i++) {
		size_t digits = prefix[i] == ':' ? strspn(prefix + i + 1, "0123456789") : 0;

		if (digits && (i + 1 + digits == end || prefix[i + 1 + digits] == ' '))
			return (struct label){prefix + i + 1 + digits, end - i - 1 - digits};
		if (prefix[i] == ' ')
			last = i;
	}
	return (struct label){prefix + last, end - last};
}

bool sg_logging_same(const struct sg_logging *a, const struct sg_logging *b)
{
	struct label left = label_of(a->prefix), right = label_of(b->prefix);

	return left.size == right.size && !memcmp(left.text, right.text, left.size) && a->rate == b->rate &&
	       a->seconds == b->seconds && a->has_group == b->has_group && (!a->has_group || a->group == b->group);
}
