/* SPDX-License-Identifier: GPL-2.0-or-later */
/* doc_syntax.h - what libyaml refuses, in words that help. */
#ifndef SG_POLICY_DOC_SYNTAX_H
#define SG_POLICY_DOC_SYNTAX_H

#include <yaml.h>
#include "policy/report.h"

/* After yaml_parser_parse has failed for another reason than memory. */
void sg_doc_syntax_report(struct report *report, uint32_t file, const yaml_parser_t *parser, const char *text,
			  size_t size);

#endif
