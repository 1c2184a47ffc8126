/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's rulesets, in a network namespace that the test makes for itself. Without root it is skipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libmnl/libmnl.h>

#include "random_table.h"
#include "sockgate/kernel_outside.h"
#include "sockgate/kernel_rules.h"

static struct sg_kernel *kernel;
static const char *skipped; /* why there is no namespace of our own; NULL: there is one */

#define NEEDS_KERNEL()                                                                                                 \
	do {                                                                                                           \
		if (skipped) {                                                                                         \
			print_message("skipped: %s\n", skipped);                                                       \
			skip();                                                                                        \
		}                                                                                                      \
	} while (0)

static int set_up(void **state)
{
	struct sg_error err = {0};

	(void)state;
	if (unshare(CLONE_NEWNET) < 0) {
		skipped = "making a network namespace needs root";
		return 0;
	}
	if (sg_kernel_open(&kernel, &err) < 0) {
		print_error("%s\n", err.message);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sg_kernel_close(kernel);
	return 0;
}

static uint32_t generation(void)
{
	struct sg_error err = {0};
	uint32_t id;

	if (sg_kernel_generation(kernel, &id, &err) < 0)
		fail_msg("%s", err.message);
	return id;
}

static double milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Takes the table away, if it is there, and puts it in whole. */
static void must_load(const struct sg_table *table, struct sg_kernel_reply *reply)
{
	struct sg_wire *wire = sg_wire_new();
	struct sg_error err = {0};
	uint32_t before = generation();

	sg_wire_begin(wire, 1, before);
	sg_wire_add_table(wire, table);
	sg_wire_del_table(wire, table);
	sg_wire_add_whole_table(wire, table);
	if (sg_kernel_send(kernel, wire, before, reply, &err) < 0)
		fail_msg("%s", err.message);
	if (!reply->committed) {
		sg_kernel_reply_error(reply, &err);
		fail_msg("%s (%zu refused)", err.message, reply->refused);
	}
	assert_int_equal(reply->generation, generation());
	assert_int_not_equal(reply->generation, before);
	sg_wire_free(wire);
}

static void must_dump(enum sg_dump_scope scope, const char *name, struct sg_ruleset *ret)
{
	const struct sg_dump what = {.scope = scope, .family = NFPROTO_INET, .name = name};
	struct sg_error err = {0};

	if (sg_kernel_dump(kernel, &what, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void remove_table(const struct sg_table *table)
{
	struct sg_kernel_reply reply;
	struct sg_wire *wire = sg_wire_new();
	struct sg_error err = {0};

	sg_wire_begin(wire, 1, 0);
	sg_wire_del_table(wire, table);
	assert_int_equal(sg_kernel_send(kernel, wire, 0, &reply, &err), 0);
	assert_true(reply.committed);
	sg_wire_free(wire);
}

static void what_is_sent_is_dumped(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct sg_ruleset ruleset = {0}, again = {0};
		struct sg_table *table = random_table(&(struct random_state){seed}, &ruleset, "t");
		struct sg_kernel_reply reply;

		must_load(table, &reply);
		must_dump(SG_DUMP_TABLE, "t", &again);
		assert_int_equal(again.generation, reply.generation);
		const struct sg_table *loaded = sg_ruleset_table(&again, NFPROTO_INET, "t");

		assert_non_null(loaded);
		if (!sg_table_equal(table, loaded))
			fail_msg("seed %llu: the kernel has another table", (unsigned long long)seed);
		for (size_t i = 0; i < table->set_count; i++)
			assert_int_equal(sg_table_set(loaded, table->sets[i].name)->size, table->sets[i].size);
		remove_table(table);
		sg_ruleset_clear(&ruleset);
		sg_ruleset_clear(&again);
	}
}

static void scopes(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset one = {0}, two = {0}, all = {0}, frame = {0}, single = {0};
	struct sg_table *a = random_table(&(struct random_state){6}, &one, "a");
	struct sg_table *b = random_table(&(struct random_state){7}, &two, "b");
	struct sg_kernel_reply reply;
	struct sg_error err = {0};

	must_load(a, &reply);
	must_load(b, &reply);
	must_dump(SG_DUMP_ALL, NULL, &all);
	assert_true(sg_table_equal(sg_ruleset_table(&all, NFPROTO_INET, "a"), a));
	assert_true(sg_table_equal(sg_ruleset_table(&all, NFPROTO_INET, "b"), b));
	must_dump(SG_DUMP_TABLE, "b", &single);
	assert_true(sg_table_equal(sg_ruleset_table(&single, NFPROTO_INET, "b"), b));
	assert_int_equal(sg_ruleset_table(&single, NFPROTO_INET, "a")->chain_count, 0);
	assert_int_equal(sg_ruleset_table(&single, NFPROTO_INET, "a")->set_count, 0);

	must_dump(SG_DUMP_TABLE_FRAME, "a", &frame);
	struct sg_table *framed = &frame.tables[sg_ruleset_table(&frame, NFPROTO_INET, "a") - frame.tables];
	size_t elements = 0;

	for (size_t i = 0; i < framed->set_count; i++) {
		const struct sg_set *whole = sg_table_set(a, framed->sets[i].name);

		assert_int_equal(framed->sets[i].count, 0);
		assert_int_equal(sg_kernel_dump_set(kernel, frame.generation, framed, &framed->sets[i], &err), 0);
		assert_true(sg_set_equal(&framed->sets[i], whole));
		elements += whole->count;
	}
	assert_true(elements > 0);
	assert_true(sg_table_equal(framed, a));
	remove_table(b);
	assert_int_equal(sg_kernel_dump_set(kernel, frame.generation, framed, &framed->sets[0], &err), -1);
	assert_int_equal(err.kind, SG_ERROR_CHANGED);
	remove_table(a);

	sg_ruleset_clear(&single);
	must_dump(SG_DUMP_TABLE, "gone", &single);
	assert_null(sg_ruleset_table(&single, NFPROTO_INET, "gone"));
	sg_ruleset_clear(&one);
	sg_ruleset_clear(&two);
	sg_ruleset_clear(&all);
	sg_ruleset_clear(&frame);
	sg_ruleset_clear(&single);
}

static void stale_generation(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0}, after = {0};
	struct sg_table *table = random_table(&(struct random_state){3}, &ruleset, "t");
	struct sg_kernel_reply reply;
	struct sg_error err = {0};
	uint32_t old = generation(), now;

	must_load(table, &reply);
	remove_table(table);
	now = generation();
	struct sg_wire *wire = sg_wire_new();

	sg_wire_begin(wire, 1, old);
	sg_wire_add_whole_table(wire, table);
	assert_int_equal(sg_kernel_send(kernel, wire, old, &reply, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_CHANGED);
	assert_int_equal(generation(), now);
	must_dump(SG_DUMP_ALL, NULL, &after);
	assert_int_equal(after.table_count, 0);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
}

static void nothing_to_do(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_table table = {.name = (char[]){"t"}, .family = NFPROTO_INET};
	struct sg_kernel_reply reply;
	struct sg_error err = {0};

	must_load(&table, &reply);
	uint32_t before = generation();
	struct sg_wire *wire = sg_wire_new();

	sg_wire_begin(wire, 1, before);
	sg_wire_add_table(wire, &table);
	assert_int_equal(sg_kernel_send(kernel, wire, before, &reply, &err), 0);
	assert_true(reply.committed);
	assert_int_equal(reply.generation, before);
	sg_wire_free(wire);
	remove_table(&table);
}

/* A set of `count` addresses, every 4th one, in a table of its own. */
static struct sg_set *address_set(struct sg_ruleset *ruleset, uint32_t flags, uint32_t count)
{
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(ruleset, NFPROTO_INET, "t", &err);
	struct sg_set *set = sg_table_add_set(table, "s", &err);

	set->flags = flags;
	set->key_type = 7;
	set->key_length = 4;
	set->size = flags & SG_SET_INTERVAL ? 0 : 2 * count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t first = htonl(i * 4), last = htonl(i * 4 + 1);

		assert_int_equal(sg_set_add(set, (uint8_t *)&first, flags & SG_SET_INTERVAL ? (uint8_t *)&last : NULL,
					    NULL, NULL, i + 1, &err),
				 0);
	}
	return set;
}

/* Elements that are there already are refused, and each refusal says which one it is of. */
static void refusals_name_the_element(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (int interval = 0; interval < 2; interval++) {
		struct sg_ruleset ruleset = {0}, few = {0};
		struct sg_set *set = address_set(&ruleset, interval ? SG_SET_INTERVAL : 0, 10000);
		struct sg_set *taken = address_set(&few, set->flags, 0);
		struct sg_table *table = &ruleset.tables[0];
		static const size_t indexes[] = {3, 4000, 9999};
		struct sg_kernel_reply reply;
		struct sg_error err = {0};

		for (size_t i = 0; i < 3; i++) {
			const uint8_t *key = set->keys + indexes[i] * sg_set_stride(set);

			assert_int_equal(sg_set_add(taken, key, interval ? key + 4 : NULL, NULL, NULL, 0, &err), 0);
		}
		must_load(&few.tables[0], &reply);
		uint32_t before = generation();
		struct sg_wire *wire = sg_wire_new();

		sg_wire_begin(wire, 100, before);
		sg_wire_add_elements(wire, table, set);
		assert_int_equal(sg_kernel_send(kernel, wire, before, &reply, &err), 0);
		assert_false(reply.committed);
		assert_int_equal(generation(), before);
		/* one error for each message with one: the three lie in different ones, but for the tree's */
		assert_true(reply.refusal_count >= 1);
		for (size_t i = 0; i < reply.refusal_count; i++) {
			assert_int_equal(reply.refusals[i].errnum, EEXIST);
			assert_string_equal(reply.refusals[i].note->what, "element");
			assert_ptr_equal(reply.refusals[i].note->set, set);
			assert_true(reply.refusals[i].element == 3 || reply.refusals[i].element == 4000 ||
				    reply.refusals[i].element == 9999);
		}
		assert_int_equal(reply.refusals[0].element, 3);
		assert_int_equal(sg_kernel_reply_error(&reply, &err), -1);
		assert_int_equal(err.errnum, EEXIST);
		assert_non_null(strstr(err.message, "'s'"));
		sg_wire_free(wire);
		remove_table(table);
		sg_ruleset_clear(&ruleset);
		sg_ruleset_clear(&few);
	}
}

static void refusals_name_the_rule(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
	struct sg_chain *chain = sg_table_add_chain(table, "c", &err);
	struct sg_kernel_reply reply;

	for (uint32_t i = 0; i < 2000; i++) {
		struct sg_rule *rule = sg_chain_add_rule(chain, &err);

		rule->origin = i;
		random_expr(rule, SG_EXPR_VERDICT)->verdict.code = SG_CODE_ACCEPT;
		if (i < 700)
			continue;
		rule->exprs[0].verdict.code = SG_CODE_JUMP;
		rule->exprs[0].verdict.chain = strdup("nowhere");
	}
	uint32_t before = generation();
	struct sg_wire *wire = sg_wire_new();

	sg_wire_begin(wire, 1, before);
	sg_wire_add_whole_table(wire, table);
	assert_int_equal(sg_kernel_send(kernel, wire, before, &reply, &err), 0);
	assert_false(reply.committed);
	assert_int_equal(reply.refused, 1300);
	assert_int_equal(reply.refusal_count, SG_KERNEL_REFUSALS);
	for (size_t i = 0; i < reply.refusal_count; i++) {
		assert_int_equal(reply.refusals[i].errnum, ENOENT);
		assert_string_equal(reply.refusals[i].note->what, "rule");
		assert_int_equal(reply.refusals[i].note->origin, 700 + i);
		assert_true(reply.refusals[i].element == SIZE_MAX);
	}
	assert_int_equal(generation(), before);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
}

/* As many refusals as do not fit into the socket: still refused, and still known to be. */
static void more_refusals_than_fit(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
	struct sg_chain *chain = sg_table_add_chain(table, "nowhere", &err);
	struct sg_wire *wire = sg_wire_new();
	struct sg_kernel_reply reply;
	uint32_t before = generation();

	sg_wire_begin(wire, 1, before);
	for (int i = 0; i < 100000; i++)
		sg_wire_del_chain(wire, table, chain);
	assert_int_equal(sg_kernel_send(kernel, wire, before, &reply, &err), 0);
	assert_false(reply.committed);
	assert_int_equal(reply.refusals[0].errnum, ENOENT);
	assert_int_equal(generation(), before);
	print_message("%zu of 100000 refusals arrived\n", reply.refused);
	sg_wire_free(wire);

	/* nothing of that is left in the socket */
	must_load(table, &reply);
	remove_table(table);
	sg_ruleset_clear(&ruleset);
}

static void large_sets(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (int interval = 0; interval < 2; interval++) {
		struct sg_ruleset ruleset = {0}, again = {0};
		/* the kernel's dump of intervals is quadratic */
		uint32_t count = interval ? 100000 : 300000;
		struct sg_set *set = address_set(&ruleset, interval ? SG_SET_INTERVAL : 0, count);
		struct sg_table *table = &ruleset.tables[0];
		struct sg_kernel_reply reply;
		double start = milliseconds(), loaded, dumped;

		must_load(table, &reply);
		loaded = milliseconds();
		must_dump(SG_DUMP_TABLE, "t", &again);
		dumped = milliseconds();
		assert_true(sg_set_equal(set, &sg_ruleset_table(&again, NFPROTO_INET, "t")->sets[0]));
		print_message("%u %s: load %.0f ms, dump %.0f ms\n", count, interval ? "intervals" : "addresses",
			      loaded - start, dumped - loaded);
		remove_table(table);
		sg_ruleset_clear(&ruleset);
		sg_ruleset_clear(&again);
	}
}

/* How many elements of the set the kernel says there are; 0: it does not count them. */
static uint32_t counted(const struct sg_table *table)
{
	struct sg_ruleset frame = {0};
	const struct sg_table *there;
	uint32_t filled = 0;

	must_dump(SG_DUMP_TABLE_FRAME, table->name, &frame);
	there = sg_ruleset_table(&frame, NFPROTO_INET, table->name);
	if (there && there->set_count)
		filled = there->sets[0].filled;
	sg_ruleset_clear(&frame);
	return filled;
}

static bool confirmed(const struct sg_table *table, const struct sg_set *set)
{
	struct sg_error err = {0};
	bool all;

	if (sg_kernel_confirm_elements(kernel, table, set, counted(table), &all, &err) < 0)
		fail_msg("%s", err.message);
	return all;
}

/* Elements that are there are confirmed where the kernel counts them; one that is not, or that ends elsewhere, is
 * noticed wherever it stands, and so are those that nobody asked for. */
static void confirms_elements(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (int interval = 0; interval < 2; interval++) {
		struct sg_ruleset ruleset = {0};
		struct sg_set *set = address_set(&ruleset, interval ? SG_SET_INTERVAL : 0, 1000);
		struct sg_table *table = &ruleset.tables[0];
		struct sg_kernel_reply reply;
		struct sg_error err = {0};
		bool all = true;

		must_load(table, &reply);
		assert_int_equal(confirmed(table, set), counted(table) != 0);
		assert_int_equal(sg_kernel_confirm_elements(kernel, table, set, 0, &all, &err), 0);
		assert_false(all);
		for (size_t i = 0; i < set->count; i += 111) {
			uint8_t *last_byte = set->keys + (i + 1) * sg_set_stride(set) - 1;

			*last_byte ^= 2; /* of the key, or of the interval's end */
			assert_false(confirmed(table, set));
			*last_byte ^= 2;
		}
		for (set->count = 0; set->count < 1000; set->count += 17)
			assert_false(confirmed(table, set));
		set->count = 1000;
		if (interval) {
			/* a single key in the middle of an interval is another element than the interval */
			memcpy(set->keys + 4, set->keys, 4);
			assert_false(confirmed(table, set));
		}
		remove_table(table);
		assert_false(confirmed(table, set));
		sg_ruleset_clear(&ruleset);
	}
}

#define END 0x80000000U

/* What somebody may add by hand to a set of the intervals 4-5, 8-9, … 3996-3997: boundaries, or a catch-all element. */
static const struct addition {
	const char *what;
	uint32_t boundaries[2]; /* those with END are ends */
	size_t count;
	bool catch_all;
	bool certain; /* a dump tells what packets match, on every kernel */
} additions[] = {
	{"nothing", {0}, 0, .certain = true},
	{"an end at key 0", {END}, 1, .certain = true},
	{"a start at key 0", {0}, 1, .certain = false},
	{"a start in front of all", {1}, 1, .certain = false},
	{"a start between two", {1819}, 1, .certain = false},
	{"a start where an interval ends", {1818}, 1, .certain = false},
	{"a start in front of the last", {3995}, 1, .certain = false},
	{"a start behind all", {0x09000000}, 1, .certain = true},
	{"a start where the last ends", {3998}, 1, .certain = true},
	{"an end in front of all", {END | 2}, 1, .certain = false},
	{"an end between two", {END | 1819}, 1, .certain = false},
	{"an end behind all", {END | 0x09000000}, 1, .certain = false},
	{"an interval in front of all", {1, END | 2}, 2, .certain = true},
	{"an interval between two", {1818, END | 1819}, 2, .certain = true},
	{"an interval up to the next", {1819, END | 1820}, 2, .certain = true},
	{"an interval behind all", {0x09000000, END | 0x0a000000}, 2, .certain = true},
	{"an interval up to the last key", {0x7f000000}, 1, .certain = true},
	{"a catch-all element", {0}, 0, .catch_all = true, .certain = true},
};

/* A message about elements of set s in table t: these boundaries, or the catch-all element. */
static size_t put_boundaries(uint8_t *at, uint16_t type, uint16_t flags, const struct addition *addition)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(at);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));
	struct nlattr *list, *element, *key;

	header->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	*generic = (struct nfgenmsg){.nfgen_family = NFPROTO_INET};
	mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, "t");
	mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, "s");
	list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < addition->count + addition->catch_all; i++) {
		uint32_t boundary = addition->boundaries[i], value = htonl(boundary & ~END);

		element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
		if (addition->catch_all || boundary & END)
			mnl_attr_put_u32(header, NFTA_SET_ELEM_FLAGS,
					 htonl(addition->catch_all ? NFT_SET_ELEM_CATCHALL : NFT_SET_ELEM_INTERVAL_END));
		if (!addition->catch_all) {
			key = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
			mnl_attr_put(header, NFTA_DATA_VALUE, sizeof(value), &value);
			mnl_attr_nest_end(header, key);
		}
		mnl_attr_nest_end(header, element);
	}
	mnl_attr_nest_end(header, list);
	return header->nlmsg_len;
}

static size_t put_batch_mark(uint8_t *at, uint16_t type)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(at);
	struct nfgenmsg *generic = mnl_nlmsg_put_extra_header(header, sizeof(*generic));

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST;
	*generic = (struct nfgenmsg){.res_id = htons(NFNL_SUBSYS_NFTABLES)};
	return header->nlmsg_len;
}

/* Sends it, and gives the errno of the first answer that is an error (0: success), or -1 for an element. */
static int talk(const uint8_t *message, size_t size)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_NETFILTER);
	_Alignas(struct nlmsghdr) uint8_t answer[4096];
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	int errnum = -1;

	assert_non_null(socket);
	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	assert_int_equal(mnl_socket_sendto(socket, message, size), size);
	assert_true(mnl_socket_recvfrom(socket, answer, sizeof(answer)) > 0);
	if (header->nlmsg_type == NLMSG_ERROR)
		errnum = -((const struct nlmsgerr *)mnl_nlmsg_get_payload(header))->error;
	mnl_socket_close(socket);
	return errnum;
}

/* False: the kernel refuses it. */
static bool add_by_hand(const struct addition *addition)
{
	_Alignas(struct nlmsghdr) uint8_t batch[1024];
	size_t size;

	if (!addition->count && !addition->catch_all)
		return true;
	size = put_batch_mark(batch, NFNL_MSG_BATCH_BEGIN);
	size += put_boundaries(batch + size, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, addition);
	size += put_batch_mark(batch + size, NFNL_MSG_BATCH_END);
	return talk(batch, size) == 0;
}

/* Whether the kernel finds the key. tests/assume/nf_tables.py tries that packets match what is found. */
static bool finds(uint32_t key)
{
	const struct addition one = {.boundaries = {key}, .count = 1};
	_Alignas(struct nlmsghdr) uint8_t message[256];

	return talk(message, put_boundaries(message, NFT_MSG_GETSETELEM, 0, &one)) == -1;
}

/* Whether packets match more than the intervals, by the keys where an addition begins or ends or reaches to. */
static bool matches_more(const struct addition *addition)
{
	bool more = addition->catch_all || finds(3) || finds(1819) || finds(3995) || finds(0x7fffffff);

	for (size_t i = 0; i < addition->count; i++)
		more |= finds(addition->boundaries[i] & ~END);
	return more;
}

/*
 * Kernels differ in what packets match at a start without an end (docs/kernel-facts.md). On each of them: where packets
 * match more than the elements that are asked for, these are not confirmed; and of a boundary without its counterpart
 * a dump says that the set is not understood.
 */
static void does_not_confirm_what_is_added(void **state)
{
	size_t refused = 0;

	(void)state;
	NEEDS_KERNEL();
	for (size_t i = 0; i < sizeof(additions) / sizeof(additions[0]); i++) {
		const struct addition *addition = &additions[i];
		struct sg_ruleset ruleset = {0}, again = {0};
		struct sg_set *set = address_set(&ruleset, SG_SET_INTERVAL, 1000);
		struct sg_table *table = &ruleset.tables[0];
		struct sg_kernel_reply reply = {0};
		const struct sg_set *dumped;
		bool added, more, counts;

		/* not from the very first key on */
		memmove(set->keys, set->keys + 8, 8 * --set->count);
		must_load(table, &reply);
		counts = counted(table) != 0;
		assert_int_equal(confirmed(table, set), counts);
		added = add_by_hand(addition);
		refused += !added;
		more = matches_more(addition);
		print_message("%s: %s%s\n", addition->what, added ? "" : "refused, ", more ? "matches" : "no match");
		if (more == confirmed(table, set) && (more || counts))
			fail_msg("%s: packets match %s, and the elements are %s", addition->what,
				 more ? "more" : "nothing else", more ? "confirmed" : "not confirmed");
		must_dump(SG_DUMP_TABLE, "t", &again);
		dumped = &sg_ruleset_table(&again, NFPROTO_INET, "t")->sets[0];
		assert_int_equal(dumped->unknown, added && !addition->certain);
		assert_int_equal(dumped->unknown_reason != NULL, dumped->unknown);
		assert_true(added || !addition->certain);
		if (addition->certain)
			assert_int_equal(sg_set_equal(dumped, set), !more);
		remove_table(table);
		sg_ruleset_clear(&again);
		sg_ruleset_clear(&ruleset);
	}
	print_message("the kernel refused %zu additions\n", refused);
}

/* A catch-all element, and one more, in a set of single keys. */
static void does_not_confirm_exact_sets_with_more(void **state)
{
	static const struct addition more[] = {{"one more", {3}, 1, .certain = true}, {"all", {0}, 0, .catch_all = true}};

	(void)state;
	NEEDS_KERNEL();
	for (size_t i = 0; i < 2; i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_set *set = address_set(&ruleset, 0, 1000);
		struct sg_kernel_reply reply = {0};

		must_load(&ruleset.tables[0], &reply);
		assert_int_equal(confirmed(&ruleset.tables[0], set), counted(&ruleset.tables[0]) != 0);
		assert_true(add_by_hand(&more[i]));
		assert_false(confirmed(&ruleset.tables[0], set));
		remove_table(&ruleset.tables[0]);
		sg_ruleset_clear(&ruleset);
	}
}

static void does_not_confirm_maps(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_set *set = address_set(&ruleset, 0, 3);
	bool all = true;

	set->flags = SG_SET_MAP;
	assert_int_equal(sg_kernel_confirm_elements(kernel, &ruleset.tables[0], set, 3, &all, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	set->flags = 0;
	sg_ruleset_clear(&ruleset);
}

/* Another program commits as fast as it can: what is read is never half of one ruleset and half of another. */
/* A table whose one base chain drops every packet: there is one in each ruleset, under one name or the other. */
static struct sg_table *dropping(struct sg_ruleset *ruleset, const char *name)
{
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(ruleset, NFPROTO_INET, name, &err);
	struct sg_chain *chain = sg_table_add_chain(table, "c", &err);

	chain->is_base = true;
	chain->type = strdup("filter");
	chain->hook = NF_INET_LOCAL_IN;
	chain->policy = NF_ACCEPT;
	sg_rule_add_expr(sg_chain_add_rule(chain, &err), SG_EXPR_VERDICT, &err)->verdict.code = SG_CODE_DROP;
	return table;
}

static void take_turns(const struct sg_table *a, const struct sg_table *b)
{
	struct sg_kernel_reply reply;
	struct sg_error err = {0};
	struct sg_kernel *own;

	if (sg_kernel_open(&own, &err) < 0)
		_exit(1);
	for (size_t round = 0;; round++) {
		struct sg_wire *wire = sg_wire_new();

		sg_wire_begin(wire, 1, 0);
		sg_wire_del_table(wire, round % 2 ? b : a);
		sg_wire_add_whole_table(wire, round % 2 ? a : b);
		if (sg_kernel_send(own, wire, 0, &reply, &err) < 0 || !reply.committed)
			_exit(1);
		sg_wire_free(wire);
		usleep((useconds_t)(round % 7) * 30);
	}
}

static void other_tables_while_they_change(void **state)
{
	struct sg_ruleset one = {0}, two = {0};
	struct sg_kernel_reply reply;
	struct sg_error err = {0};
	size_t read = 0, gave_up = 0;
	pid_t parent = getpid(), child;
	int status;

	(void)state;
	NEEDS_KERNEL();
	const struct sg_table *a = dropping(&one, "a"), *b = dropping(&two, "b");

	must_load(a, &reply);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			take_turns(a, b);
		_exit(1);
	}
	for (int i = 0; i < 400; i++) {
		struct sg_kernel_tables tables = {0};

		if (sg_kernel_other_tables(kernel, "t", &tables, &err) < 0) {
			assert_int_equal(err.kind, SG_ERROR_CHANGED);
			gave_up++;
			continue;
		}
		read++;
		assert_int_equal(tables.count, 1);
		sg_kernel_tables_clear(&tables);
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status)); /* it was at work until the end */
	print_message("%zu times read, %zu given up as changed\n", read, gave_up);
	assert_true(read > 0);
	must_load(a, &reply); /* the one that is not there now */
	must_load(b, &reply);
	remove_table(a);
	remove_table(b);
	sg_ruleset_clear(&one);
	sg_ruleset_clear(&two);
}

static void dumps_while_others_change(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_table *table = sg_ruleset_add_table(&ruleset, NFPROTO_INET, "t", &err);
	struct sg_chain *chain = sg_table_add_chain(table, "c", &err);
	struct sg_kernel_reply reply;
	size_t read = 0, gave_up = 0;
	pid_t parent = getpid(), child;

	/* every state of the table has as many rules as elements: 1500 of one or 3000 of both */
	struct sg_set *set = sg_table_add_set(table, "s", &err);

	set->key_type = 7;
	set->key_length = 4;
	for (uint32_t i = 0; i < 3000; i++) {
		random_expr(sg_chain_add_rule(chain, &err), SG_EXPR_COUNTER);
		assert_int_equal(sg_set_add(set, (uint8_t *)&i, NULL, NULL, NULL, 0, &err), 0);
	}
	must_load(table, &reply);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		struct sg_kernel *own;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || sg_kernel_open(&own, &err) < 0)
			_exit(1);
		for (size_t round = 0;; round++) {
			struct sg_wire *wire = sg_wire_new();

			chain->rule_count = set->count = round % 2 ? 1500 : 3000;
			sg_wire_begin(wire, 1, 0);
			sg_wire_del_table(wire, table);
			sg_wire_add_whole_table(wire, table);
			if (sg_kernel_send(own, wire, 0, &reply, &err) < 0 || !reply.committed)
				_exit(1);
			sg_wire_free(wire);
			usleep((useconds_t)(round % 7) * 700);
		}
	}
	for (int i = 0; i < 60; i++) {
		const struct sg_dump what = {.scope = SG_DUMP_TABLE, .family = NFPROTO_INET, .name = "t"};
		struct sg_ruleset seen = {0};

		if (sg_kernel_dump(kernel, &what, &seen, &err) < 0) {
			assert_int_equal(err.kind, SG_ERROR_CHANGED);
			gave_up++;
			continue;
		}
		read++;
		const struct sg_table *now = sg_ruleset_table(&seen, NFPROTO_INET, "t");

		assert_non_null(now);
		assert_int_equal(now->chains[0].rule_count, now->sets[0].count);
		assert_true(now->sets[0].count == 1500 || now->sets[0].count == 3000);
		sg_ruleset_clear(&seen);
	}
	kill(child, SIGKILL);
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status)); /* it was at work until the end */
	assert_true(read > 0);
	print_message("%zu dumps read, %zu given up as changed\n", read, gave_up);
	remove_table(table);
	set->count = chain->rule_count = 3000;
	sg_ruleset_clear(&ruleset);
}

static void without_rights(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		struct sg_kernel *own;
		struct sg_error err = {0};

		if (setuid(65534) < 0 || sg_kernel_open(&own, &err) == 0)
			_exit(1);
		_exit(err.kind == SG_ERROR_SYSTEM && err.errnum == EPERM && strstr(err.message, "needs root") ? 42 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void hooks(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	struct sg_ruleset ruleset = {0};
	struct sg_error err = {0};
	struct sg_kernel_hooks seen = {0};
	struct sg_kernel_reply reply;
	struct sg_table *table = random_table(&(struct random_state){3}, &ruleset, "t");
	size_t chains = 0;

	must_load(table, &reply);
	if (sg_kernel_hooks(kernel, &seen, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < seen.count; i++) {
		const struct sg_kernel_hook *hook = &seen.items[i];

		if (!hook->is_chain || strcmp(hook->table, "t") != 0)
			continue;
		assert_string_equal(hook->chain, "c0");
		assert_int_equal(hook->priority, table->chains[0].priority);
		assert_int_equal(hook->hook, NF_INET_LOCAL_IN);
		assert_int_equal(hook->table_family, NFPROTO_INET);
		chains++;
	}
	remove_table(table);
	sg_ruleset_clear(&ruleset);
	if (!seen.known) {
		assert_int_equal(seen.count, 0);
		print_message("skipped: this kernel does not list hooks\n");
		skip();
	}
	assert_int_equal(chains, 2);
	sg_kernel_hooks_clear(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_is_dumped),
		cmocka_unit_test(scopes),
		cmocka_unit_test(stale_generation),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(refusals_name_the_element),
		cmocka_unit_test(refusals_name_the_rule),
		cmocka_unit_test(more_refusals_than_fit),
		cmocka_unit_test(large_sets),
		cmocka_unit_test(confirms_elements),
		cmocka_unit_test(does_not_confirm_what_is_added),
		cmocka_unit_test(does_not_confirm_exact_sets_with_more),
		cmocka_unit_test(does_not_confirm_maps),
		cmocka_unit_test(dumps_while_others_change),
		cmocka_unit_test(other_tables_while_they_change),
		cmocka_unit_test(without_rights),
		cmocka_unit_test(hooks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
