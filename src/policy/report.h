/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h - diagnostics of one policy: bounded in number, and safe to print whatever the file holds. */
#ifndef SG_POLICY_REPORT_H
#define SG_POLICY_REPORT_H

#include "sockgate/diag.h"

/* More errors than this help nobody; the rest is counted. */
#define REPORT_MOST 1000

struct report {
	struct sg_diags *diags;
	size_t errors, dropped;
	bool kept; /* the newest one is in the list, a hint may be given to it */
};

void sg_report_error(struct report *report, const char *id, struct sg_span span, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void sg_report_warning(struct report *report, const char *id, struct sg_span span, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* To the newest one. */
void sg_report_hint(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says how many were left out; once, at the end. */
void sg_report_finish(struct report *report);

/* What a file says, made fit for a message: control characters and broken UTF-8 become '?', long text is cut. */
struct report_quote {
	char text[96];
};
const char *sg_report_quote(struct report_quote *quote, const char *text, size_t size);

#endif
