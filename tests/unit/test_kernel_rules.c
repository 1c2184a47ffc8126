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

#include "random_table.h"
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

static bool confirmed(const struct sg_table *table, const struct sg_set *set)
{
	struct sg_error err = {0};
	bool all;

	if (sg_kernel_confirm_elements(kernel, table, set, &all, &err) < 0)
		fail_msg("%s", err.message);
	return all;
}

/* Elements that are there are confirmed; one that is not, or that ends elsewhere, is noticed wherever it stands. */
static void confirms_elements(void **state)
{
	(void)state;
	NEEDS_KERNEL();
	for (int interval = 0; interval < 2; interval++) {
		struct sg_ruleset ruleset = {0};
		struct sg_set *set = address_set(&ruleset, interval ? SG_SET_INTERVAL : 0, 1000);
		struct sg_table *table = &ruleset.tables[0];
		struct sg_kernel_reply reply;

		must_load(table, &reply);
		assert_true(confirmed(table, set));
		for (size_t i = 0; i < set->count; i += 111) {
			uint8_t *last_byte = set->keys + (i + 1) * sg_set_stride(set) - 1;

			*last_byte ^= 2; /* of the key, or of the interval's end */
			assert_false(confirmed(table, set));
			*last_byte ^= 2;
		}
		set->count = 17;
		assert_true(confirmed(table, set));
		set->count = 0;
		assert_true(confirmed(table, set));
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

/* A start without an end reaches up to the next interval, or to the last key: one element more in the kernel. */
static void does_not_confirm_what_is_in_between(void **state)
{
	static const uint8_t starts[][4] = {{0, 0, 0, 0}, {0, 0, 0, 2}, {0, 0, 7, 2}, {0, 0, 15, 158}, {9, 0, 0, 0}};
	static const uint8_t last[4] = {255, 255, 255, 255};

	(void)state;
	NEEDS_KERNEL();
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct sg_ruleset ruleset = {0};
		struct sg_set *set = address_set(&ruleset, SG_SET_INTERVAL, 1000);
		struct sg_table *table = &ruleset.tables[0];
		struct sg_set more = {.name = set->name, .flags = set->flags, .key_type = 7, .key_length = 4};
		struct sg_kernel_reply reply = {0};
		struct sg_wire *wire = sg_wire_new();
		struct sg_error err = {0};

		/* not from the very first key on */
		memmove(set->keys, set->keys + 8, 8 * --set->count);
		must_load(table, &reply);
		assert_true(confirmed(table, set));
		assert_int_equal(sg_set_add(&more, starts[i], last, NULL, NULL, 0, &err), 0);
		sg_wire_begin(wire, 1, 0);
		sg_wire_add_elements(wire, table, &more);
		assert_int_equal(sg_kernel_send(kernel, wire, 0, &reply, &err), 0);
		assert_true(reply.committed);
		assert_false(confirmed(table, set));
		remove_table(table);
		more.name = NULL;
		sg_set_clear(&more);
		sg_wire_free(wire);
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
	assert_int_equal(sg_kernel_confirm_elements(kernel, &ruleset.tables[0], set, &all, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_INPUT);
	set->flags = 0;
	sg_ruleset_clear(&ruleset);
}

/* Another program commits as fast as it can: what is read is never half of one ruleset and half of another. */
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
		cmocka_unit_test(does_not_confirm_what_is_in_between),
		cmocka_unit_test(does_not_confirm_maps),
		cmocka_unit_test(dumps_while_others_change),
		cmocka_unit_test(without_rights),
		cmocka_unit_test(hooks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
