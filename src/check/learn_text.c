/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * learn_text.c - items as the YAML that stands under `allow`.
 *
 * Under each protocol the items of one owner stand together below a comment that names it. An item that is commented
 * out stands where it would stand otherwise: taking "# " away from its lines puts it in force.
 */
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "check/learn.h"
#include "policy/emit_text.h"
#include "sockgate/proto.h"

#define OWNERS_NAMED 4
#define NAMED_RUN    4 /* so many neighbours stand by their names, where all have one */

enum { TEXT_KEY = 2, TEXT_ITEM = 4, TEXT_INSIDE = 6 }; /* columns */

struct text_protocol {
	const char *key;
	uint8_t protocols[2];
	size_t count;
};
static const struct text_protocol text_protocols[LEARN_WHOLE] = {
	[LEARN_TCP] = {"tcp", {SG_PROTO_TCP}, 1},
	[LEARN_UDP] = {"udp", {SG_PROTO_UDP}, 1},
	[LEARN_TCP_UDP] = {"tcp+udp", {SG_PROTO_TCP, SG_PROTO_UDP}, 2},
	[LEARN_SCTP] = {"sctp", {SG_PROTO_SCTP}, 1},
	[LEARN_DCCP] = {"dccp", {SG_PROTO_DCCP}, 1},
	[LEARN_UDPLITE] = {"udplite", {SG_PROTO_UDPLITE}, 1},
};

/* ---- Words ---- */

/* Texts one behind the other, each with its NUL; items point at them once they are all there. */
struct text_words {
	struct sg_buf text;
	size_t count;
	const char **items;
	struct model_words words;
};

static void words_clear(struct text_words *words)
{
	sg_buf_clear(&words->text);
	free(words->items);
}

static void words_add(struct text_words *words, const char *word)
{
	sg_buf_add(&words->text, word, strlen(word) + 1);
	words->count++;
}

static int words_finish(struct text_words *words, struct sg_error *err)
{
	const char *at = words->text.data;

	words->items = calloc(words->count + 1, sizeof(*words->items));
	if (!words->items || words->text.failed)
		return sg_error_nomem(err);
	for (size_t i = 0; i < words->count; i++) {
		words->items[i] = at;
		at += strlen(at) + 1;
	}
	words->words = (struct model_words){words->items, words->count};
	return 0;
}

/* A set's numbers, ascending; malloc'd. */
static uint32_t *text_numbers(const struct learn_work *work, uint32_t set, size_t *ret_count)
{
	size_t count = sg_learn_sets_count(&work->sets, set);
	uint32_t *numbers = calloc(count + 1, sizeof(*numbers));

	*ret_count = count;
	for (; numbers && count; set = work->sets.items[set].rest)
		numbers[--count] = work->sets.items[set].value;
	if (!numbers)
		sg_error_nomem(work->err);
	return numbers;
}

/* The service that the port, and nothing else, is under all the protocols; or NULL. */
static const char *text_service(const struct text_protocol *protocol, uint32_t port)
{
	const char *name = sg_service_name(protocol->protocols[0], (uint16_t)port);
	uint16_t ports[2];

	for (size_t i = 0; name && i < protocol->count; i++) {
		if (sg_service_ports(name, strlen(name), protocol->protocols[i], ports, 2) != 1 || ports[0] != port)
			return NULL;
	}
	return name;
}

static void text_port(struct text_words *words, const struct text_protocol *protocol, uint32_t port)
{
	const char *name = text_service(protocol, port);
	char number[16];

	snprintf(number, sizeof(number), "%u", port);
	words_add(words, name ? name : number);
}

/* Three neighbours and more are a range, unless they are a few that have names. */
static void text_run(struct text_words *words, const struct text_protocol *protocol, uint32_t first, uint32_t last)
{
	bool apart = last - first < 2;
	char range[32];

	for (uint32_t port = first; !apart && last - first < NAMED_RUN && text_service(protocol, port); port++)
		apart = port == last;
	if (!apart) {
		snprintf(range, sizeof(range), "%u-%u", first, last);
		words_add(words, range);
		return;
	}
	for (uint32_t port = first; port <= last; port++)
		text_port(words, protocol, port);
}

static int text_ports(const struct learn_work *work, const struct learn_item *item, struct text_words *ret)
{
	uint32_t protocol = item->column[LEARN_PROTOCOL];
	size_t count;
	sg_autofree uint32_t *ports = text_numbers(work, item->column[LEARN_PORTS], &count);

	if (!ports)
		return -1;
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && ports[next] == ports[next - 1] + 1;)
			next++;
		text_run(ret, &text_protocols[protocol], ports[i], ports[next - 1]);
	}
	return words_finish(ret, work->err);
}

static int text_addresses(const struct learn_work *work, const struct learn_item *item, struct text_words *ret)
{
	size_t count;
	sg_autofree uint32_t *numbers = text_numbers(work, item->column[LEARN_ADDRESSES], &count);
	char text[SG_ADDR_TEXT_SIZE];

	if (!numbers)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct learn_address *address = sg_learn_table_get(&work->addresses, numbers[i]);
		sg_u128 bits = 0;

		for (size_t k = 0; k < sizeof(address->bits); k++)
			bits = bits << 8 | address->bits[k];
		sg_addr_format((enum sg_family)address->family, bits, text);
		words_add(ret, text);
	}
	return words_finish(ret, work->err);
}

static int text_interfaces(const struct learn_work *work, const struct learn_item *item, struct text_words *ret)
{
	size_t count;
	sg_autofree uint32_t *numbers = text_numbers(work, item->column[LEARN_INTERFACES], &count);

	if (!numbers)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct learn_interface *interface = sg_learn_table_get(&work->interfaces, numbers[i]);

		words_add(ret, interface->name);
	}
	return words_finish(ret, work->err);
}

/* ---- Items ---- */

/* Every line behind the column of items; with "# " before it when the item is commented out. */
static void text_lines(struct sg_buf *buf, const struct sg_buf *item, bool muted)
{
	const char *at = item->data, *end = item->data + item->size;

	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((line_end ? line_end : end) - at);

		sg_buf_pad(buf, ' ', TEXT_ITEM);
		sg_buf_adds(buf, muted ? "# " : "");
		sg_buf_add(buf, at + TEXT_ITEM, size - TEXT_ITEM);
		sg_buf_addc(buf, '\n');
		at += size + 1;
	}
}

/* "    - ssh", "    - port: [http, https]", "    - {port: 9100, to: 192.0.2.1}". */
static int text_item(const struct learn_work *work, const struct learn_item *item, struct sg_buf *buf)
{
	sg_cleanup(words_clear) struct text_words ports = {0}, addresses = {0}, interfaces = {0};
	sg_cleanup(sg_buf_clear) struct sg_buf line = {0};
	uint32_t kind = item->column[LEARN_KIND];
	struct emit_pair pairs[4];
	size_t count = 0;

	if ((item->column[LEARN_PROTOCOL] < LEARN_WHOLE && text_ports(work, item, &ports) < 0) ||
	    text_addresses(work, item, &addresses) < 0 || text_interfaces(work, item, &interfaces) < 0)
		return -1;
	if (ports.count)
		pairs[count++] = (struct emit_pair){"port", &ports.words, NULL, NULL};
	if (addresses.count)
		pairs[count++] = (struct emit_pair){"to", &addresses.words, NULL, NULL};
	if (interfaces.count)
		pairs[count++] = (struct emit_pair){"interface", &interfaces.words, NULL, NULL};
	if (kind == LEARN_IPV4 || kind == LEARN_IPV6)
		pairs[count++] = (struct emit_pair){"family", NULL, kind == LEARN_IPV4 ? "ipv4" : "ipv6", NULL};
	sg_buf_pad(&line, ' ', TEXT_ITEM);
	sg_buf_adds(&line, "- ");
	if (count == 1 && ports.count) {
		sg_buf_adds(&line, ports.count == 1 ? "" : "port: ");
		sg_emit_words(&line, &ports.words, TEXT_INSIDE + 2);
	} else {
		sg_emit_mapping(&line, pairs, count, TEXT_INSIDE);
	}
	if (line.failed)
		return sg_error_nomem(work->err);
	text_lines(buf, &line, item->column[LEARN_MUTED]);
	return 0;
}

/* "# nginx.service (nginx), process haproxy". */
static int text_owners(const struct learn_work *work, uint32_t set, size_t indent, struct sg_buf *buf)
{
	size_t count, named;
	sg_autofree uint32_t *numbers = text_numbers(work, set, &count);

	if (!numbers)
		return -1;
	named = count > OWNERS_NAMED + 1 ? OWNERS_NAMED : count;
	sg_buf_pad(buf, ' ', indent);
	for (size_t i = 0; i < named; i++) {
		const struct learn_owner *owner = sg_learn_table_get(&work->owners, numbers[i]);

		sg_buf_adds(buf, i ? ", " : "# ");
		sg_buf_adds(buf, owner->text);
	}
	if (named < count)
		sg_buf_addf(buf, " and %zu more", count - named);
	sg_buf_addc(buf, '\n');
	return 0;
}

/* ---- Protocols ---- */

static void text_key(uint32_t protocol, bool muted, struct sg_buf *buf)
{
	const char *name = protocol < LEARN_WHOLE ? text_protocols[protocol].key
						  : sg_proto_name((uint8_t)(protocol - LEARN_WHOLE));

	sg_buf_pad(buf, ' ', TEXT_KEY);
	sg_buf_adds(buf, muted ? "# " : "");
	if (name)
		sg_buf_addf(buf, "%s:\n", name);
	else
		sg_buf_addf(buf, "%u:\n", protocol - LEARN_WHOLE);
}

static bool text_is_bare(const struct learn_item *item)
{
	return item->column[LEARN_PROTOCOL] >= LEARN_WHOLE && item->column[LEARN_KIND] == LEARN_ANY &&
	       !item->column[LEARN_INTERFACES];
}

/* The items of one protocol. One of a whole protocol that says nothing more has covered all others. */
static int text_protocol(const struct learn_work *work, const struct learn_item *items, size_t count,
			 struct sg_buf *buf)
{
	if (text_is_bare(&items[0])) {
		if (text_owners(work, items[0].column[LEARN_OWNERS], TEXT_KEY, buf) < 0)
			return -1;
		text_key(items[0].column[LEARN_PROTOCOL], false, buf);
		return 0;
	}
	text_key(items[0].column[LEARN_PROTOCOL], items[0].column[LEARN_MUTED], buf);
	for (size_t i = 0; i < count; i++) {
		const uint32_t *now = items[i].column, *before = i ? items[i - 1].column : NULL;

		if (now[LEARN_MUTED] && (!before || !before[LEARN_MUTED]))
			sg_buf_adds(buf,
				    "    # Ports that look like a client's own, such as a resolver's: replies to them "
				    "pass without a line.\n"
				    "    # One that serves others is allowed by taking away the '# ' before it (and "
				    "before its keys).\n");
		if ((!before || now[LEARN_OWNERS] != before[LEARN_OWNERS] || now[LEARN_MUTED] != before[LEARN_MUTED]) &&
		    text_owners(work, now[LEARN_OWNERS], TEXT_ITEM, buf) < 0)
			return -1;
		if (text_item(work, &items[i], buf) < 0)
			return -1;
	}
	return 0;
}

int sg_learn_write(const struct learn_work *work, struct sg_buf *buf, size_t *ret_lines)
{
	size_t lines = 0;

	for (size_t i = 0; i < work->count; i++)
		lines += !work->items[i].column[LEARN_MUTED];
	if (work->count)
		sg_buf_addf(buf, "\n%sallow:\n", lines ? "" : "# ");
	for (size_t i = 0, next; i < work->count; i = next) {
		for (next = i + 1; next < work->count &&
				   work->items[next].column[LEARN_PROTOCOL] == work->items[i].column[LEARN_PROTOCOL];)
			next++;
		if (text_protocol(work, &work->items[i], next - i, buf) < 0)
			return -1;
	}
	*ret_lines = lines;
	return 0;
}
