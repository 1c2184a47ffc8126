/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The characters of a policy file, before YAML sees them.
 *
 * libyaml takes a lone CR, NEL, LS and PS for line ends, editors and this program's listing of a line do not; and a
 * character that turns the direction of writing makes a line read otherwise than it is. None of them has a use in a
 * policy, so they are refused, and from then on a line is what everybody takes for one.
 */
#include "base/text.h"
#include "policy/doc.h"

/* Only called for a bad character, once a file. Bytes before offset are valid UTF-8. */
static struct sg_span scan_place(uint32_t file, const char *text, size_t offset)
{
	struct sg_span span = {file, 1, 1, 1};
	size_t start = 0;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] != '\n')
			continue;
		span.line++;
		start = i + 1;
	}
	span.column += (uint32_t)sg_text_columns(text + start, offset - start);
	return span;
}

/* The code point of valid UTF-8, and its length. */
static uint32_t scan_decode(const char *text, size_t *ret_length)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] < 0x80) {
		*ret_length = 1;
		return byte[0];
	}
	if (byte[0] < 0xe0) {
		*ret_length = 2;
		return (byte[0] & 0x1fU) << 6 | (byte[1] & 0x3fU);
	}
	if (byte[0] < 0xf0) {
		*ret_length = 3;
		return (byte[0] & 0x0fU) << 12 | (byte[1] & 0x3fU) << 6 | (byte[2] & 0x3fU);
	}
	*ret_length = 4;
	return (byte[0] & 0x07U) << 18 | (byte[1] & 0x3fU) << 12 | (byte[2] & 0x3fU) << 6 | (byte[3] & 0x3fU);
}

/* Why a code point is refused, or NULL. */
static const char *scan_refusal(uint32_t code)
{
	if (code == '\r')
		return "a carriage return that ends no line";
	if (code == '\n')
		return "a line end";
	if (code < 0x20 || (code >= 0x7f && code < 0xa0 && code != 0x85))
		return "a control character";
	if (code == 0x85 || code == 0x2028 || code == 0x2029)
		return "a line separator";
	if (code == 0xfeff)
		return "a byte order mark within the text";
	if ((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return "a character that turns the direction of writing";
	if ((code & 0xfffe) == 0xfffe)
		return "no character";
	return NULL;
}

static const char *scan_hint(uint32_t code)
{
	if (code == 0)
		return "is this a text file at all? it may be UTF-16: save it as UTF-8";
	if (code == '\r' || code == 0x85 || code == 0x2028 || code == 0x2029)
		return "end lines with LF or CRLF";
	return "take it away";
}

const char *sg_doc_scan_text(const char *text, size_t size)
{
	const char *refusal;
	size_t length;

	for (size_t at = 0; at < size; at += length) {
		refusal = scan_refusal(scan_decode(text + at, &length));
		if (refusal)
			return refusal;
	}
	return NULL;
}

bool sg_doc_scan(uint32_t file, const char *text, size_t size, struct report *report)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t broken, length;

	if (size >= 2 && ((byte[0] == 0xff && byte[1] == 0xfe) || (byte[0] == 0xfe && byte[1] == 0xff))) {
		sg_report_error(report, "policy/encoding", scan_place(file, text, 0), "the file is UTF-16");
		sg_report_hint(report, "save it as UTF-8");
		return false;
	}
	if (!sg_text_utf8(text, size, &broken)) {
		sg_report_error(report, "policy/encoding", scan_place(file, text, broken), "byte 0x%02x is not UTF-8",
				byte[broken]);
		sg_report_hint(report, "save the file as UTF-8");
		return false;
	}
	for (size_t at = 0; at < size; at += length) {
		const char *refusal;
		uint32_t code;

		length = 1;
		if ((byte[at] >= 0x20 && byte[at] < 0x7f) || byte[at] == '\n' || byte[at] == '\t')
			continue;
		code = scan_decode(text + at, &length);
		if (code == '\r' && at + 1 < size && text[at + 1] == '\n')
			continue;
		refusal = scan_refusal(code);
		if (!refusal)
			continue;
		sg_report_error(report, "policy/bad-character", scan_place(file, text, at), "%s (U+%04X)", refusal,
				code);
		sg_report_hint(report, "%s", scan_hint(code));
		return false;
	}
	return true;
}
