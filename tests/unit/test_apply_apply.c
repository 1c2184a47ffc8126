// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The transaction, in the kernel: what it does when the rules are not the policy, when memory runs out anywhere, and
 * when others change what it remembers. Each test has a network namespace and a /run of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "sockgate/buf.h"
#include "apply/proof.h"
#include "sockgate/apply.h"
#include "sockgate/rules.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);
ssize_t __real_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __real_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length);
ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length);
int __real_sg_rules_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_table *ret,
			      struct sg_error *err);
int __wrap_sg_rules_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_table *ret,
			      struct sg_error *err);

/* ------------------------------------------------------------------ what is tampered with */

static const struct sg_decision *instead; /* the decision that is compiled in place of the right one */

int __wrap_sg_rules_of_policy(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_table *ret,
			      struct sg_error *err)
{
	return __real_sg_rules_of_policy(policy, instead ? instead : decision, ret, err);
}

static size_t answers = SIZE_MAX; /* that are still received; SIZE_MAX: all */
static bool all_later;            /* none after them either, or only one is missing */
static bool no_force;             /* as in a container: no rights over the machine */

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	if (answers == 0) {
		answers = all_later ? 0 : SIZE_MAX;
		errno = EIO;
		return -1;
	}
	answers -= answers != SIZE_MAX;
	return __real_recvmsg(fd, message, flags);
}

static size_t undisturbed = SIZE_MAX; /* messages that are sent before another program changes the ruleset */
static struct sg_kernel *another;     /* that program's */

static void change_something(void)
{
	struct sg_table table = {.name = (char[]){"foreign"}, .family = 1};
	struct sg_set set = {.name = (char[]){"new"}, .key_type = 7, .key_length = 4};
	struct sg_wire *wire = sg_wire_new();
	struct sg_kernel_reply reply;
	static unsigned int times;

	sg_wire_begin(wire, 1, 0);
	sg_wire_add_table(wire, &table);
	if (times++ % 2)
		sg_wire_del_set(wire, &table, &set);
	else
		sg_wire_add_set(wire, &table, &set);
	assert_int_equal(sg_kernel_send(another, wire, 0, &reply, NULL), 0);
	assert_true(reply.committed);
	sg_wire_free(wire);
}

ssize_t __wrap_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
	if (undisturbed != SIZE_MAX && undisturbed-- == 0) {
		undisturbed = SIZE_MAX;
		change_something();
	}
	return __real_sendto(fd, data, size, flags, to, length);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	if (no_force && level == SOL_SOCKET && name == SO_SNDBUFFORCE) {
		errno = EPERM;
		return -1;
	}
	if (no_force && level == SOL_SOCKET && name == SO_SNDBUF) {
		int room = 65536; /* the kernel doubles it */

		return __real_setsockopt(fd, level, name, &room, sizeof(room));
	}
	return __real_setsockopt(fd, level, name, value, length);
}

/* ------------------------------------------------------------------ the scene */

struct given {
	struct sg_files *files;
	struct sg_policy *policy;
	struct sg_idd *idd;
	struct sg_decision decision;
};

static struct given read_policy(const char *text)
{
	static const struct sg_policy_options options = {0};
	struct given given = {.files = sg_files_new(), .idd = sg_packet_context(0)};
	struct sg_diags diags = {0};
	struct sg_error err = {0};

	given.policy = sg_policy_parse("p.yaml", ".", text, strlen(text), &options, given.files, &diags, &err);
	if (!given.policy)
		fail_msg("%s", diags.count ? diags.items[0].message : err.message);
	assert_int_equal(sg_policy_lower(given.policy, given.idd, &given.decision, &err), 0);
	sg_diags_clear(&diags);
	return given;
}

static void forget(struct given *given)
{
	sg_policy_free(given->policy);
	sg_files_free(given->files);
	sg_idd_free(given->idd);
}

static int apply(struct sg_kernel *kernel, const struct given *given, struct sg_apply_result *result,
		 struct sg_error *err)
{
	struct sg_apply_input input = {given->policy, &given->decision, given->files, NULL};
	struct sg_diags diags = {0};
	int done = sg_apply(kernel, &input, &diags, result, err);

	sg_diags_clear(&diags);
	return done;
}

static struct sg_kernel *new_world(void)
{
	struct sg_kernel *kernel = NULL;
	struct sg_error err = {0};

	assert_int_equal(unshare(CLONE_NEWNET | CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	if (sg_kernel_open(&kernel, &err))
		fail_msg("%s", err.message);
	return kernel;
}

static struct sg_ruleset dump(struct sg_kernel *kernel, const struct sg_table **table)
{
	struct sg_dump what = {.scope = SG_DUMP_TABLE, .family = SG_TABLE_FAMILY, .name = SG_TABLE_NAME};
	struct sg_ruleset ruleset = {0};

	assert_int_equal(sg_kernel_dump(kernel, &what, &ruleset, NULL), 0);
	*table = sg_ruleset_table(&ruleset, SG_TABLE_FAMILY, SG_TABLE_NAME);
	return ruleset;
}

static const char *const small = "allow: {tcp: [22, {port: 80, from: [192.0.2.0/24, 198.51.100.1]}]}\n";
static const char *const other = "allow: {tcp: [22, 23, {port: 80, from: [192.0.2.0/25, 203.0.113.9]}], udp: [53]}\n"
				 "block: {any: [{from: [10.0.0.1, 10.0.0.3]}]}\n";

/* ------------------------------------------------------------------ tests */

static void creates_updates_and_leaves_alone(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct given a = read_policy(small), b = read_policy(other);
	struct sg_apply_result result;
	struct sg_error err = {0};
	uint32_t generation, again;

	(void)state;
	assert_int_equal(apply(kernel, &a, &result, &err), 0);
	assert_int_equal(result.outcome, SG_APPLY_CREATED);
	assert_int_equal(sg_kernel_generation(kernel, &generation, &err), 0);
	assert_int_equal(result.generation, generation);
	assert_int_equal(apply(kernel, &a, &result, &err), 0);
	assert_int_equal(result.outcome, SG_APPLY_UNCHANGED);
	assert_int_equal(sg_kernel_generation(kernel, &again, &err), 0);
	assert_int_equal(again, generation);
	assert_int_equal(apply(kernel, &b, &result, &err), 0);
	assert_int_equal(result.outcome, SG_APPLY_UPDATED);
	forget(&a);
	forget(&b);
	sg_kernel_close(kernel);
}

/* Rules that are not the policy do not stay: the former ones are back, and the error names a packet. */
static void wrong_rules_do_not_stay(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct given a = read_policy(small), b = read_policy(other), bad = read_policy("allow: {tcp: [22, 4444]}\n");
	struct sg_ruleset before, after;
	const struct sg_table *then, *now;
	struct sg_apply_result result;
	struct sg_error err = {0};

	(void)state;
	instead = &bad.decision;
	assert_int_equal(apply(kernel, &b, &result, &err), -1);
	assert_int_equal(err.kind, SG_ERROR_UNPROVEN);
	assert_non_null(strstr(err.message, "there are none now, as before"));
	assert_null(strstr(err.message, "the former ones"));
	after = dump(kernel, &now);
	assert_null(now);
	sg_ruleset_clear(&after);
	instead = NULL;
	assert_int_equal(apply(kernel, &a, &result, &err), 0);
	before = dump(kernel, &then);
	instead = &bad.decision;
	err = (struct sg_error){0};
	assert_int_equal(apply(kernel, &b, &result, &err), -1);
	instead = NULL;
	assert_int_equal(err.kind, SG_ERROR_UNPROVEN);
	assert_non_null(strstr(err.message, "a packet ("));
	assert_non_null(strstr(err.message, "the former ones are back"));
	after = dump(kernel, &now);
	assert_non_null(now);
	assert_true(sg_table_equal(then, now));
	sg_ruleset_clear(&before);
	sg_ruleset_clear(&after);
	forget(&a);
	forget(&b);
	forget(&bad);
	sg_kernel_close(kernel);
}

/* Wherever memory runs out: the old rules or the new ones are in force, the error says if it is the new ones, and the
 * next run leaves nothing over. */
static void memory_runs_out(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct given a = read_policy(small), b = read_policy(other);
	struct sg_ruleset old;
	const struct sg_table *old_table;
	struct sg_apply_result result;
	struct sg_error err = {0};
	size_t failures = 0, objects;
	int done = -1;

	(void)state;
	assert_int_equal(apply(kernel, &a, &result, &err), 0);
	old = dump(kernel, &old_table);
	objects = old_table->chain_count + old_table->set_count;
	for (size_t n = 0; done; n++) {
		struct sg_idd *fresh = sg_packet_context(0);
		struct sg_decision decision;
		struct sg_apply_input input = {b.policy, &decision, b.files, NULL};
		struct sg_diags diags = {0};
		struct sg_ruleset now;
		const struct sg_table *table;
		bool is_old, is_new;

		/* a context of its own: what a former round computed would be there already */
		assert_int_equal(sg_policy_lower(b.policy, fresh, &decision, &err), 0);
		err = (struct sg_error){0};
		starve_from(n + 1, false);
		done = sg_apply(kernel, &input, &diags, &result, &err);
		starve_end();
		sg_diags_clear(&diags);
		sg_idd_free(fresh);
		now = dump(kernel, &table);
		/* beside the rules there may be what the new ones were to lead to */
		is_old = table && !sg_proof(&a.decision, table, NULL);
		is_new = table && !is_old && !sg_proof(&b.decision, table, NULL);
		if (!is_old && !is_new)
			fail_msg("allocation %zu: neither the old nor the new rules", n);
		sg_ruleset_clear(&now);
		if (done) {
			failures++;
			if (err.kind != SG_ERROR_MEMORY ||
			    is_new != !!strstr(err.message, "the new rules are in force"))
				fail_msg("allocation %zu: %s", n, err.message);
		}
		if (done) { /* from the beginning again */
			struct sg_error ignored = {0};

			assert_int_equal(apply(kernel, &a, &result, &ignored), 0);
			sg_ruleset_clear(&old);
			old = dump(kernel, &old_table);
			assert_int_equal(old_table->chain_count + old_table->set_count, objects);
		}
	}
	assert_true(failures > 100);
	sg_ruleset_clear(&old);
	forget(&a);
	forget(&b);
	sg_kernel_close(kernel);
}

/* Whether an error says the truth about the rules that are in force. */
static bool says_the_truth(const char *message, bool is_new)
{
	if (strstr(message, "not known whether"))
		return true;
	if (strstr(message, "the former ones are back") || strstr(message, "as before") ||
	    strstr(message, "did not take the rules"))
		return !is_new;
	return is_new == !!strstr(message, "the new rules are in force");
}

/* Applies b over a while the answer after the first `n`, or each from there on, is lost. */
static int lose_answers(struct sg_kernel *kernel, const struct given *a, const struct given *b, size_t n,
			unsigned int *unknown)
{
	struct sg_apply_result result;
	struct sg_error err = {0};
	struct sg_ruleset now;
	const struct sg_table *table;
	bool is_old, is_new;
	int done;

	assert_int_equal(apply(kernel, a, &result, &err), 0);
	answers = n;
	done = apply(kernel, b, &result, &err);
	answers = SIZE_MAX;
	now = dump(kernel, &table);
	is_old = table && !sg_proof(&a->decision, table, NULL);
	is_new = table && !sg_proof(&b->decision, table, NULL);
	assert_true(is_old != is_new);
	if (done ? !says_the_truth(err.message, is_new) : !is_new)
		fail_msg("answer %zu is lost: the rules are the %s ones: %s", n, is_new ? "new" : "old", err.message);
	*unknown += done && strstr(err.message, "not known whether");
	sg_ruleset_clear(&now);
	return done;
}

static void answers_are_lost(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct given a = read_policy(small), b = read_policy(other);
	unsigned int unknown = 0;

	(void)state;
	for (int later = 0; later < 2; later++) {
		size_t last = 0;

		all_later = later;
		/* behind the last answer nothing is lost */
		for (size_t n = 0; n < last + 30; n++)
			if (lose_answers(kernel, &a, &b, n, &unknown))
				last = n;
		assert_true(last > 10);
	}
	assert_true(unknown > 0); /* nobody answers any more after the switch */
	forget(&a);
	forget(&b);
	sg_kernel_close(kernel);
}

static void answers_to_clear_are_lost(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct given a = read_policy(small);
	unsigned int unknown = 0, wrong = 0;

	(void)state;
	for (size_t n = 0; n < 80; n++) {
		struct sg_apply_result result;
		struct sg_error err = {0};
		struct sg_ruleset now;
		const struct sg_table *table;
		bool was_there = false;
		int done;

		assert_int_equal(apply(kernel, &a, &result, &err), 0);
		answers = n / 2;
		all_later = n % 2;
		done = sg_apply_clear(kernel, &was_there, &err);
		answers = SIZE_MAX;
		now = dump(kernel, &table);
		unknown += done && strstr(err.message, "it is not known whether the table is gone");
		wrong += done ? !table && !strstr(err.message, "not known") : table || !was_there;
		sg_ruleset_clear(&now);
	}
	assert_int_equal(wrong, 0);
	assert_true(unknown > 0);
	forget(&a);
	sg_kernel_close(kernel);
}

/* Whenever another program commits, between the steps too: it begins again, and what it made before is not left over.
 */
static void others_commit_in_between(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct given a = read_policy(small), b = read_policy(other);
	size_t again = 0, left = 0, objects = 0;
	unsigned int attempts = 0;
	bool met = true;

	(void)state;
	assert_int_equal(sg_kernel_open(&another, NULL), 0);
	for (size_t n = 0; met; n++) {
		struct sg_apply_result result;
		struct sg_error err = {0};
		struct sg_ruleset now;
		const struct sg_table *table;

		assert_int_equal(apply(kernel, &a, &result, &err), 0);
		undisturbed = n;
		if (apply(kernel, &b, &result, &err))
			fail_msg("before message %zu: %s", n, err.message);
		met = undisturbed == SIZE_MAX;
		undisturbed = SIZE_MAX;
		now = dump(kernel, &table);
		assert_int_equal(sg_proof(&b.decision, table, &err), 0);
		objects = objects ? objects : table->chain_count + table->set_count;
		left += table->chain_count + table->set_count != objects;
		attempts = result.attempts > attempts ? result.attempts : attempts;
		again += result.attempts > 1;
		sg_ruleset_clear(&now);
	}
	assert_int_equal(attempts, 2);
	assert_int_equal(again, 2); /* before the first step, and before the second */
	assert_int_equal(left, 1);  /* before the third, which the next run does */
	sg_kernel_close(another);
	forget(&a);
	forget(&b);
	sg_kernel_close(kernel);
}

static void write_many(struct sg_buf *text, unsigned int many)
{
	sg_buf_adds(text, "groups: {many: [");
	for (unsigned int i = 0; i < many; i++) /* every second address: none can be joined with the next */
		sg_buf_addf(text, "%s10.%u.%u.%u", i ? ", " : "", i / 32768, i / 128 % 256, i % 128 * 2);
	sg_buf_adds(text, "]}\nallow: {tcp: [{port: 22, from: many}]}\n");
}

/* Where the kernel takes no batch of the size, new sets are sent in parts; and one that would have to be edited in too
 * many places is put in anew. */
static void more_than_the_kernel_takes_at_once(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct sg_buf texts[3] = {{0}};
	const unsigned int sizes[3] = {20000, 50000, 20000};
	size_t objects = 0;
	struct sg_apply_result result;
	struct sg_error err = {0};
	uint32_t before, after;

	(void)state;
	no_force = true;
	for (size_t i = 0; i < 3; i++) {
		struct given given;
		struct sg_ruleset now;
		const struct sg_table *table;

		write_many(&texts[i], sizes[i]);
		given = read_policy(texts[i].data);
		assert_int_equal(sg_kernel_generation(kernel, &before, &err), 0);
		if (apply(kernel, &given, &result, &err))
			fail_msg("%u addresses: %s", sizes[i], err.message);
		assert_int_equal(sg_kernel_generation(kernel, &after, &err), 0);
		if (after - before < 4)
			fail_msg("%u addresses: %u transactions", sizes[i], after - before);
		now = dump(kernel, &table);
		assert_int_equal(sg_proof(&given.decision, table, &err), 0);
		objects = i ? objects : table->set_count;
		assert_int_equal(table->set_count, objects); /* nothing is left over */
		sg_ruleset_clear(&now);
		sg_buf_clear(&texts[i]);
		forget(&given);
	}
	no_force = false;
	sg_kernel_close(kernel);
}

/* A set that is remembered, and changed by somebody else: what is read is what is there. */
static void what_is_remembered_is_true(void **state)
{
	struct sg_kernel *kernel = new_world();
	struct sg_buf text = {0};
	struct given a;
	struct sg_apply_result result;
	struct sg_ruleset ruleset = {0};
	const struct sg_table *table;
	struct sg_kernel_reply reply = {0};
	struct sg_error err = {0};
	struct sg_wire *wire = sg_wire_new();
	struct sg_set one = {.name = (char[]){"g_many4"}, .key_type = 7, .key_length = 4};
	const uint8_t gone[4] = {10, 0, 2, 0};

	(void)state;
	write_many(&text, 6000);
	a = read_policy(text.data);
	assert_int_equal(apply(kernel, &a, &result, &err), 0);
	assert_int_equal(sg_apply_read(kernel, &ruleset, &table, &err), 0);
	assert_int_equal(sg_table_set(table, "g_many4")->count, 6000);
	sg_wire_begin(wire, 1, 0);
	assert_int_equal(sg_set_add(&one, gone, NULL, NULL, NULL, 0, &err), 0);
	sg_wire_del_elements(wire, table, &one);
	assert_int_equal(sg_kernel_send(kernel, wire, 0, &reply, &err), 0);
	assert_true(reply.committed);
	sg_ruleset_clear(&ruleset);
	assert_int_equal(sg_apply_read(kernel, &ruleset, &table, &err), 0);
	assert_int_equal(sg_table_set(table, "g_many4")->count, 5999);
	assert_int_equal(apply(kernel, &a, &result, &err), 0);
	assert_int_equal(result.elements_added, 1);
	assert_int_equal(result.elements_deleted, 0);
	sg_ruleset_clear(&ruleset);
	sg_wire_free(wire);
	free(one.keys);
	sg_buf_clear(&text);
	forget(&a);
	sg_kernel_close(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_updates_and_leaves_alone),
		cmocka_unit_test(wrong_rules_do_not_stay),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(answers_are_lost),
		cmocka_unit_test(answers_to_clear_are_lost),
		cmocka_unit_test(others_commit_in_between),
		cmocka_unit_test(more_than_the_kernel_takes_at_once),
		cmocka_unit_test(what_is_remembered_is_true),
	};

	if (geteuid() != 0) {
		print_message("skipped: needs root for a network namespace of its own\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
