// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_lint_names.c - unused names, the table of the lints, and ids that are ignored. */
#include <unistd.h>
#include "policy/model.h"
#include "policy_lint.h"

#define UNUSED "policy/unused-name"
#define HINT                                                                                                           \
	"is never used [policy/unused-name] no line and no test names it: take it away, or name it where it was "      \
	"meant\n"

/* ---- Words ---- */

static void test_groups(void **unused)
{
	(void)unused;
	check_words("groups: {a: 192.0.2.1, b: 192.0.2.2}\nallow:\n  tcp: [{port: 22, from: b}]\n", UNUSED,
		    "1: group 'a' " HINT);
	/* in every place of a line, inbound and outbound, and in tests */
	check_words("groups: {a: 192.0.2.1, b: 192.0.2.2, c: 192.0.2.3, d: 192.0.2.4, e: 192.0.2.5, f: 192.0.2.6}\n"
		    "allow:\n  tcp: [{port: 22, from: [a, 10.0.0.0/8], except: b, to: c}]\n"
		    "outbound:\n  block:\n    tcp: [{port: 25, to: d, from: e}]\n"
		    "tests: [{expect: block, tcp: 80, from: f}]\n",
		    UNUSED, "");
	/* through others that are used, and through others that are not */
	check_words("groups:\n  a: [b]\n  b: [c, d]\n  c: 192.0.2.1\n  d: 192.0.2.2\n  e: [f]\n  f: [c]\nblock:\n  "
		    "any: [{from: a}]\n",
		    UNUSED, "6: group 'e' " HINT "7: group 'f' " HINT);
}

/* A list file is no group, whatever it is called. */
static void test_list_file(void **unused)
{
	static const char text[] = "groups:\n  lost: 192.0.2.1\n  found: {file: lost}\nblock:\n  any: [{from: found}]\n"
				   "lint-ignore: [policy/no-ssh]\n";
	char folder[] = "/tmp/sockgate-lint-XXXXXX";
	sg_autofree char *path = NULL;
	FILE *file;

	(void)unused;
	assert_non_null(mkdtemp(folder));
	assert_true(asprintf(&path, "%s/lost", folder) > 0);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("192.0.2.2\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	{
		automeaning meaning = {.read = read_bytes(text, strlen(text), folder), .idd = sg_packet_context(0)};

		assert_non_null(meaning.read.policy);
		lint_again(&meaning);
		assert_int_equal(meaning.read.diags.count, 1);
		assert_string_equal(meaning.read.diags.items[0].message, "group 'lost' is never used");
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_interfaces(void **unused)
{
	(void)unused;
	check_words("interfaces:\n  lan: [inner, \"br*\"]\n  inner: eth1\n  eth2: eth3\n  out: wan0\nallow:\n  tcp:\n  "
		    "  - {port: 22, "
		    "interface: lan}\noutbound:\n  block:\n    tcp: [{port: 25, interface: [out, eth9]}]\n",
		    UNUSED, "4: set of interfaces 'eth2' " HINT);
}

static void test_services(void **unused)
{
	(void)unused;
	check_words("services: {a: {tcp: 1}, b: {tcp: 2}, http: {tcp: 8080}, echo-request: {tcp: 7}}\nallow:\n  tcp: "
		    "[a, http]\n"
		    "  icmp: [echo-request]\n",
		    UNUSED, "1: service 'b' " HINT "1: service 'echo-request' " HINT);
	check_words("services: {a: {tcp: 1}}\ntests: [{expect: block, tcp: a}]\n", UNUSED, "");
}

/* ---- Random groups ---- */

#define GROUPS 8

/* Groups that name later ones, and lines that name some; those in `skip` are left out, whoever names them. */
static char *nested_groups(uint64_t state, const bool *skip)
{
	struct sg_buf text = {0};

	sg_buf_adds(&text, "groups:\n");
	for (size_t i = 0; i < GROUPS; i++) {
		struct sg_buf group = {0};

		sg_buf_addf(&group, "  g%zu: [192.0.2.%zu", i, i);
		for (size_t j = i + 1; j < GROUPS; j++) {
			if (random_below(&state, 4) == 0)
				sg_buf_addf(&group, ", g%zu", j);
		}
		if (!skip[i])
			sg_buf_addf(&text, "%s]\n", group.data);
		sg_buf_clear(&group);
	}
	sg_buf_adds(&text, "  last: 192.0.2.200\nallow:\n  tcp:\n    - {port: 22, from: last}\n");
	for (size_t i = 0; i < 2; i++)
		sg_buf_addf(&text, "    - {port: %zu, from: g%zu}\n", 80 + i, random_below(&state, GROUPS));
	return sg_buf_steal(&text, NULL, NULL);
}

/* What is told of can go, all at once, and what is not told of cannot. */
static void test_random_groups(void **unused)
{
	size_t told = 0;

	(void)unused;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		bool skip[GROUPS] = {false};
		sg_autofree char *text = nested_groups(seed, skip), *less = NULL;
		automeaning meaning = lint_text(text);
		sg_ref verdict = meaning.decision.verdict;

		for (size_t i = 0; i < sg_policy_groups(meaning.read.policy); i++) {
			for (size_t k = 0; k < meaning.read.diags.count; k++) {
				const struct sg_diag *diag = &meaning.read.diags.items[k];

				if (!strcmp(diag->id, UNUSED) &&
				    diag->span.line == sg_policy_group(meaning.read.policy, i)->span.line)
					skip[i] = true;
			}
			told += i < GROUPS && skip[i];
		}
		less = nested_groups(seed, skip);
		{
			autotext again = read_good(less);
			struct sg_decision decision;

			assert_int_equal(sg_policy_lower(again.policy, meaning.idd, &decision, NULL), 0);
			assert_int_equal(decision.verdict, verdict);
		}
		for (size_t i = 0; i < GROUPS; i++) {
			bool one[GROUPS] = {false};
			sg_autofree char *without = NULL;

			if (skip[i])
				continue;
			memcpy(one, skip, sizeof(one));
			one[i] = true;
			without = nested_groups(seed, one);
			{
				autotext broken = read_text(without);

				assert_null(broken.policy);
			}
		}
	}
	print_message("%zu groups\n", told);
	assert_true(told > 100);
}

/* ---- The table ---- */

static void test_table(void **unused)
{
	(void)unused;
	assert_int_equal(sg_lint_count(), 11);
	for (size_t i = 0; i < sg_lint_count(); i++) {
		const struct sg_lint *lint = sg_lint_at(i);

		assert_true(sg_lint_known(lint->id));
		assert_string_equal(sg_lint_next_id(i, NULL), lint->id);
		assert_true(!strncmp(lint->id, "policy/", 7) || !strncmp(lint->id, "unit/", 5));
		assert_int_not_equal(lint->severity, SG_SEVERITY_ERROR);
		assert_true(strlen(lint->summary) > 10 && strlen(lint->summary) < 100);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(lint->id, sg_lint_at(k)->id);
	}
	assert_null(sg_lint_at(sg_lint_count()));
	assert_null(sg_lint_next_id(sg_lint_count(), NULL));
	assert_false(sg_lint_known("policy/unknown-key"));
	assert_false(sg_lint_known("no-effect"));
	assert_false(sg_lint_known(""));
}

/* Speaks of policies whose default accepts, and the others of policies whose default does not. */
#define OTHER_DEFAULT "policy/one-family-block"

/* One policy with all of them but OTHER_DEFAULT; the lines that are to blame are given in the order of the table, 0:
 * the policy. */
static const char everything[] = "groups: {four: [198.51.100.0/24], six: \"2001:db8::/32\"}\n"
				 "services: {lost: {tcp: 1}}\n"
				 "allow:\n"
				 "  tcp:\n"
				 "    - 80\n"
				 "    - {port: 80, from: four}\n"    /* 6: no-effect */
				 "    - 120-130\n"                   /* 7: partly-blocked */
				 "    - 3306\n"                      /* 8: wide-open */
				 "    - {port: 90, from: 0.0.0.0}\n" /* 9: odd-source */
				 "    - 1000-1010\n"                 /* 10: overlap */
				 "    - 1005-1020\n"
				 "    - {port: 443, from: four}\n" /* 12: one-family */
				 "  udp:\n"
				 "    - {port: 80, from: [six, 10.0.0.0/8]}\n"
				 "    - {port: 81, unit: a.service}\n" /* 15: unit/restart */
				 "  sctp: [{port: 90, to: 0.0.0.0}]\n" /* 16: odd-destination */
				 "block:\n"
				 "  tcp: [125]\n";

static size_t count_of(const struct meaning *meaning, const char *id)
{
	size_t count = 0;

	for (size_t i = 0; i < meaning->read.diags.count; i++)
		count += !strcmp(meaning->read.diags.items[i].id, id);
	return count;
}

/* Every lint is told once, where it should be, with the severity of the table. */
static void test_severities(void **unused)
{
	static const uint32_t lines[] = {6, 7, 8, 9, 16, 2, 10, 12, 3, 0, 15};
	automeaning meaning = lint_text(everything);
	automeaning accepting = lint_text("default: accept\nblock:\n  tcp: [{port: 22, family: ipv4}]\n");

	(void)unused;
	assert_int_equal(meaning.read.diags.count + accepting.read.diags.count, sg_lint_count());
	for (size_t i = 0; i < sg_lint_count(); i++) {
		const struct sg_lint *lint = sg_lint_at(i);
		const struct sg_diags *diags =
			strcmp(lint->id, OTHER_DEFAULT) ? &meaning.read.diags : &accepting.read.diags;
		size_t found = 0;

		for (size_t k = 0; k < diags->count; k++) {
			const struct sg_diag *diag = &diags->items[k];

			if (!strcmp(diag->id, lint->id) && diag->span.line == lines[i]) {
				assert_int_equal(diag->severity, lint->severity);
				found++;
			}
		}
		assert_int_equal(found, 1);
	}
	assert_int_equal(meaning.read.diags.errors, 0);
	assert_int_equal(meaning.read.diags.warnings, 7);
}

/* ---- What is ignored ---- */

static struct sg_line *line_at(struct sg_policy *policy, uint32_t number)
{
	for (size_t i = 0; i < policy->line_count; i++) {
		if (policy->lines[i].line.span.line == number)
			return &policy->lines[i].line;
	}
	return NULL;
}

/* The id is gone from the line, or from the policy, and only it; of another line it is still told. */
static void test_ignored(void **unused)
{
	static const uint32_t lines[] = {6, 7, 8, 9, 16, 0, 10, 12, 3, 0, 15};

	(void)unused;
	for (size_t i = 0; i < sg_lint_count(); i++) {
		automeaning meaning = lint_text(everything);
		const char *id = sg_lint_at(i)->id;
		struct sg_policy *policy = meaning.read.policy;
		size_t all = meaning.read.diags.count, own = count_of(&meaning, id);

		if (!strcmp(id, OTHER_DEFAULT)) /* test_policy_lint_ports.c ignores it */
			continue;
		policy->lint_ignore = &id;
		policy->lint_ignore_count = 1;
		lint_again(&meaning);
		assert_int_equal(count_of(&meaning, id), 0);
		assert_int_equal(meaning.read.diags.count, all - own);
		policy->lint_ignore_count = 0;
		if (!lines[i])
			continue;
		line_at(policy, lines[i])->lint_ignore = &id;
		line_at(policy, lines[i])->lint_ignore_count = 1;
		lint_again(&meaning);
		assert_false(warned(&meaning.read, id, line_at(policy, lines[i])));
		assert_int_equal(meaning.read.diags.count, all - 1);
		line_at(policy, lines[i])->lint_ignore_count = 0;
		line_at(policy, 5)->lint_ignore = &id;
		line_at(policy, 5)->lint_ignore_count = 1;
		lint_again(&meaning);
		assert_int_equal(meaning.read.diags.count, all);
	}
}

/* One warning for each unit, at the first line that does not ignore it; a service gets the drop-in that cures it. */
static void test_units(void **unused)
{
	static const char text[] = "allow:\n"
				   "  tcp:\n"
				   "    - {port: 80, unit: a.service, lint-ignore: unit/restart}\n"
				   "    - {port: 81, unit: a.service}\n"
				   "    - {port: 82, unit: a.service}\n"
				   "    - {port: 83, unit: b.scope}\n"
				   "outbound:\n"
				   "  allow: {tcp: [{port: 25, unit: c@d.service}]}\n";
	automeaning meaning = lint_text(text);
	const struct sg_diag *items = meaning.read.diags.items;

	(void)unused;
	assert_int_equal(count_of(&meaning, "unit/restart"), 3);
	for (size_t i = 0; i < meaning.read.diags.count; i++) {
		if (strcmp(items[i].id, "unit/restart") != 0)
			continue;
		if (items[i].span.line == 4)
			assert_non_null(strstr(items[i].hint,
					       "/etc/systemd/system/a.service.d/sockgate.conf:\n[Service]\n"
					       "ExecStartPost=-+/"));
		else if (items[i].span.line == 6)
			assert_null(strstr(items[i].hint, "ExecStartPost="));
		else
			assert_non_null(strstr(items[i].hint, "/c@d.service.d/"));
		assert_true(items[i].span.line == 4 || items[i].span.line == 6 || items[i].span.line == 8);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),        cmocka_unit_test(test_list_file),
		cmocka_unit_test(test_interfaces),    cmocka_unit_test(test_services),
		cmocka_unit_test(test_random_groups), cmocka_unit_test(test_table),
		cmocka_unit_test(test_severities),    cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
