/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * word_unit.c - names of systemd units.
 *
 * What systemd takes for a unit's name is in systemd.unit(5): a prefix of letters, digits and ":-_.\" with at most 255
 * bytes in all, an "@" with an instance where it is made from a template, and the type behind the last dot. Processes
 * run in services and scopes.
 */
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "policy/word.h"

/* The one of the types that this is, but perhaps for large letters. */
static const char *unit_type(const char *type, const char *const *types)
{
	for (; type && *types; types++)
		if (!strcasecmp(type, *types))
			return *types;
	return NULL;
}

static const char *const unit_holders[] = {".service", ".scope", NULL};
static const char *const unit_others[] = {".socket", ".target", ".device", ".mount", ".automount",
					  ".swap",   ".timer",  ".path",   ".slice", NULL};

static bool unit_is_name(const char *text, size_t size)
{
	if (!size || text[0] == '@' || text[0] == '.')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!sg_word_is_alphanumeric(text[i]) && (!text[i] || !strchr(":-_.\\@", text[i])))
			return false;
	return true;
}

/* A name whose type no process runs in, or which lacks it. False: reported. */
static bool unit_check_type(struct reader *reader, uint32_t node, const char *key)
{
	const char *text = doc_text(&reader->doc, node), *type = strrchr(text, '.'), *at = strchr(text, '@');
	const char *holder = unit_type(type, unit_holders);
	struct report_quote quote;

	sg_reader_quote(reader, node, &quote);
	if (unit_type(type, unit_others)) {
		reader_error(reader, node, "policy/bad-name", "no process runs in '%s'", quote.text);
		reader_hint(reader, "name the service that holds the socket, as in '%s: nginx.service'", key);
	} else if (!holder) {
		reader_error(reader, node, "policy/bad-name", "the type of the unit '%s' is missing", quote.text);
		reader_hint(reader, "did you mean '%s.service'?", quote.text);
	} else if (strcmp(type, holder) != 0) {
		reader_error(reader, node, "policy/bad-name", "'%s' is no type of unit", type);
		reader_hint(reader, "write '%s'", holder);
	} else if (at && at + 1 == type) {
		reader_error(reader, node, "policy/bad-name", "'%s' is a template, in which no process runs",
			     quote.text);
		reader_hint(reader, "name the instance, as in '%.*s@one%s'", (int)(at - text), text, type);
	} else {
		return true;
	}
	return false;
}

bool sg_word_unit(struct reader *reader, uint32_t node, const char *key, const char **ret)
{
	const char *text = doc_text(&reader->doc, node);
	size_t size = doc_node(&reader->doc, node)->size;
	struct report_quote quote;

	if (size > WORD_UNIT_MOST) {
		reader_error(reader, node, "policy/bad-name", "a unit's name has at most %d bytes", WORD_UNIT_MOST);
		return false;
	}
	if (!unit_is_name(text, size)) {
		reader_error(reader, node, "policy/bad-name", "'%s' cannot be the name of a unit",
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, "as in '%s: nginx.service'", key);
		return false;
	}
	if (!unit_check_type(reader, node, key))
		return false;
	*ret = sg_arena_string(&reader->policy->arena, text, size);
	return *ret || sg_reader_nomem(reader);
}
