/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * line_terms.c - what a line says beside the packets that it is of: how many, for whom, how long, and what is logged.
 *
 * The other host is the source of what comes in and the destination of what leaves, and is called so: 'per source'
 * under 'allow', 'per destination' under 'outbound'.
 */
#include "base/mem.h"
#include "base/num.h"
#include "policy/emit_text.h"
#include "policy/lines.h"
#include "policy/word.h"

static enum word_peer terms_peer(const struct model_line *line)
{
	return line->line.direction == SG_OUT ? WORD_PEER_DESTINATION : WORD_PEER_SOURCE;
}

static bool terms_limit(struct reader *reader, uint32_t node, struct model_line *line)
{
	struct word_rate rate = {.has_unit = true, .peer = terms_peer(line)};

	if (!node)
		return true;
	if (!sg_word_rate(reader, node, sg_keys_name(KEY_LIMIT), &rate))
		return false;
	line->line.limit = rate.rate;
	line->line.limit_per_peer = rate.per_peer;
	line->limit = rate.text;
	return true;
}

static bool terms_connections(struct reader *reader, uint32_t node, struct model_line *line)
{
	struct word_rate rate = {.peer = terms_peer(line)};

	if (!node)
		return true;
	if (!sg_word_rate(reader, node, sg_keys_name(KEY_CONNECTIONS), &rate))
		return false;
	line->line.connections = rate.rate.count;
	line->line.connections_per_peer = rate.per_peer;
	line->connections = rate.text;
	return true;
}

static bool terms_until(struct reader *reader, uint32_t node, struct model_line *line)
{
	if (!node)
		return true;
	line->line.has_until = sg_word_time(reader, node, sg_keys_name(KEY_UNTIL), &line->line.until, &line->until);
	return line->line.has_until;
}

/* ---- Logs ---- */

static bool terms_rate(struct reader *reader, uint32_t node, enum key_id id, struct sg_log *log)
{
	struct word_rate rate = {.has_unit = true, .peer = WORD_PEER_NONE};

	if (!sg_word_rate(reader, node, sg_keys_name(id), &rate))
		return false;
	log->rate = rate.rate;
	return true;
}

static bool terms_group(struct reader *reader, uint32_t node, struct sg_log *log)
{
	struct report_quote quote;
	uint64_t number;

	if (!sg_num_parse(doc_text(&reader->doc, node), doc_node(&reader->doc, node)->size, UINT16_MAX, &number)) {
		reader_error(reader, node, "policy/bad-value", "'group' is a number of 0 to 65535, not '%s'",
			     sg_reader_quote(reader, node, &quote));
		return false;
	}
	log->has_group = true;
	log->group = (uint16_t)number;
	return true;
}

/* {label: scrape, rate: 10/minute, group: 5}; `id` is which of the two. */
static bool terms_log_mapping(struct reader *reader, uint32_t mapping, enum key_id id, struct sg_log *log)
{
	enum sg_key_place place = id == KEY_LOG ? SG_KEY_LOG : SG_KEY_LOG_BLOCKED;
	enum key_id needed = id == KEY_LOG ? KEY_LABEL : KEY_RATE;
	size_t errors = reader->report.errors;
	struct keys_values values;

	sg_keys_read(reader, mapping, place, &values, NULL, NULL);
	if (!values.key[needed]) {
		reader_error(reader, mapping, "policy/missing-key", "'%s' is missing", sg_keys_name(needed));
		reader_hint(reader, "%s: %s", sg_keys_name(needed), sg_keys_doc(needed));
	}
	if (values.value[KEY_LABEL])
		sg_word_label(reader, values.value[KEY_LABEL], sg_keys_name(KEY_LABEL), &log->label);
	if (values.value[KEY_RATE])
		terms_rate(reader, values.value[KEY_RATE], KEY_RATE, log);
	if (values.value[KEY_GROUP])
		terms_group(reader, values.value[KEY_GROUP], log);
	return reader->report.errors == errors && !reader->failed;
}

bool sg_line_log(struct reader *reader, uint32_t value, enum key_id id, const struct sg_log **ret)
{
	struct sg_log *log = sg_arena_alloc(&reader->policy->arena, 1, sizeof(*log));

	if (!log)
		return sg_reader_nomem(reader);
	log->rate = MODEL_LOG_RATE;
	if (doc_node(&reader->doc, value)->kind == DOC_MAPPING) {
		if (!terms_log_mapping(reader, value, id, log))
			return false;
	} else if (id == KEY_LOG ? !sg_word_label(reader, value, sg_keys_name(id), &log->label)
				 : !terms_rate(reader, value, id, log)) {
		return false;
	}
	*ret = log;
	return true;
}

static bool terms_log(struct reader *reader, uint32_t node, struct model_line *line)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	if (!node)
		return true;
	if (!sg_line_log(reader, node, KEY_LOG, &line->line.log))
		return false;
	sg_emit_log(&text, line->line.log);
	line->log = text.failed ? NULL : sg_arena_string(&reader->policy->arena, text.data, text.size);
	return line->log || sg_reader_nomem(reader);
}

/* ---- All of them ---- */

bool sg_line_terms(struct reader *reader, const struct keys_values *values, struct model_line *line)
{
	const uint32_t *value = values->value;
	bool good = true;

	if (value[KEY_UNIT])
		good = sg_word_unit(reader, value[KEY_UNIT], sg_keys_name(KEY_UNIT), &line->line.unit) && good;
	good = terms_limit(reader, value[KEY_LIMIT], line) && good;
	good = terms_connections(reader, value[KEY_CONNECTIONS], line) && good;
	good = terms_log(reader, value[KEY_LOG], line) && good;
	good = terms_until(reader, value[KEY_UNTIL], line) && good;
	return good && !reader->failed;
}
