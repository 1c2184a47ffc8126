/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decode_read.h - the expression that is being read; private to decode_*.c.
 *
 * Each reader fills the expression and returns NULL, or says what it did not understand; a message that is torn is told
 * by decode_reader.failed.
 */
#ifndef SG_NFT_DECODE_READ_H
#define SG_NFT_DECODE_READ_H

#include "nft/decode.h"

struct decode_reader {
	struct sg_table *table;
	struct sg_expr *expr;
	struct decode_attrs attrs;
	char detail[64]; /* what the expression stands for, "" when its name says it */
	bool nothing;    /* the expression has no effect at all: it is left out */
	bool failed;     /* malformed, or no memory: err is filled */
	struct sg_error *err;
};

/* 0 when the attribute is not there. */
uint32_t sg_read_u32(struct decode_reader *in, uint16_t type);
uint64_t sg_read_u64(struct decode_reader *in, uint16_t type);
/* A register; the second one is never the verdict's. */
uint8_t sg_read_register(struct decode_reader *in, uint16_t type);
uint8_t sg_read_data_register(struct decode_reader *in, uint16_t type);
/* The bytes of an attribute that nests NFTA_DATA_VALUE; returns how many. */
uint8_t sg_read_data(struct decode_reader *in, uint16_t type, uint8_t ret[SG_NFT_DATA_SIZE]);
/* A name as the expression's own. */
void sg_read_name(struct decode_reader *in, uint16_t type);
/* Whether all of `required` are there, and nothing that is not in it or in `optional`. */
bool sg_read_among(const struct decode_reader *in, uint64_t required, uint64_t optional);
static inline bool sg_read_exactly(const struct decode_reader *in, uint64_t types)
{
	return sg_read_among(in, types, 0);
}

/* decode_state.c: what remembers, or asks for more than the packet. */
const char *sg_read_limit(struct decode_reader *in);
const char *sg_read_connlimit(struct decode_reader *in);
const char *sg_read_dynset(struct decode_reader *in);
const char *sg_read_log(struct decode_reader *in);
const char *sg_read_socket(struct decode_reader *in);

/*
 * decode_expr.c: reads the expression in this frame (NFTA_EXPR_*) into `ret`, which is zeroed before, and which the
 * caller clears on failure too. `inner`: it is one that a set's elements carry, and only what these may carry is
 * understood. *ret_nothing: it has no effect at all.
 */
int sg_decode_expr(struct sg_table *table, const struct attr *nest, bool inner, struct sg_expr *ret, bool *ret_nothing,
		   struct sg_error *err);

#endif
