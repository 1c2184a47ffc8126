/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode_set.c - sets and their elements.
 *
 * A set of intervals with one field is a tree of boundaries in the kernel (nft_set_rbtree.c): each interval is its start
 * and the first key behind it, the end. While messages come in, such an element is kept as its key and, in the place of
 * the last key, whether it is an end (0) or a start (1): sorted, an end comes before a start at the same key.
 * sg_wire_finish makes intervals of them.
 *
 * A start behind all others needs no end: the interval reaches to the last key. In an anonymous set two starts in a row
 * are neighbours, and nft leaves out the end between them. An end at key 0 means nothing; nft writes one. Kernels differ
 * in what packets match at any other boundary without its counterpart (docs/kernel-facts.md), and sockgate does not
 * know which kernel reads the set: a set with such a boundary is unknown.
 */
#include <string.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/udata.h>

#include "base/mem.h"
#include "nft/datatype.h"
#include "nft/decode.h"

#define DECODE_SET_TYPE  19 /* NFTA_SET_TYPE and NFTA_SET_COUNT of newer kernels: the backend's name and its fill */
#define DECODE_SET_COUNT 20

int sg_decode_set_unknown(struct sg_set *set, const char *reason, struct sg_error *err)
{
	set->unknown = true;
	if (set->unknown_reason)
		return 0;
	set->unknown_reason = strdup(reason);
	return set->unknown_reason ? 0 : sg_error_nomem(err);
}

struct sg_set *sg_decode_find_set(struct sg_table *table, const char *name)
{
	const struct sg_set *set = sg_table_set(table, name);

	return set ? &table->sets[set - table->sets] : NULL;
}

static bool decode_tree(const struct sg_set *set)
{
	return (set->flags & SG_SET_INTERVAL) && !(set->flags & SG_SET_CONCAT);
}

/* NFTA_SET_DESC_CONCAT: the length of each field. */
static int decode_fields(struct sg_set *set, const struct attr *concat, struct sg_error *err)
{
	struct attr_list fields = sg_attr_nest(concat);
	struct attr field;
	size_t padded = 0;

	while (sg_attr_next(&fields, &field)) {
		struct decode_attrs attrs;
		uint32_t length = 0;

		if (sg_decode_collect(sg_attr_nest(&field), DECODE_BIT(NFTA_SET_FIELD_LEN), &attrs, err) < 0 ||
		    sg_decode_u32(&attrs, NFTA_SET_FIELD_LEN, &length, err) < 0)
			return -1;
		if (attrs.unknown || !length || length > SG_NFT_DATA_SIZE || set->field_count == SG_NFT_REGISTERS)
			return sg_decode_set_unknown(set, "its fields are not understood", err);
		set->field_length[set->field_count++] = (uint8_t)length;
		padded += sg_datatype_padded(length);
	}
	if (fields.torn)
		return sg_decode_malformed("field does not fit", err);
	if (padded != set->key_length || set->field_count < 2)
		return sg_decode_set_unknown(set, "its fields do not add up to its key", err);
	return 0;
}

/* The fields of an exact concatenation are nowhere but in the type's number; it is user space's, so only if they fit.
 */
static void decode_fields_of_type(struct sg_set *set)
{
	const struct datatype *fields[DATATYPE_FIELDS];
	size_t count = sg_datatype_split(set->key_type, fields), padded = 0;

	for (size_t i = 0; i < count; i++)
		padded += sg_datatype_padded(fields[i]->length);
	if (count < 2 || padded != set->key_length)
		return;
	for (size_t i = 0; i < count; i++)
		set->field_length[i] = fields[i]->length;
	set->field_count = count;
}

static int decode_description(struct sg_set *set, const struct decode_attrs *attrs, struct sg_error *err)
{
	const uint64_t known = DECODE_BIT(NFTA_SET_DESC_SIZE) | DECODE_BIT(NFTA_SET_DESC_CONCAT);
	struct decode_attrs desc;

	if (!sg_decode_has(attrs, NFTA_SET_DESC)) {
		if (set->flags & SG_SET_CONCAT)
			return sg_decode_set_unknown(set, "a concatenation without fields", err);
		decode_fields_of_type(set);
		return 0;
	}
	if (sg_decode_collect(sg_attr_nest(&attrs->at[NFTA_SET_DESC]), known, &desc, err) < 0 ||
	    sg_decode_u32(&desc, NFTA_SET_DESC_SIZE, &set->size, err) < 0)
		return -1;
	if (desc.unknown)
		return sg_decode_set_unknown(set, "an attribute of its description is not understood", err);
	if (sg_decode_has(&desc, NFTA_SET_DESC_CONCAT) != ((set->flags & SG_SET_CONCAT) != 0))
		return sg_decode_set_unknown(set, "a concatenation without fields, or fields without concatenation",
					     err);
	if (sg_decode_has(&desc, NFTA_SET_DESC_CONCAT))
		return decode_fields(set, &desc.at[NFTA_SET_DESC_CONCAT], err);
	decode_fields_of_type(set);
	return 0;
}

/* Why the set is not understood, from its flags and attributes; NULL: it is. */
static const char *decode_set_reason(const struct sg_set *set, const struct decode_attrs *attrs)
{
	const uint32_t known = SG_SET_ANONYMOUS | SG_SET_CONSTANT | SG_SET_INTERVAL | SG_SET_MAP | SG_SET_TIMEOUT |
			       SG_SET_EVAL | SG_SET_CONCAT;

	if (attrs->unknown)
		return "an attribute of it is not understood";
	if (sg_decode_has(attrs, NFTA_SET_OBJ_TYPE) || (set->flags & NFT_SET_OBJECT))
		return "it maps to stateful objects";
	if (sg_decode_has(attrs, NFTA_SET_EXPR) || sg_decode_has(attrs, NFTA_SET_EXPRESSIONS) ||
	    (set->flags & NFT_SET_EXPR))
		return "its elements carry expressions";
	/* what packets put into a map would decide */
	if ((set->flags & SG_SET_EVAL) && (set->flags & SG_SET_MAP))
		return "packets may change it";
	if (set->timeout && !(set->flags & SG_SET_TIMEOUT))
		return "it has a timeout, and is not flagged so";
	if (set->flags & ~known)
		return "it has a flag that is not understood";
	if ((set->flags & SG_SET_MAP) && set->data_type != DATATYPE_VERDICT)
		return "it maps to something else than verdicts";
	if (!set->key_length || set->key_length > SG_NFT_DATA_SIZE)
		return "its keys have a length that is not possible";
	return NULL;
}

static int decode_set_members(struct sg_set *set, const struct decode_attrs *attrs, struct sg_error *err)
{
	const char *reason;

	set->raw = true;
	if (sg_decode_u32(attrs, NFTA_SET_FLAGS, &set->flags, err) < 0 ||
	    sg_decode_u32(attrs, NFTA_SET_KEY_TYPE, &set->key_type, err) < 0 ||
	    sg_decode_u32(attrs, NFTA_SET_KEY_LEN, &set->key_length, err) < 0 ||
	    sg_decode_u32(attrs, NFTA_SET_DATA_TYPE, &set->data_type, err) < 0 ||
	    sg_decode_u32(attrs, DECODE_SET_COUNT, &set->filled, err) < 0 ||
	    sg_decode_u64(attrs, NFTA_SET_TIMEOUT, &set->timeout, err) < 0 ||
	    sg_decode_u64(attrs, NFTA_SET_HANDLE, &set->handle, err) < 0 ||
	    sg_decode_udata_text(&attrs->at[NFTA_SET_USERDATA], NFTNL_UDATA_SET_COMMENT, &set->comment, err) < 0)
		return -1;
	reason = decode_set_reason(set, attrs);
	if (reason && sg_decode_set_unknown(set, reason, err) < 0)
		return -1;
	return decode_description(set, attrs, err);
}

int sg_decode_set(struct sg_table *table, struct attr_list list, struct sg_error *err)
{
	const uint64_t known =
		DECODE_BIT(NFTA_SET_TABLE) | DECODE_BIT(NFTA_SET_NAME) | DECODE_BIT(NFTA_SET_FLAGS) |
		DECODE_BIT(NFTA_SET_KEY_TYPE) | DECODE_BIT(NFTA_SET_KEY_LEN) | DECODE_BIT(NFTA_SET_DATA_TYPE) |
		DECODE_BIT(NFTA_SET_DATA_LEN) | DECODE_BIT(NFTA_SET_POLICY) | DECODE_BIT(NFTA_SET_DESC) |
		DECODE_BIT(NFTA_SET_ID) | DECODE_BIT(NFTA_SET_TIMEOUT) | DECODE_BIT(NFTA_SET_GC_INTERVAL) |
		DECODE_BIT(NFTA_SET_USERDATA) | DECODE_BIT(NFTA_SET_PAD) | DECODE_BIT(NFTA_SET_OBJ_TYPE) |
		DECODE_BIT(NFTA_SET_HANDLE) | DECODE_BIT(NFTA_SET_EXPR) | DECODE_BIT(NFTA_SET_EXPRESSIONS) |
		DECODE_BIT(DECODE_SET_TYPE) | DECODE_BIT(DECODE_SET_COUNT);
	char name[SG_NFT_NAME_SIZE];
	struct decode_attrs attrs;

	if (sg_decode_collect(list, known, &attrs, err) < 0 || sg_decode_name(&attrs, NFTA_SET_NAME, name, err) < 0)
		return -1;
	struct sg_set *set = sg_table_add_set(table, name, err);

	if (!set)
		return -1;
	if (decode_set_members(set, &attrs, err) < 0) {
		sg_set_clear(&table->sets[--table->set_count]);
		return -1;
	}
	return 0;
}

/* One element as its attributes say. */
struct decode_element {
	struct attr key, key_end, data, udata;
	uint32_t flags;
	const char *odd; /* why it is not understood, NULL: it is */
};

/* The value in an NFTA_SET_ELEM_KEY, of the set's key length. */
static int decode_key(const struct sg_set *set, const struct attr *nest, struct attr *ret, struct sg_error *err)
{
	struct attr_list list = sg_attr_nest(nest);

	if (!sg_attr_next(&list, ret) || ret->type != NFTA_DATA_VALUE || ret->size != set->key_length || list.left)
		return sg_decode_malformed("key of another form than its set's", err);
	return 0;
}

static int decode_element_attrs(const struct sg_set *set, struct attr_list list, struct decode_element *ret,
				struct sg_error *err)
{
	struct attr attr;

	while (sg_attr_next(&list, &attr)) {
		switch (attr.type) {
		case NFTA_SET_ELEM_KEY:
			if (decode_key(set, &attr, &ret->key, err) < 0)
				return -1;
			break;
		case NFTA_SET_ELEM_KEY_END:
			if (decode_key(set, &attr, &ret->key_end, err) < 0)
				return -1;
			break;
		case NFTA_SET_ELEM_FLAGS:
			if (attr.size != sizeof(uint32_t))
				return sg_decode_malformed("number of another size", err);
			ret->flags = sg_attr_be32(&attr);
			break;
		case NFTA_SET_ELEM_DATA: ret->data = attr; break;
		case NFTA_SET_ELEM_USERDATA: ret->udata = attr; break;
		case NFTA_SET_ELEM_TIMEOUT:
		case NFTA_SET_ELEM_EXPIRATION: ret->odd = "an element of it expires"; break;
		case NFTA_SET_ELEM_PAD: break;
		default: ret->odd = "an element of it has an attribute that is not understood"; break;
		}
	}
	return list.torn ? sg_decode_malformed("attribute does not fit", err) : 0;
}

/* The verdict of an element of a map; none is odd, and then DROP stands in its place. */
static int decode_element_verdict(struct decode_element *element, struct sg_nft_verdict *ret, struct sg_error *err)
{
	struct attr_list list = sg_attr_nest(&element->data);
	struct attr value;
	bool odd = true;

	*ret = (struct sg_nft_verdict){.code = SG_CODE_DROP};
	if (element->data.data && sg_attr_next(&list, &value) && value.type == NFTA_DATA_VERDICT &&
	    sg_decode_verdict(&value, ret, &odd, err) < 0)
		return -1;
	if (list.torn)
		return sg_decode_malformed("attribute does not fit", err);
	if (odd)
		element->odd = "the verdict of an element is not understood";
	return 0;
}

static int decode_element_add(struct sg_set *set, const struct decode_element *element,
			      const struct sg_nft_verdict *verdict, struct sg_error *err)
{
	static const uint8_t start[SG_NFT_DATA_SIZE] = {1}, end[SG_NFT_DATA_SIZE] = {0};
	const uint8_t *last = NULL;
	sg_autofree char *comment = NULL;

	if (set->flags & SG_SET_CONCAT && set->flags & SG_SET_INTERVAL)
		last = element->key_end.data ? element->key_end.data : element->key.data;
	else if (set->flags & SG_SET_INTERVAL)
		last = element->flags & NFT_SET_ELEM_INTERVAL_END ? end : start;
	if (sg_decode_udata_text(&element->udata, NFTNL_UDATA_SET_ELEM_COMMENT, &comment, err) < 0)
		return -1;
	return sg_set_add(set, element->key.data, last, verdict, comment, 0, err);
}

static int decode_element(struct sg_set *set, struct attr_list list, struct sg_error *err)
{
	struct decode_element element = {.flags = 0};
	sg_cleanup(sg_nft_verdict_clear) struct sg_nft_verdict verdict = {.code = SG_CODE_DROP};
	bool map = (set->flags & SG_SET_MAP) && set->data_type == DATATYPE_VERDICT;
	bool catch_all, end;

	if (decode_element_attrs(set, list, &element, err) < 0)
		return -1;
	catch_all = element.flags & NFT_SET_ELEM_CATCHALL;
	end = element.flags & NFT_SET_ELEM_INTERVAL_END;
	if (map && !end && decode_element_verdict(&element, &verdict, err) < 0)
		return -1;
	if (element.flags & ~(uint32_t)(NFT_SET_ELEM_CATCHALL | NFT_SET_ELEM_INTERVAL_END) ||
	    (end && (!decode_tree(set) || catch_all)) || (catch_all && (element.key.data || set->catch_all)) ||
	    (element.key_end.data && (decode_tree(set) || !(set->flags & SG_SET_INTERVAL))))
		element.odd = "an element of it is flagged in a way that is not understood";
	if (element.odd && sg_decode_set_unknown(set, element.odd, err) < 0)
		return -1;
	if (catch_all) {
		set->catch_all = true;
		sg_nft_verdict_clear(&set->catch_all_verdict);
		set->catch_all_verdict = verdict;
		verdict = (struct sg_nft_verdict){0};
		return 0;
	}
	if (!element.key.data)
		return sg_decode_malformed("element without key", err);
	return decode_element_add(set, &element, map ? &verdict : NULL, err);
}

/* Takes the elements from `count` on away again. */
static void decode_truncate(struct sg_set *set, size_t count)
{
	for (size_t i = count; i < set->count; i++) {
		if (set->verdicts)
			sg_nft_verdict_clear(&set->verdicts[i]);
		if (set->comments) {
			free(set->comments[i]);
			set->comments[i] = NULL;
		}
	}
	set->count = count;
}

static int decode_element_list(struct sg_table *table, struct sg_set *set, struct attr_list list, struct sg_error *err)
{
	size_t before = set->count;
	struct attr element;
	int result = 0;

	while (result == 0 && sg_attr_next(&list, &element)) {
		if (element.type != NFTA_LIST_ELEM)
			result = sg_decode_malformed("something else than an element in the list", err);
		else if (sg_set_is_filled(set))
			result = sg_decode_filled(table, set, sg_attr_nest(&element), err);
		else
			result = decode_element(set, sg_attr_nest(&element), err);
	}
	if (result == 0 && list.torn)
		result = sg_decode_malformed("element does not fit", err);
	if (result < 0)
		decode_truncate(set, before);
	return result;
}

int sg_decode_elements(struct sg_table *table, struct attr_list list, struct sg_error *err)
{
	const uint64_t known = DECODE_BIT(NFTA_SET_ELEM_LIST_TABLE) | DECODE_BIT(NFTA_SET_ELEM_LIST_SET) |
			       DECODE_BIT(NFTA_SET_ELEM_LIST_ELEMENTS) | DECODE_BIT(NFTA_SET_ELEM_LIST_SET_ID);
	char name[SG_NFT_NAME_SIZE];
	struct decode_attrs attrs;

	if (sg_decode_collect(list, known, &attrs, err) < 0 ||
	    sg_decode_name(&attrs, NFTA_SET_ELEM_LIST_SET, name, err) < 0)
		return -1;
	struct sg_set *set = sg_decode_find_set(table, name);

	if (!set || !set->raw)
		return sg_decode_malformed("elements of a set that is not there", err);
	if (attrs.unknown && sg_decode_set_unknown(set, "an attribute of its elements is not understood", err) < 0)
		return -1;
	/* keys that have no place in the value: the set is unknown, and stays empty */
	if (!set->key_length || set->key_length > SG_NFT_DATA_SIZE ||
	    !sg_decode_has(&attrs, NFTA_SET_ELEM_LIST_ELEMENTS))
		return 0;
	return decode_element_list(table, set, sg_attr_nest(&attrs.at[NFTA_SET_ELEM_LIST_ELEMENTS]), err);
}

/* ---------------------------------------------------------------- intervals */

static void pair_move(struct sg_set *set, size_t to, size_t from)
{
	size_t stride = sg_set_stride(set);

	if (to == from)
		return;
	memcpy(set->keys + to * stride, set->keys + from * stride, stride);
	if (set->verdicts) {
		sg_nft_verdict_clear(&set->verdicts[to]);
		set->verdicts[to] = set->verdicts[from];
		set->verdicts[from] = (struct sg_nft_verdict){0};
	}
	if (set->comments) {
		free(set->comments[to]);
		set->comments[to] = set->comments[from];
		set->comments[from] = NULL;
	}
}

/* Ends the interval at the key before `boundary`; false when that is before its start. */
static bool pair_close(struct sg_set *set, size_t index, const uint8_t *boundary)
{
	size_t length = set->key_length;
	uint8_t *first = set->keys + index * sg_set_stride(set), *last = first + length;

	memcpy(last, boundary, length);
	for (size_t i = length; i-- > 0;) {
		if (last[i]--)
			break;
	}
	return memcmp(first, boundary, length) < 0;
}

static bool pair_is_zero(const struct sg_set *set, const uint8_t *key)
{
	for (size_t i = 0; i < set->key_length; i++) {
		if (key[i])
			return false;
	}
	return true;
}

/* Why boundary `index` of the sorted ones does not make intervals that are certain; NULL: it does. `open` is whether the
 * boundary in front of it is a start. */
static const char *pair_doubt(const struct sg_set *set, size_t index, bool open)
{
	const uint8_t *key = set->keys + index * sg_set_stride(set);
	bool start = key[set->key_length], anonymous = set->flags & SG_SET_ANONYMOUS;

	if (!start)
		return open || pair_is_zero(set, key) ? NULL : "an end in it belongs to no interval";
	if (open)
		return anonymous ? NULL : "an interval of it has no end";
	/* in an anonymous set the kernel takes whichever of an end and a start at one key it meets first */
	if (anonymous && index && !memcmp(key - sg_set_stride(set), key, set->key_length))
		return "its intervals overlap";
	return NULL;
}

/* Makes intervals of the sorted boundaries, in place: there are never more of them. */
static int pair_intervals(struct sg_set *set, struct sg_error *err)
{
	size_t stride = sg_set_stride(set), count = 0;
	const char *doubt = NULL;
	bool open = false;

	for (size_t i = 0; i < set->count; i++) {
		const uint8_t *key = set->keys + i * stride;
		bool start = key[set->key_length];

		if (!doubt)
			doubt = pair_doubt(set, i, open);
		if (open && !pair_close(set, count - 1, key) && !doubt)
			doubt = "its intervals overlap";
		open = start;
		if (start)
			pair_move(set, count++, i);
	}
	if (open)
		memset(set->keys + (count - 1) * stride + set->key_length, 0xff, set->key_length);
	decode_truncate(set, count);
	return doubt ? sg_decode_set_unknown(set, doubt, err) : 0;
}

/*
 * A hash that grows while it is walked starts again from its beginning, and between two pieces of a dump its order
 * changes: elements come twice, and others may be missing instead. No key is twice in a set; where one is, the dump is
 * of no use.
 */
static bool finish_repeats(const struct sg_set *set)
{
	size_t length = set->key_length;

	for (size_t i = 1; i < set->count; i++) {
		if (!memcmp(set->keys + (i - 1) * length, set->keys + i * length, length))
			return true;
	}
	return false;
}

int sg_wire_finish(struct sg_ruleset *ruleset, struct sg_error *err)
{
	for (size_t i = 0; i < ruleset->table_count; i++) {
		for (size_t j = 0; j < ruleset->tables[i].set_count; j++) {
			struct sg_set *set = &ruleset->tables[i].sets[j];

			if (!set->raw)
				continue;
			sg_set_sort(set);
			if (decode_tree(set) && pair_intervals(set, err) < 0)
				return -1;
			if (!(set->flags & SG_SET_INTERVAL) && finish_repeats(set))
				return sg_error_set(err, SG_ERROR_CHANGED, 0,
						    "set '%s' was rearranged while it was read", set->name);
			set->raw = false;
		}
	}
	return 0;
}
