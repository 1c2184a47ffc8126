/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "policy/report.h"

/* Long enough for any message here: names in it are cut by sg_report_quote. */
#define REPORT_TEXT 1024

void sg_report_error(struct report *report, const char *id, struct sg_span span, const char *format, ...)
{
	char text[REPORT_TEXT];
	va_list args;

	report->kept = report->errors < REPORT_MOST;
	if (!report->kept) {
		report->dropped++;
		return;
	}
	report->errors++;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sg_diag_add(report->diags, SG_SEVERITY_ERROR, id, span, "%s", text);
}

void sg_report_warning(struct report *report, const char *id, struct sg_span span, const char *format, ...)
{
	char text[REPORT_TEXT];
	va_list args;

	report->kept = true;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sg_diag_add(report->diags, SG_SEVERITY_WARNING, id, span, "%s", text);
}

void sg_report_hint(struct report *report, const char *format, ...)
{
	char text[REPORT_TEXT];
	va_list args;

	if (!report->kept)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	sg_diag_hint(report->diags, "%s", text);
}

void sg_report_finish(struct report *report)
{
	if (report->dropped)
		sg_diag_add(report->diags, SG_SEVERITY_ERROR, "policy/too-many-errors", SG_SPAN_NONE,
			    "%zu more errors are not shown", report->dropped);
	report->dropped = 0;
}

/* Bytes of the UTF-8 sequence at text; 0 when it is broken, a control character, or not to be seen (U+200x, U+206x). */
static size_t report_printable(const char *text, size_t size)
{
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4, offset;

	if (length > size || !sg_text_utf8(text, length, &offset))
		return 0;
	if (byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && byte[1] < 0xa0))
		return 0;
	if (byte[0] == 0xe2 && ((byte[1] == 0x80 && (byte[2] < 0x90 || byte[2] >= 0xa8)) || byte[1] == 0x81))
		return 0;
	return length;
}

const char *sg_report_quote(struct report_quote *quote, const char *text, size_t size)
{
	const size_t room = sizeof(quote->text) - sizeof("…");
	size_t used = 0;

	for (size_t at = 0; at < size;) {
		size_t length = report_printable(text + at, size - at);

		if (used + (length ? length : 1) > room) {
			memcpy(quote->text + used, "…", sizeof("…"));
			return quote->text;
		}
		if (length)
			memcpy(quote->text + used, text + at, length);
		else
			quote->text[used] = '?';
		used += length ? length : 1;
		at += length ? length : 1;
	}
	quote->text[used] = '\0';
	return quote->text;
}
