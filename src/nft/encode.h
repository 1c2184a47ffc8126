/* SPDX-License-Identifier: GPL-2.0-or-later */
/* encode.h - a batch while it is being written; private to encode*.c. */
#ifndef SG_NFT_ENCODE_H
#define SG_NFT_ENCODE_H

#include <linux/netlink.h>

#include "sockgate/wire.h"

struct nftnl_expr;

struct sg_wire {
	uint8_t *data;
	size_t size, room;
	uint32_t first_seq;
	bool echoed;                /* a message with NLM_F_ECHO is in the batch */
	struct sg_wire_note *notes; /* one for each message, BEGIN and END included; seq = first_seq + index */
	size_t *offsets;            /* where each message begins */
	size_t note_count, note_room, offset_room;
	struct sg_error error; /* the first one; kind SG_ERROR_NONE while all is well */
};

/* User data of nf_tables objects: type, length, bytes; NFT_USERDATA_MAXLEN in all. */
#define ENCODE_UDATA_SIZE 256
struct encode_udata {
	uint8_t bytes[ENCODE_UDATA_SIZE];
	size_t size;
};

/* False: there is an error already, or no memory (it sticks). Then `size` bytes can be written at the batch's end. */
bool sg_encode_reserve(struct sg_wire *wire, size_t size);
void sg_encode_fail(struct sg_wire *wire, enum sg_error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Begins a message of nf_tables and its note; NULL after an error. At most `size` bytes may follow; encode_finish ends
 * it. The header is only good until the next reservation.
 */
struct nlmsghdr *sg_encode_message(struct sg_wire *wire, uint16_t type, uint16_t flags, uint32_t family, size_t size,
				   const struct sg_wire_note *note);
void sg_encode_finish(struct sg_wire *wire, const struct nlmsghdr *header);
/* Fails unless 1 <= strlen(name) < SG_NFT_NAME_SIZE. */
bool sg_encode_name_fits(struct sg_wire *wire, const char *what, const char *name);

/* Fails, and says why, unless the expression can be written. */
bool sg_encode_expr_valid(struct sg_wire *wire, const struct sg_expr *expr);
/* The expression, to be freed or given to a rule; NULL: no memory. It must be valid. */
struct nftnl_expr *sg_encode_expr(const struct sg_expr *expr);

/* Adds one item; fails (and the error sticks) when the whole would be too long. */
bool sg_encode_udata_put(struct sg_wire *wire, struct encode_udata *udata, uint8_t type, const void *data, size_t size);
bool sg_encode_udata_comment(struct sg_wire *wire, struct encode_udata *udata, uint8_t type, const char *comment);

#endif
