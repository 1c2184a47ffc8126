/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "policy/addresses.h"
#include "policy/word.h"

static const char *addresses_problem_id(enum sg_addr_problem problem)
{
	switch (problem) {
	case SG_ADDR_HOST_BITS: return "policy/host-bits";
	case SG_ADDR_REVERSED: return "policy/reversed-range";
	case SG_ADDR_MIXED: return "policy/mixed-families";
	case SG_ADDR_OK:
	case SG_ADDR_NOT_AN_ADDRESS:
	case SG_ADDR_BAD_LENGTH: break;
	}
	return "policy/bad-address";
}

static void addresses_hint_host_bits(struct report *report, const char *text, size_t size, enum sg_family family,
				     const struct sg_range *range)
{
	char prefix[SG_RANGE_TEXT_SIZE];
	const char *slash = memchr(text, '/', size);

	sg_range_format(family, range, prefix);
	sg_report_hint(report, "the prefix is '%s', the one address is '%.*s'", prefix, slash ? (int)(slash - text) : 0,
		       text);
}

void sg_addresses_report(struct report *report, struct sg_span span, const char *text, size_t size,
			 enum sg_addr_problem problem, enum sg_family family, const struct sg_range *range)
{
	const char *id = addresses_problem_id(problem), *dash = memchr(text, '-', size);
	const char *slash = memchr(text, '/', size);
	struct report_quote quote;

	sg_report_quote(&quote, text, size);
	switch (problem) {
	case SG_ADDR_HOST_BITS:
		sg_report_error(report, id, span, "'%s' has bits set behind its prefix length", quote.text);
		addresses_hint_host_bits(report, text, size, family, range);
		return;
	case SG_ADDR_REVERSED:
		sg_report_error(report, id, span, "the range '%s' ends before it begins", quote.text);
		if (dash)
			sg_report_hint(report, "did you mean '%.*s-%.*s'?", (int)(text + size - dash - 1), dash + 1,
				       (int)(dash - text), text);
		return;
	case SG_ADDR_MIXED:
		sg_report_error(report, id, span, "the range '%s' goes from one address family to the other",
				quote.text);
		sg_report_hint(report, "write a range for each family");
		return;
	case SG_ADDR_BAD_LENGTH:
		sg_report_error(report, id, span, "the prefix length of '%s' is not a number from 0 to %s", quote.text,
				memchr(text, ':', size) ? "128" : "32");
		if (slash && memchr(slash, '.', (size_t)(text + size - slash)))
			sg_addresses_hint_mask(report, text, size);
		return;
	case SG_ADDR_OK:
	case SG_ADDR_NOT_AN_ADDRESS: break;
	}
	sg_report_error(report, id, span, "'%s' is not an address, prefix or range", quote.text);
	sg_addresses_hint(report, text, size);
}

bool sg_addresses_is_mapped(enum sg_family family, const struct sg_range *range)
{
	/* all of ::ffff:0:0/96 stands in lists of addresses that nobody has */
	return family == SG_IPV6 && range->first >> 32 == 0xffff && range->last >> 32 == 0xffff &&
	       range->last - range->first < UINT32_MAX;
}

void sg_addresses_report_mapped(struct report *report, struct sg_span span, const char *text, size_t size,
				const struct sg_range *range)
{
	struct sg_range meant = {range->first & UINT32_MAX, range->last & UINT32_MAX};
	char right[SG_RANGE_TEXT_SIZE];
	struct report_quote quote;

	sg_range_format(SG_IPV4, &meant, right);
	sg_report_error(report, "policy/mapped-address", span,
			"'%s' is an IPv4 address in the form of IPv6, and no IPv4 packet has it",
			sg_report_quote(&quote, text, size));
	sg_report_hint(report, "write '%s'", right);
}

/* What other firewalls call all addresses. */
static bool addresses_means_all(const char *text)
{
	static const char *const words[] = {"any",  "all",   "anywhere", "everywhere", "everyone",
					    "both", "world", "internet", "public",     "everybody"};

	for (size_t i = 0; i < SG_COUNT(words); i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

static void addresses_refuse_name(struct reader *reader, uint32_t node)
{
	const char *text = doc_text(&reader->doc, node), *near;
	struct report_quote quote;

	reader_error(reader, node, "policy/unknown-name", "unknown group '%s'", sg_reader_quote(reader, node, &quote));
	if (!sg_reader_wants_hint(reader))
		return;
	near = sg_names_nearest(&reader->groups, text);
	if (addresses_means_all(text))
		reader_hint(reader, SG_ADDRESSES_HINT_ALL);
	else if (near)
		reader_hint(reader, "did you mean '%s'?", near);
	else if (strchr(text, '.') || !strcmp(text, "localhost"))
		reader_hint(reader, "host names are never looked up: write the address");
	else
		reader_hint(reader, "name it under 'groups'");
}

enum addresses_word sg_addresses_word(struct reader *reader, uint32_t node, struct merge_addresses *merge,
				      size_t *ret_group)
{
	const char *text = doc_text(&reader->doc, node);
	size_t size = doc_node(&reader->doc, node)->size;
	enum sg_addr_problem problem;
	enum sg_family family = SG_IPV4;
	struct sg_range range = {0, 0};

	problem = sg_range_parse(text, size, &family, &range);
	if (problem == SG_ADDR_OK && sg_addresses_is_mapped(family, &range)) {
		sg_addresses_report_mapped(&reader->report, doc_span(&reader->doc, node), text, size, &range);
		return ADDRESSES_BAD;
	}
	if (problem == SG_ADDR_OK)
		return sg_merge_add_range(reader, merge, family, &range) ? ADDRESSES_LITERAL : ADDRESSES_BAD;
	if (sg_word_is_name(text, size)) {
		*ret_group = sg_names_find(&reader->groups, text);
		if (*ret_group != NAMES_NONE)
			return ADDRESSES_GROUP;
		addresses_refuse_name(reader, node);
		return ADDRESSES_BAD;
	}
	sg_addresses_report(&reader->report, doc_span(&reader->doc, node), text, size, problem, family, &range);
	return ADDRESSES_BAD;
}

bool sg_addresses_read(struct reader *reader, uint32_t list, struct sg_addresses *ret)
{
	sg_cleanup(sg_merge_clear_addresses) struct merge_addresses merge = {0};
	bool good = true;
	size_t group;

	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		switch (sg_addresses_word(reader, item, &merge, &group)) {
		case ADDRESSES_LITERAL: break;
		case ADDRESSES_GROUP:
			if (sg_merge_add_set(reader, &merge, &reader->policy->groups[group].group.addresses))
				break;
			return false;
		case ADDRESSES_BAD: good = false; break;
		}
		if (reader->failed)
			return false;
	}
	return good && sg_merge_take_addresses(reader, list, &merge, ret);
}
