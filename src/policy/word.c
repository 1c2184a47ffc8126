/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "policy/word.h"
#include "sockgate/buf.h"
#include "sockgate/lint.h"

bool sg_word_is_null(const struct doc *doc, uint32_t node)
{
	const char *text = doc_text(doc, node);

	if (doc_node(doc, node)->kind != DOC_SCALAR || !doc_node(doc, node)->plain)
		return false;
	return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") || !strcmp(text, "NULL");
}

bool sg_word_is_trap(const char *text)
{
	/* the YAML 1.1 types "bool" and "null" */
	static const char *const traps[] = {"y", "n",   "yes", "no", "on",  "off",  "true",  "false", "null",
					    "Y", "N",   "Yes", "No", "On",  "Off",  "True",  "False", "Null",
					    "~", "YES", "NO",  "ON", "OFF", "TRUE", "FALSE", "NULL"};

	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		if (!strcmp(text, traps[i]))
			return true;
	return false;
}

static bool word_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool sg_word_is_alphanumeric(char c)
{
	return word_is_letter(c) || (c >= '0' && c <= '9');
}

bool sg_word_is_name(const char *text, size_t size)
{
	if (!size || !word_is_letter(text[0]))
		return false;
	for (size_t i = 1; i < size; i++)
		if (!sg_word_is_alphanumeric(text[i]) && !strchr("._-", text[i]))
			return false;
	return true;
}

bool sg_word_boolean(struct reader *reader, uint32_t node, const char *key, bool *ret)
{
	const char *text = doc_text(&reader->doc, node);
	bool plain = doc_node(&reader->doc, node)->plain;
	struct report_quote quote;

	if (plain && (!strcmp(text, "true") || !strcmp(text, "false"))) {
		*ret = text[0] == 't';
		return true;
	}
	if (plain && sg_word_is_trap(text)) {
		reader_error(reader, node, "policy/yaml-trap", "'%s' is true or false, not '%s'", key,
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, "write '%s: %s'", key,
			    strchr("yYoOtT", text[0]) && text[1] != 'f' && text[1] != 'F' ? "true" : "false");
		return false;
	}
	reader_error(reader, node, "policy/wrong-type", "'%s' is true or false, not '%s'", key,
		     sg_reader_quote(reader, node, &quote));
	if (!strcmp(text, "true") || !strcmp(text, "false"))
		reader_hint(reader, "write it without quotes");
	return false;
}

/* What a plain word would be to other readers of YAML, and is not to us. */
static bool word_refuse_trap(struct reader *reader, uint32_t node, const char *what)
{
	struct report_quote quote;

	if (!doc_node(&reader->doc, node)->plain || !sg_word_is_trap(doc_text(&reader->doc, node)))
		return false;
	reader_error(reader, node, "policy/yaml-trap", "'%s' is not a text in YAML 1.1",
		     sg_reader_quote(reader, node, &quote));
	reader_hint(reader, "if a %s is meant, put it in quotes: \"%s\"", what, quote.text);
	return true;
}

bool sg_word_text(struct reader *reader, uint32_t node, const char *key, const char **ret)
{
	const char *text = doc_text(&reader->doc, node), *refusal;
	size_t size = doc_node(&reader->doc, node)->size;

	if (word_refuse_trap(reader, node, "text"))
		return false;
	if (!size) {
		reader_error(reader, node, "policy/bad-text", "'%s' is empty", key);
		reader_hint(reader, "take it away");
		return false;
	}
	if (size > WORD_TEXT_MOST) {
		reader_error(reader, node, "policy/bad-text", "'%s' is longer than %d bytes", key, WORD_TEXT_MOST);
		reader_hint(reader, "it is kept in the kernel beside the rules; longer explanations fit behind a '#'");
		return false;
	}
	refusal = sg_doc_scan_text(text, size);
	if (refusal) {
		reader_error(reader, node, "policy/bad-text", "'%s' holds %s", key, refusal);
		reader_hint(reader, "write it on one line, with letters that can be seen");
		return false;
	}
	*ret = sg_arena_string(&reader->policy->arena, text, size);
	return *ret || sg_reader_nomem(reader);
}

bool sg_word_name(struct reader *reader, uint32_t node, const char *what, const char **ret)
{
	const char *text = doc_text(&reader->doc, node);
	size_t size = doc_node(&reader->doc, node)->size;
	struct report_quote quote;

	if (word_refuse_trap(reader, node, what))
		return false;
	if (size > WORD_NAME_MOST) {
		reader_error(reader, node, "policy/bad-name", "the name of this %s is longer than %d characters", what,
			     WORD_NAME_MOST);
		return false;
	}
	if (!sg_word_is_name(text, size)) {
		reader_error(reader, node, "policy/bad-name", "'%s' cannot be the name of a %s",
			     sg_reader_quote(reader, node, &quote), what);
		reader_hint(reader, "a name begins with a letter and goes on with letters, digits, '.', '_' and '-'");
		return false;
	}
	*ret = sg_arena_string(&reader->policy->arena, text, size);
	return *ret || sg_reader_nomem(reader);
}

static const char *word_next_choice(size_t i, const void *data)
{
	const char *const *choices = data;

	return choices[i];
}

bool sg_word_choice(struct reader *reader, uint32_t node, const char *key, const char *const *choices,
		    const char *const *foreign, size_t *ret)
{
	const char *text = doc_text(&reader->doc, node), *meant = NULL;
	sg_cleanup(sg_buf_clear) struct sg_buf all = {0};
	struct report_quote quote;

	for (size_t i = 0; choices[i]; i++) {
		if (!strcmp(text, choices[i])) {
			*ret = i;
			return true;
		}
		sg_buf_adds(&all, !i ? "" : choices[i + 1] ? ", " : " or ");
		sg_buf_adds(&all, choices[i]);
	}
	for (size_t i = 0; foreign && foreign[i]; i += 2)
		if (!strcmp(text, foreign[i]))
			meant = foreign[i + 1];
	if (!meant)
		meant = sg_text_nearest(text, word_next_choice, choices);
	reader_error(reader, node, "policy/bad-value", "'%s' is %s, not '%s'", key, all.failed ? "…" : all.data,
		     sg_reader_quote(reader, node, &quote));
	if (meant)
		reader_hint(reader, "did you mean '%s'?", meant);
	return false;
}

static void word_refuse_lint(struct reader *reader, uint32_t node)
{
	const char *text = doc_text(&reader->doc, node), *near = NULL;
	struct report_quote quote;
	char full[64];

	reader_error(reader, node, "policy/unknown-name", "unknown lint '%s'", sg_reader_quote(reader, node, &quote));
	if (!sg_reader_wants_hint(reader))
		return;
	snprintf(full, sizeof(full), "policy/%.50s", text);
	near = sg_lint_known(full) ? full : sg_text_nearest(text, sg_lint_next_id, NULL);
	if (!near)
		near = sg_text_nearest(full, sg_lint_next_id, NULL);
	if (near)
		reader_hint(reader, "did you mean '%s'?", near);
	else
		reader_hint(reader, "'sockgate check --list-lints' has them; errors cannot be ignored");
}

bool sg_word_lints(struct reader *reader, uint32_t list, struct model_words *ret)
{
	bool good = true;

	for (uint32_t item = sg_reader_items(reader, list); item; item = sg_reader_item_next(reader, list, item)) {
		if (sg_lint_known(doc_text(&reader->doc, item)))
			continue;
		word_refuse_lint(reader, item);
		good = false;
	}
	return good && sg_reader_words(reader, list, ret);
}

/* Nothing that could end a word in the log, or that nft would have to escape. */
static bool word_is_label(const char *text, size_t size)
{
	if (!size || !sg_word_is_alphanumeric(text[0]) || text[size - 1] == ' ')
		return false;
	for (size_t i = 1; i < size; i++)
		if (!sg_word_is_alphanumeric(text[i]) && (!text[i] || !strchr(" ._/+-", text[i])))
			return false;
	return !strstr(text, "  ");
}

bool sg_word_label(struct reader *reader, uint32_t node, const char *key, const char **ret)
{
	const char *text = doc_text(&reader->doc, node);
	size_t size = doc_node(&reader->doc, node)->size;
	struct report_quote quote;

	sg_reader_quote(reader, node, &quote);
	if (doc_node(&reader->doc, node)->plain && sg_word_is_trap(text)) {
		reader_error(reader, node, "policy/yaml-trap", "'%s' is what the log calls the packets, not '%s'", key,
			     quote.text);
		reader_hint(reader, "as in '%s: ssh'", key);
		return false;
	}
	if (size > WORD_LABEL_MOST) {
		reader_error(reader, node, "policy/bad-name", "'%s' has at most %d bytes", key, WORD_LABEL_MOST);
		return false;
	}
	if (!word_is_label(text, size)) {
		reader_error(reader, node, "policy/bad-name", "'%s' cannot be a label in the log", quote.text);
		reader_hint(reader, "letters, digits, single blanks, '.', '_', '/', '+' and '-'; it begins with a "
				    "letter or digit");
		return false;
	}
	*ret = sg_arena_string(&reader->policy->arena, text, size);
	return *ret || sg_reader_nomem(reader);
}
