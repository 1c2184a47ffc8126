/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lines.h - the lines of allow and block, and the regions of tests. */
#ifndef SG_POLICY_LINES_H
#define SG_POLICY_LINES_H

#include "policy/keys.h"

/* What a protocol key stands for. */
struct line_protocol {
	enum sg_line_kind kind;
	enum key_id id; /* unless kind is SG_LINE_PROTOCOL */
	const char *key;
	uint8_t protocols[2];
	size_t count;
};

/* False when the key names no protocol, or one that is written otherwise; `hint` (when not NULL) says how then. */
bool sg_line_protocol(struct reader *reader, uint32_t key, struct line_protocol *ret, const char **ret_hint);

/* The protocol's fields, and the ports or types in `list` (0: none is needed). False: reported, or no memory. */
bool sg_line_begin(struct reader *reader, const struct line_protocol *protocol, uint32_t list, struct model_line *line);
/* from, except, to, interface, family, comment of a line whose direction is set. False: reported, or no memory. */
bool sg_line_constrain(struct reader *reader, const struct keys_values *values, struct model_line *line);
/* unit, limit, connections, until and log of a line that was begun. False: reported, or no memory. */
bool sg_line_terms(struct reader *reader, const struct keys_values *values, struct model_line *line);
/* The value of `log`, which has a label, or of `log-blocked`. False: reported, or no memory. */
bool sg_line_log(struct reader *reader, uint32_t value, enum key_id id, const struct sg_log **ret);
/* The two lines that a split one is made of: the first loses its second protocol. */
void sg_line_split(struct model_line *first, struct model_line *ret_second);
/* Whether one more line or test may be had; reports (once) when not. */
bool sg_line_allowed(struct reader *reader, uint32_t node);

/* allow or block, at the top or under outbound, and tests. What is wrong is reported. False: no memory. */
bool sg_lines_read(struct reader *reader, uint32_t mapping, enum sg_direction direction, enum sg_section section);
bool sg_tests_read(struct reader *reader, uint32_t list);

#endif
