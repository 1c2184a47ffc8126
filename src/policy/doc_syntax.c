/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "base/text.h"
#include "policy/doc_syntax.h"

/* Where to point: at the problem, or at the beginning of what it is part of. */
enum syntax_place { SYNTAX_PROBLEM, SYNTAX_CONTEXT };

struct syntax_row {
	const char *problem; /* as libyaml 0.2.5 has it */
	enum syntax_place place;
	const char *message;
	const char *hint;
	const char *whole; /* what the context is; NULL: not worth saying where it begins */
	const char *id;    /* NULL: policy/syntax */
};

static const char syntax_indent[] = "is this line indented like its neighbours";

static const struct syntax_row syntax_rows[] = {
	{"mapping values are not allowed in this context", SYNTAX_PROBLEM, "a ':' is not expected here",
	 "is the line indented like its neighbours, and the line above not without its ':'? a text with ': ' or ':' at "
	 "its end "
	 "needs quotes",
	 NULL, NULL},
	{"block sequence entries are not allowed in this context", SYNTAX_PROBLEM, "a '- ' is not expected here",
	 "begin the list on a line of its own, or write it as [a, b]", NULL, NULL},
	{"could not find expected ':'", SYNTAX_CONTEXT, "a ':' is missing behind the key", "write 'key: value'", NULL,
	 NULL},
	{"did not find expected key", SYNTAX_PROBLEM, "a key is expected here", syntax_indent, "the mapping", NULL},
	{"did not find expected '-' indicator", SYNTAX_PROBLEM, "a '- ' is expected here", syntax_indent, "the list",
	 NULL},
	{"did not find expected ',' or ']'", SYNTAX_PROBLEM, "a ',' or ']' is expected here", "is the list closed",
	 "it", NULL},
	{"did not find expected ',' or '}'", SYNTAX_PROBLEM, "a ',' or '}' is expected here", "is the mapping closed",
	 "it", NULL},
	{"found unexpected end of stream", SYNTAX_CONTEXT, "the quoted text is not closed",
	 "the same quote is expected at its end", NULL, NULL},
	{"found unexpected document indicator", SYNTAX_CONTEXT, "the quoted text is not closed",
	 "the same quote is expected at its end", NULL, NULL},
	{"found character that cannot start any token", SYNTAX_PROBLEM, "no value can begin with this character",
	 "a text that begins with it needs quotes", NULL, NULL},
	{"found unexpected ':'", SYNTAX_PROBLEM, "a ':' is not expected here",
	 "within [ ] and { } an address that ends with ':' needs quotes, and a key alone stands without ':'", NULL,
	 NULL},
	{"did not find expected node content", SYNTAX_PROBLEM, "a value is expected here",
	 "an address that begins with ':' needs quotes within [ ]", NULL, NULL},
	{"did not find expected alphabetic or numeric character", SYNTAX_CONTEXT,
	 "anchors and aliases are not part of the policy language", "a text that begins with '*' or '&' needs quotes",
	 NULL, "policy/alias"},
	{"found unknown escape character", SYNTAX_PROBLEM, "there is no such escape within double quotes",
	 "a backslash itself is written \\\\", NULL, NULL},
	{"found undefined tag handle", SYNTAX_PROBLEM, "tags ('!') are not part of the policy language",
	 "a text that begins with '!' needs quotes", NULL, "policy/tag"},
	{"did not find expected <document start>", SYNTAX_PROBLEM, "a second document begins here",
	 "a policy is one document", NULL, "policy/second-document"},
	{"found unknown directive name", SYNTAX_CONTEXT, "directives ('%') are not part of the policy language",
	 "a text that begins with '%' needs quotes", NULL, NULL},
	{"found incompatible YAML document", SYNTAX_PROBLEM, "this version of YAML is not known",
	 "take the %YAML line away", NULL, NULL},
};

/*
 * A parser that waited for more points behind the last line, where there is nothing to be seen: the end of what was
 * written is the place then.
 */
static struct sg_span syntax_place(uint32_t file, const yaml_mark_t *mark, const char *text, size_t size)
{
	struct sg_span span = {file, (uint32_t)mark->line + 1, (uint32_t)mark->column + 1, 1};
	size_t start;
	uint32_t line = 1;

	while (size && strchr(" \t\r\n", text[size - 1]))
		size--;
	for (start = size; start && text[start - 1] != '\n'; start--)
		;
	for (const char *at = text; (at = memchr(at, '\n', (size_t)(text + start - at))); at++)
		line++;
	if (span.line > line) {
		span.line = line;
		span.column = (uint32_t)sg_text_columns(text + start, size - start) + 1;
	}
	return span;
}

/* Whether the character at a place is a tab. */
static bool syntax_is_tab(struct sg_span span, const char *text, size_t size)
{
	const char *end = text + size, *at = text;

	for (uint32_t line = 1; line < span.line && at; line++) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : NULL;
	}
	for (uint32_t column = 1; at && at < end && column < span.column; column++)
		do
			at++;
		while (at < end && ((unsigned char)*at & 0xc0) == 0x80);
	return at && at < end && *at == '\t';
}

void sg_doc_syntax_report(struct report *report, uint32_t file, const yaml_parser_t *parser, const char *text,
			  size_t size)
{
	const char *problem = parser->problem ? parser->problem : "not YAML";
	struct sg_span span = syntax_place(file, &parser->problem_mark, text, size);
	struct sg_span context = syntax_place(file, &parser->context_mark, text, size);
	const struct syntax_row *row = NULL;

	if (syntax_is_tab(span, text, size)) {
		sg_report_error(report, "policy/tab", span, "a tab where YAML allows only spaces");
		sg_report_hint(report, "indent with spaces");
		return;
	}
	for (size_t i = 0; i < sizeof(syntax_rows) / sizeof(syntax_rows[0]) && !row; i++)
		if (!strcmp(problem, syntax_rows[i].problem))
			row = &syntax_rows[i];
	if (!row) {
		sg_report_error(report, "policy/syntax", span, "not YAML: %s", problem);
		return;
	}
	sg_report_error(report, row->id ? row->id : "policy/syntax", row->place == SYNTAX_CONTEXT ? context : span,
			"%s", row->message);
	if (row->whole)
		sg_report_hint(report, "%s? %s begins at line %u", row->hint, row->whole, context.line);
	else
		sg_report_hint(report, "%s", row->hint);
}
