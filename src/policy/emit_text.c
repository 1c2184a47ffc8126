/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "base/mem.h"
#include "policy/emit_text.h"
#include "policy/keys.h"
#include "policy/word.h"

/* Narrower than YAML's own rules: what is plain here is plain in every context. */
static bool emit_is_plain(const char *text)
{
	size_t size = strlen(text);

	if (!size || !sg_word_is_alphanumeric(text[0]) || sg_word_is_trap(text))
		return false;
	for (size_t i = 1; i < size; i++) {
		if (sg_word_is_alphanumeric(text[i]) || strchr("._/+-", text[i]))
			continue;
		/* one within the text: not at its end, not before a blank */
		if (!strchr(": ", text[i]) || i + 1 == size || text[i + 1] == ' ')
			return false;
	}
	return true;
}

void sg_emit_scalar(struct sg_buf *buf, const char *text)
{
	if (emit_is_plain(text)) {
		sg_buf_adds(buf, text);
		return;
	}
	sg_buf_addc(buf, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			sg_buf_addc(buf, '\\');
		sg_buf_addc(buf, *text);
	}
	sg_buf_addc(buf, '"');
}

/* Bytes since the last line end: never fewer than columns. */
static size_t emit_column(const struct sg_buf *buf)
{
	const char *end = buf->size ? memrchr(buf->data, '\n', buf->size) : NULL;

	return end ? buf->size - (size_t)(end + 1 - buf->data) : buf->size;
}

static void emit_item(struct sg_buf *buf, const char *text, bool file)
{
	sg_buf_adds(buf, file ? "{file: " : "");
	sg_emit_scalar(buf, text);
	sg_buf_adds(buf, file ? "}" : "");
}

static void emit_some(struct sg_buf *buf, const struct model_words *words, const bool *file, size_t indent)
{
	sg_buf_addc(buf, '[');
	for (size_t i = 0; i < words->count; i++) {
		size_t before = buf->size;

		if (i)
			sg_buf_adds(buf, ", ");
		emit_item(buf, words->items[i], file && file[i]);
		if (!i || emit_column(buf) < EMIT_WIDTH)
			continue;
		sg_buf_truncate(buf, before);
		sg_buf_adds(buf, ",\n");
		sg_buf_pad(buf, ' ', indent);
		emit_item(buf, words->items[i], file && file[i]);
	}
	sg_buf_addc(buf, ']');
}

void sg_emit_items(struct sg_buf *buf, const struct model_words *words, const bool *file, size_t indent)
{
	if (words->count == 1)
		emit_item(buf, words->items[0], file && file[0]);
	else
		emit_some(buf, words, file, indent);
}

void sg_emit_words(struct sg_buf *buf, const struct model_words *words, size_t indent)
{
	sg_emit_items(buf, words, NULL, indent);
}

void sg_emit_list(struct sg_buf *buf, const struct model_words *words, size_t indent)
{
	emit_some(buf, words, NULL, indent);
}

void sg_emit_log(struct sg_buf *buf, const struct sg_log *log)
{
	struct sg_rate usual = MODEL_LOG_RATE;
	bool rated = log->rate.count != usual.count || log->rate.seconds != usual.seconds;

	if (log->label && !rated && !log->has_group) {
		sg_emit_scalar(buf, log->label);
		return;
	}
	sg_buf_adds(buf, log->label || log->has_group ? "{" : "");
	if (log->label) {
		sg_buf_addf(buf, "%s: ", sg_keys_name(KEY_LABEL));
		sg_emit_scalar(buf, log->label);
		sg_buf_adds(buf, ", ");
	}
	if (log->label || log->has_group)
		sg_buf_addf(buf, "%s: ", sg_keys_name(KEY_RATE));
	sg_buf_addf(buf, "%u/%s", log->rate.count, sg_word_rate_unit(log->rate.seconds));
	if (log->has_group)
		sg_buf_addf(buf, ", %s: %u", sg_keys_name(KEY_GROUP), (unsigned int)log->group);
	sg_buf_adds(buf, log->label || log->has_group ? "}" : "");
}

static void emit_pair(struct sg_buf *buf, const struct emit_pair *pair, size_t indent)
{
	sg_buf_adds(buf, pair->key);
	if (pair->words || pair->scalar || pair->raw)
		sg_buf_adds(buf, ": ");
	if (pair->words)
		sg_emit_words(buf, pair->words, indent);
	else if (pair->scalar)
		sg_emit_scalar(buf, pair->scalar);
	else if (pair->raw)
		sg_buf_adds(buf, pair->raw);
}

static void emit_flow(struct sg_buf *buf, const struct emit_pair *pairs, size_t count)
{
	sg_buf_addc(buf, '{');
	for (size_t i = 0; i < count; i++) {
		sg_buf_adds(buf, i ? ", " : "");
		emit_pair(buf, &pairs[i], 0);
	}
	sg_buf_addc(buf, '}');
}

void sg_emit_mapping(struct sg_buf *buf, const struct emit_pair *pairs, size_t count, size_t indent)
{
	size_t before = buf->size;
	bool behind_key = before && buf->data[before - 1] == ':';

	sg_buf_adds(buf, behind_key ? " " : "");
	emit_flow(buf, pairs, count);
	if (!count || buf->failed ||
	    (emit_column(buf) <= EMIT_WIDTH && !memchr(buf->data + before, '\n', buf->size - before)))
		return;
	sg_buf_truncate(buf, before);
	for (size_t i = 0; i < count; i++) {
		if (i || behind_key) {
			sg_buf_addc(buf, '\n');
			sg_buf_pad(buf, ' ', indent);
		}
		emit_pair(buf, &pairs[i], indent + 2);
		/* in a flow mapping a key may stand alone */
		if (!pairs[i].words && !pairs[i].scalar && !pairs[i].raw)
			sg_buf_addc(buf, ':');
	}
}
