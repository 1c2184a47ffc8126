/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of sockets as text, for kernels without the sock_diag handler of a protocol. A line of /proc/net/raw:
 *
 *    1: 0100007F:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 …
 *   sl  local address remote        st queues            timer       retransmits uid timeout inode
 *
 * Addresses are words of 32 bits in network order, printed as numbers of the host's order (tcp_ipv4.c, udp.c, raw.c).
 */
#include <arpa/inet.h>
#include <string.h>
#include "base/num.h"
#include "kernel/sockdiag.h"
#include "sockgate/proto.h"

/* Fields of a line, by their place. */
enum { TABLE_LOCAL = 1, TABLE_REMOTE, TABLE_STATE, TABLE_UID = 7, TABLE_INODE = 9, TABLE_FIELDS };
enum { EPS_STATE = 3, EPS_PORT = 5, EPS_UID = 6, EPS_INODE = 7, EPS_FIELDS };

struct field {
	const char *text;
	size_t size;
};

/* The line at *cursor, without its end; false at the end of the text. */
static bool table_line(const char **cursor, const char *end, struct field *ret)
{
	const char *stop;

	if (*cursor >= end)
		return false;
	stop = memchr(*cursor, '\n', (size_t)(end - *cursor));
	*ret = (struct field){*cursor, (size_t)((stop ? stop : end) - *cursor)};
	*cursor = stop ? stop + 1 : end;
	return true;
}

/* Takes the next word off the line; empty at its end. */
static struct field table_word(struct field *line)
{
	struct field word;

	while (line->size && line->text[0] == ' ') {
		line->text++;
		line->size--;
	}
	word = (struct field){line->text, 0};
	while (word.size < line->size && word.text[word.size] != ' ')
		word.size++;
	line->text += word.size;
	line->size -= word.size;
	return word;
}

static size_t table_words(struct field *line, struct field *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		words[i] = table_word(line);
		if (!words[i].size)
			return i;
	}
	return count;
}

static bool table_hex(const char *text, size_t size, uint32_t *ret)
{
	uint32_t value = 0;

	if (!size || size > 8)
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		unsigned int digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned int)(c - '0');
		else if ((c | ' ') >= 'a' && (c | ' ') <= 'f')
			digit = (unsigned int)((c | ' ') - 'a') + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*ret = value;
	return true;
}

/* "0100007F:0016" or 32 digits before the colon. */
static bool table_address(struct field field, enum sg_family family, sg_u128 *ret_address, uint16_t *ret_port)
{
	size_t digits = family == SG_IPV4 ? 8 : 32;
	sg_u128 bits = 0;
	uint32_t value;

	if (field.size <= digits || field.text[digits] != ':')
		return false;
	for (size_t i = 0; i < digits; i += 8) {
		if (!table_hex(field.text + i, 8, &value))
			return false;
		bits = bits << 32 | ntohl(value);
	}
	if (!table_hex(field.text + digits + 1, field.size - digits - 1, &value) || value > UINT16_MAX)
		return false;
	*ret_address = bits;
	*ret_port = (uint16_t)value;
	return true;
}

static bool table_number(struct field field, uint64_t max, uint32_t *ret)
{
	uint64_t value;

	if (!sg_num_parse(field.text, field.size, max, &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

static int table_malformed(const char *what, struct sg_error *err)
{
	return sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel's table of %s sockets is malformed", what);
}

struct table_row {
	sg_u128 local, remote;
	uint16_t port, remote_port;
	uint32_t state, uid, inode;
};

static bool table_row(struct field line, enum sg_family family, struct table_row *ret)
{
	struct field word[TABLE_FIELDS];

	return table_words(&line, word, TABLE_FIELDS) == TABLE_FIELDS &&
	       table_address(word[TABLE_LOCAL], family, &ret->local, &ret->port) &&
	       table_address(word[TABLE_REMOTE], family, &ret->remote, &ret->remote_port) &&
	       table_hex(word[TABLE_STATE].text, word[TABLE_STATE].size, &ret->state) &&
	       table_number(word[TABLE_UID], UINT32_MAX, &ret->uid) &&
	       table_number(word[TABLE_INODE], UINT32_MAX, &ret->inode);
}

static int table_listener(const struct table_row *row, enum sg_family family, uint8_t protocol,
			  struct sg_listeners *list, struct sg_error *err)
{
	struct sg_listener *added;

	if (!sg_sockdiag_receives(protocol, row->state, row->port))
		return 0;
	added = sg_sockdiag_add(list, err);
	if (!added)
		return -1;
	added->family = family;
	added->address = row->local;
	added->port = row->port;
	added->uid = row->uid;
	added->inode = row->inode;
	sg_sockdiag_complete(added, protocol, row->state);
	return 0;
}

int sg_sockdiag_parse_table(const char *text, size_t size, enum sg_family family, uint8_t protocol,
			    struct sg_listeners *list, struct sg_error *err)
{
	const char *cursor = text, *end = text + size;
	size_t before = list->count;
	struct table_row row;
	struct field line;

	if (!table_line(&cursor, end, &line)) /* the heading */
		return 0;
	while (table_line(&cursor, end, &line)) {
		int result = table_row(line, family, &row) ? table_listener(&row, family, protocol, list, err)
							   : table_malformed("a protocol's", err);

		if (result) {
			list->count = before;
			return result;
		}
	}
	return 0;
}

int sg_sockdiag_parse_connection_table(const char *text, size_t size, enum sg_family family, uint8_t protocol,
				       struct sg_connections *list, struct sg_error *err)
{
	const char *cursor = text, *end = text + size;
	size_t before = list->count;
	struct table_row row;
	struct field line;

	if (!table_line(&cursor, end, &line)) /* the heading */
		return 0;
	while (table_line(&cursor, end, &line)) {
		int result = -1;

		if (!table_row(line, family, &row))
			table_malformed("a protocol's", err);
		else
			result = sg_sockdiag_add_connection(list,
							    &(struct sg_connection){
								    .protocol = protocol,
								    .family = family,
								    .local = row.local,
								    .remote = row.remote,
								    .port = row.port,
								    .remote_port = row.remote_port,
								    .uid = row.uid,
								    .inode = row.inode,
							    },
							    row.state, err);
		if (result) {
			list->count = before;
			return result;
		}
	}
	return 0;
}

/* The addresses at the end of a line of eps: dotted quads or eight groups. */
static int eps_addresses(struct field line, const struct sg_listener *listener, struct sg_listeners *list,
			 struct sg_error *err)
{
	struct field word;

	while ((word = table_word(&line)).size) {
		struct sg_listener *added;
		struct sg_addr addr;

		if (!sg_addr_parse(word.text, word.size, &addr))
			return table_malformed("SCTP", err);
		added = sg_sockdiag_add(list, err);
		if (!added)
			return -1;
		*added = *listener;
		added->family = addr.family;
		added->address = addr.bits;
	}
	return 0;
}

int sg_sockdiag_parse_eps(const char *text, size_t size, struct sg_listeners *list, struct sg_error *err)
{
	const char *cursor = text, *end = text + size;
	size_t before = list->count;
	struct field line;

	if (!table_line(&cursor, end, &line)) /* the heading */
		return 0;
	while (table_line(&cursor, end, &line)) {
		struct sg_listener listener = {.protocol = SG_PROTO_SCTP};
		struct field word[EPS_FIELDS];
		uint32_t state, port;

		if (table_words(&line, word, EPS_FIELDS) != EPS_FIELDS ||
		    !table_number(word[EPS_STATE], UINT8_MAX, &state) ||
		    !table_number(word[EPS_PORT], UINT16_MAX, &port) ||
		    !table_number(word[EPS_UID], UINT32_MAX, &listener.uid) ||
		    !table_number(word[EPS_INODE], UINT32_MAX, &listener.inode)) {
			list->count = before;
			return table_malformed("SCTP", err);
		}
		listener.port = (uint16_t)port;
		if (!sg_sockdiag_receives(SG_PROTO_SCTP, state, listener.port))
			continue;
		if (eps_addresses(line, &listener, list, err)) {
			list->count = before;
			return -1;
		}
	}
	return 0;
}
