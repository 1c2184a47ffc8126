/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listing.c - tables, chains and sets as nft's text.
 *
 * The layout is that of `nft list table`. Lists of elements are wrapped; elements with a verdict or a comment stand on
 * a line of their own.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "nft/listing.h"
#include "sockgate/listing.h"

#define LISTING_COLUMNS 100
#define LISTING_TAB     8

/* Ends the listing with the place that cannot be said. Returns -1. */
static int listing_fail(struct sg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int listing_fail(struct sg_error *err, const char *format, ...)
{
	char what[SG_NFT_NAME_SIZE + 64];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return sg_error_set(err, SG_ERROR_LIMIT, 0, "%s cannot be written as nft's text", what);
}

static bool listing_comment(struct sg_buf *out, const char *comment)
{
	if (!comment)
		return true;
	sg_buf_adds(out, "\t\tcomment ");
	if (!sg_listing_quoted(out, comment))
		return false;
	sg_buf_addc(out, '\n');
	return true;
}

/* ---------------------------------------------------------------- sets */

static bool listing_type(struct sg_buf *out, const struct sg_set *set)
{
	const struct datatype *fields[DATATYPE_FIELDS];
	size_t count = sg_datatype_split(set->key_type, fields), length = 0;

	for (size_t i = 0; i < count; i++) {
		length += count > 1 ? sg_datatype_padded(fields[i]->length) : fields[i]->length;
		sg_buf_addf(out, "%s%s", i ? " . " : "\t\ttype ", fields[i]->name);
		if (count > 1 && (i >= set->field_count || set->field_length[i] != fields[i]->length))
			return false;
	}
	if (!count || length != set->key_length)
		return false;
	sg_buf_adds(out, set->flags & SG_SET_MAP ? " : verdict\n" : "\n");
	return true;
}

static bool listing_flags(struct sg_buf *out, const struct sg_set *set)
{
	const struct {
		uint32_t bit;
		const char *name;
	} flags[] = {{SG_SET_CONSTANT, "constant"},
		     {SG_SET_EVAL, "dynamic"},
		     {SG_SET_INTERVAL, "interval"},
		     {SG_SET_TIMEOUT, "timeout"}};
	const char *before = "\t\tflags ";
	uint32_t rest = set->flags & ~(SG_SET_MAP | SG_SET_CONCAT);

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(rest & flags[i].bit))
			continue;
		sg_buf_addf(out, "%s%s", before, flags[i].name);
		before = ",";
		rest &= ~flags[i].bit;
	}
	if (*before == ',')
		sg_buf_addc(out, '\n');
	/* nft says that a concatenation is one when, and only when, it has intervals */
	bool concat = (set->flags & SG_SET_INTERVAL) && set->field_count > 1;

	return !rest && concat == ((set->flags & SG_SET_CONCAT) != 0);
}

static bool listing_key(struct sg_buf *out, const struct sg_set *set, const struct datatype *const *fields,
			size_t field_count, size_t index)
{
	const uint8_t *first = set->keys + index * sg_set_stride(set);
	const uint8_t *last = set->flags & SG_SET_INTERVAL ? first + set->key_length : NULL;

	for (size_t i = 0, at = 0; i < field_count; i++) {
		if (i)
			sg_buf_adds(out, " . ");
		if (!sg_listing_value(out, fields[i]->number, first + at, last ? last + at : NULL))
			return false;
		at += sg_datatype_padded(fields[i]->length);
	}
	return true;
}

static bool listing_element(struct sg_buf *out, const struct sg_set *set, const struct datatype *const *fields,
			    size_t field_count, size_t index)
{
	bool catch_all = index == set->count;
	const char *comment = set->comments && !catch_all ? set->comments[index] : NULL;

	if (catch_all)
		sg_buf_addc(out, '*');
	else if (!listing_key(out, set, fields, field_count, index))
		return false;
	if (comment) {
		sg_buf_adds(out, " comment ");
		if (!sg_listing_quoted(out, comment))
			return false;
	}
	if (!(set->flags & SG_SET_MAP))
		return true;
	sg_buf_adds(out, " : ");
	return sg_listing_verdict(out, catch_all ? &set->catch_all_verdict : &set->verdicts[index]);
}

static bool listing_elements(struct sg_buf *out, const struct sg_set *set)
{
	const struct datatype *fields[DATATYPE_FIELDS];
	size_t field_count = sg_datatype_split(set->key_type, fields), total = set->count + (set->catch_all ? 1 : 0);
	static const char head[] = "\t\telements = { ";
	size_t line = out->size;
	bool alone = set->flags & SG_SET_MAP || set->comments;

	if (!total)
		return true;
	sg_buf_adds(out, head);
	for (size_t i = 0; i < total && !out->failed; i++) {
		size_t start = out->size;

		if (!listing_element(out, set, fields, field_count, i))
			return false;
		if (i + 1 == total)
			break;
		sg_buf_addc(out, ',');
		/* the next one is about as long as this one */
		if (alone || out->size - line + (out->size - start) > LISTING_COLUMNS - 2 * LISTING_TAB) {
			sg_buf_addc(out, '\n');
			line = out->size;
			sg_buf_adds(out, "\t\t\t     ");
		} else {
			sg_buf_addc(out, ' ');
		}
	}
	sg_buf_adds(out, " }\n");
	return true;
}

static int listing_set(struct sg_buf *out, const struct sg_set *set, struct sg_error *err)
{
	bool map = set->flags & SG_SET_MAP;

	sg_buf_adds(out, map ? "\tmap " : "\tset ");
	if (set->unknown || set->raw || set->flags & SG_SET_ANONYMOUS || !sg_listing_name(out, set->name))
		return listing_fail(err, "set '%s'", set->name);
	sg_buf_adds(out, " {\n");
	if ((map && (set->data_type != DATATYPE_VERDICT || (set->count && !set->verdicts))) || !listing_type(out, set))
		return listing_fail(err, "the type of set '%s'", set->name);
	if (set->size)
		sg_buf_addf(out, "\t\tsize %u\n", set->size);
	if (!listing_flags(out, set))
		return listing_fail(err, "a flag of set '%s'", set->name);
	if (set->timeout) {
		sg_buf_adds(out, "\t\ttimeout ");
		sg_listing_time(out, set->timeout);
		sg_buf_addc(out, '\n');
	}
	if (!listing_comment(out, set->comment))
		return listing_fail(err, "the comment of set '%s'", set->name);
	if (!listing_elements(out, set))
		return listing_fail(err, "an element of set '%s'", set->name);
	sg_buf_adds(out, "\t}\n");
	return 0;
}

/* ---------------------------------------------------------------- chains */

static void listing_priority(struct sg_buf *out, const struct sg_chain *chain)
{
	/* include/uapi/linux/netfilter_ipv4.h: NF_IP_PRI_*, as nft names them */
	static const struct {
		int32_t priority;
		const char *name;
		uint32_t hooks;
	} names[] = {
		{-300, "raw", ~0U},
		{-150, "mangle", ~0U},
		{0, "filter", ~0U},
		{50, "security", ~0U},
		{-100, "dstnat", 1U << NF_INET_PRE_ROUTING},
		{100, "srcnat", 1U << NF_INET_POST_ROUTING},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].priority == chain->priority && names[i].hooks & 1U << chain->hook) {
			sg_buf_adds(out, names[i].name);
			return;
		}
	}
	sg_buf_addf(out, "%d", chain->priority);
}

static bool listing_base(struct sg_buf *out, const struct sg_chain *chain)
{
	static const char *const hooks[] = {"prerouting", "input", "forward", "output", "postrouting"};

	if (chain->hook >= sizeof(hooks) / sizeof(hooks[0]) || chain->device || chain->policy > NF_ACCEPT ||
	    (strcmp(chain->type, "filter") != 0 && strcmp(chain->type, "nat") != 0 &&
	     strcmp(chain->type, "route") != 0))
		return false;
	sg_buf_addf(out, "\t\ttype %s hook %s priority ", chain->type, hooks[chain->hook]);
	listing_priority(out, chain);
	sg_buf_addf(out, "; policy %s;\n", chain->policy == NF_ACCEPT ? "accept" : "drop");
	return true;
}

static int listing_chain(struct sg_buf *out, const struct sg_table *table, const struct sg_chain *chain,
			 struct sg_error *err)
{
	sg_buf_adds(out, "\tchain ");
	if (chain->unknown || !sg_listing_name(out, chain->name))
		return listing_fail(err, "chain '%s'", chain->name);
	sg_buf_adds(out, " {\n");
	if (!listing_comment(out, chain->comment))
		return listing_fail(err, "the comment of chain '%s'", chain->name);
	if (chain->is_base && !listing_base(out, chain))
		return listing_fail(err, "the hook of chain '%s'", chain->name);
	for (size_t i = 0; i < chain->rule_count; i++) {
		sg_buf_adds(out, "\t\t");
		if (!sg_listing_rule(out, table, &chain->rules[i]))
			return listing_fail(err, "rule %zu of chain '%s'", i + 1, chain->name);
		sg_buf_addc(out, '\n');
	}
	sg_buf_adds(out, "\t}\n");
	return 0;
}

/* ---------------------------------------------------------------- tables */

static int listing_content(struct sg_buf *out, const struct sg_table *table, struct sg_error *err)
{
	bool blank = table->comment || table->flags;

	if (table->flags & ~(uint32_t)NFT_TABLE_F_DORMANT)
		return listing_fail(err, "a flag of table '%s'", table->name);
	if (table->flags)
		sg_buf_adds(out, "\tflags dormant\n");
	if (table->comment) {
		sg_buf_adds(out, "\tcomment ");
		if (!sg_listing_quoted(out, table->comment))
			return listing_fail(err, "the comment of table '%s'", table->name);
		sg_buf_addc(out, '\n');
	}
	for (size_t i = 0; i < table->set_count; i++, blank = true) {
		if (blank)
			sg_buf_addc(out, '\n');
		if (listing_set(out, &table->sets[i], err) < 0)
			return -1;
	}
	for (size_t i = 0; i < table->chain_count; i++, blank = true) {
		if (blank)
			sg_buf_addc(out, '\n');
		if (listing_chain(out, table, &table->chains[i], err) < 0)
			return -1;
	}
	return 0;
}

static const char *listing_family(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	default: return NULL;
	}
}

int sg_listing_table(const struct sg_table *table, struct sg_buf *out, struct sg_error *err)
{
	const char *family = listing_family(table->family);
	size_t before = out->size;
	int result;

	if (!family || table->unknown || table->object_count || table->flowtable_count)
		return listing_fail(err, "table '%s'", table->name);
	sg_buf_addf(out, "table %s ", family);
	if (sg_listing_name(out, table->name)) {
		sg_buf_adds(out, " {\n");
		result = listing_content(out, table, err);
		sg_buf_adds(out, "}\n");
	} else {
		result = listing_fail(err, "the name of table '%s'", table->name);
	}
	if (result == 0 && out->failed)
		result = sg_error_nomem(err);
	if (result < 0 && !out->failed)
		sg_buf_truncate(out, before);
	return result;
}
