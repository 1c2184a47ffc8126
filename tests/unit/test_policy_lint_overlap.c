// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy_lint_overlap.c - lines that could be one: their words, and on random policies against a plain search. */
#include "policy/model.h"
#include "policy_lint.h"

#define OVERLAP "policy/overlap"

/* ---- Words ---- */

static void test_ports(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp:\n    - 8000-8099\n    - 22\n    - 8050-8150\n", OVERLAP,
		    "3: 'allow.tcp[0]' could be one line with policy.yaml:5 (allow.tcp[2]) [policy/overlap] "
		    "they differ in their ports alone: together 8000-8150\n");
	/* a range and what comes next; not two services, nor what has a name */
	check_words("allow:\n  tcp:\n    - 8000-8099\n    - 8100\n    - 80\n    - 81\n", OVERLAP,
		    "3: 'allow.tcp[0]' could be one line with policy.yaml:4 (allow.tcp[1]) [policy/overlap] "
		    "they differ in their ports alone: together 8000-8100\n");
	check_words("allow:\n  tcp: [ssh, 23-30, 8000-8099, 8101]\n", OVERLAP, "");
	check_words("allow:\n  tcp: [ssh, 22-30]\n", OVERLAP, ""); /* has no effect, which is said elsewhere */
	check_words("allow:\n  tcp: [{port: [ssh, 100]}, 50-100]\n", OVERLAP,
		    "2: 'allow.tcp[0]' could be one line with policy.yaml:2 (allow.tcp[1]) [policy/overlap] "
		    "they differ in their ports alone: together 22, 50-100\n");
	/* one leads to the other */
	check_words("allow:\n  tcp: [{port: [10-11, 98-99]}, 5-10, 99-120, 200]\n", OVERLAP,
		    "2: 'allow.tcp[0]' could be one line with policy.yaml:2 (allow.tcp[1]) and policy.yaml:2 "
		    "(allow.tcp[2]) [policy/overlap] they differ in their ports alone: together 5-11, 98-120\n");
	check_words("allow:\n  tcp: [1-5]\n  udp: [3-8]\n", OVERLAP, "");
	check_words("allow:\n  tcp: [1-5]\n  tcp+udp: [3-8]\n", OVERLAP, "");
	check_words("allow:\n  tcp: [1-5]\nblock:\n  tcp: [10-20, 15-30]\n", OVERLAP, "");
	check_words("outbound:\n  default: drop\n  allow:\n    tcp: [1-5, 3-8]\nallow:\n  tcp: [4-9]\n", OVERLAP,
		    "4: 'outbound.allow.tcp[0]' could be one line with policy.yaml:4 (outbound.allow.tcp[1]) "
		    "[policy/overlap] they differ in their ports alone: together 1-8\n");
}

static void test_constraints(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp:\n    - {port: 22, from: 192.0.2.0/24}\n    - {port: 22, from: \"2001:db8::/32\"}\n",
		    OVERLAP,
		    "3: 'allow.tcp[0]' could be one line with policy.yaml:4 (allow.tcp[1]) [policy/overlap] "
		    "they differ in 'from' alone: name all of it in one\n");
	check_words("allow:\n  tcp+udp:\n    - {port: 53, to: 192.0.2.1}\n    - {port: 53, to: 192.0.2.2}\n", OVERLAP,
		    "3: 'allow.tcp+udp[0]' could be one line with policy.yaml:4 (allow.tcp+udp[1]) [policy/overlap] "
		    "they differ in 'to' alone: name all of it in one\n");
	check_words("allow:\n  any: [{interface: wg0}, {interface: wg1}]\n", OVERLAP,
		    "2: 'allow.any[0]' could be one line with policy.yaml:2 (allow.any[1]) [policy/overlap] "
		    "they differ in 'interface' alone: name all of it in one\n");
	check_words("allow:\n  tcp: [{port: 22, family: ipv4}, {port: 22, family: ipv6}]\n", OVERLAP,
		    "2: 'allow.tcp[0]' could be one line with policy.yaml:2 (allow.tcp[1]) [policy/overlap] "
		    "they differ in 'family' alone: leave it out\n");
	/* what differs in two is not one box */
	check_words("allow:\n  tcp: [{port: 22, from: 192.0.2.1, interface: a}, {port: 22, from: 192.0.2.2, "
		    "interface: b}]\n",
		    OVERLAP, "");
	check_words("allow:\n  tcp: [{port: 22, from: 192.0.2.1}, {port: 22, interface: b}]\n", OVERLAP, "");
	/* `except` is of one line's sources */
	check_words(
		"allow:\n  tcp: [{port: 22, from: 192.0.2.0/24, except: 192.0.2.9}, {port: 22, from: 10.0.0.0/8}]\n",
		OVERLAP, "");
	check_words("allow:\n  tcp: [{port: 22, except: 192.0.2.9, interface: a}, {port: 22, except: 192.0.2.9, "
		    "interface: b}]\n",
		    OVERLAP,
		    "2: 'allow.tcp[0]' could be one line with policy.yaml:2 (allow.tcp[1]) [policy/overlap] "
		    "they differ in 'interface' alone: name all of it in one\n");
}

/* What a line says beside its packets would be lost. */
static void test_beside(void **unused)
{
	(void)unused;
	check_words("allow:\n  tcp: [{port: 1-5, comment: a}, {port: 3-8, comment: b}]\n", OVERLAP, "");
	check_words("allow:\n  tcp: [{port: 1-5, comment: a}, 3-8]\n", OVERLAP, "");
	check_words("allow:\n  tcp: [{port: 1-5, on-demand: true}, 3-8]\n", OVERLAP, "");
	check_words("allow:\n  tcp: [{port: 1-5, lint-ignore: policy/wide-open}, {port: 3-8, lint-ignore: "
		    "policy/one-family}]\n",
		    OVERLAP, "");
	check_words("allow:\n  tcp: [{port: 1-5, comment: a}, {port: 3-8, comment: a}]\n", OVERLAP,
		    "2: 'allow.tcp[0]' could be one line with policy.yaml:2 (allow.tcp[1]) [policy/overlap] "
		    "they differ in their ports alone: together 1-8\n");
}

/* ---- Random policies ---- */

static bool same_addresses(const struct sg_addresses *a, const struct sg_addresses *b)
{
	return sg_ranges_equal(&a->v4, &b->v4) && sg_ranges_equal(&a->v6, &b->v6);
}

/* In how many constraints two lines differ, and in which. */
static int differences(const struct sg_line *a, const struct sg_line *b, const char **ret)
{
	int count = 0;

	if (a->has_from != b->has_from || (a->has_from && !same_addresses(&a->from, &b->from))) {
		count++;
		*ret = "'from'";
	}
	if (a->has_to != b->has_to || (a->has_to && !same_addresses(&a->to, &b->to))) {
		count++;
		*ret = "'to'";
	}
	if (a->has_interface != b->has_interface ||
	    (a->has_interface && !sg_ranges_equal(&a->interfaces, &b->interfaces))) {
		count++;
		*ret = "'interface'";
	}
	if (a->has_family != b->has_family || (a->has_family && a->family != b->family)) {
		count++;
		*ret = "'family'";
	}
	return count;
}

static bool same_service(const struct sg_line *a, const struct sg_line *b)
{
	return a->kind == b->kind && a->protocol_count == b->protocol_count &&
	       !memcmp(a->protocols, b->protocols, a->protocol_count) && sg_ranges_equal(&a->ports, &b->ports) &&
	       sg_ranges_equal(&a->types4, &b->types4) && sg_ranges_equal(&a->types6, &b->types6);
}

static bool touches(const struct sg_ranges *a, const struct sg_ranges *b)
{
	for (size_t i = 0; i < a->count; i++) {
		for (size_t j = 0; j < b->count; j++) {
			const struct sg_range *x = &a->items[i], *y = &b->items[j];
			bool single = x->first == x->last && y->first == y->last;

			if (x->first <= y->last && y->first <= x->last)
				return true;
			if (!single && (x->last + 1 == y->first || y->last + 1 == x->first))
				return true;
		}
	}
	return false;
}

/* Whether what two lines hang on is the same, and none counts or logs for itself. */
static bool same_terms(const struct sg_line *a, const struct sg_line *b)
{
	if (a->limit.count || b->limit.count || a->connections || b->connections || a->log || b->log)
		return false;
	if (!a->unit != !b->unit || (a->unit && strcmp(a->unit, b->unit) != 0))
		return false;
	return a->has_until == b->has_until && a->until == b->until;
}

/* "ports", the constraint in quotes in which alone they differ, or NULL when they cannot be one. */
static const char *could_be_one(const struct model_line *a, const struct model_line *b)
{
	const struct sg_line *x = &a->line, *y = &b->line;
	const char *which = NULL;
	int count = differences(x, y, &which);

	if (x->direction != y->direction || !same_terms(x, y))
		return NULL;
	if (count == 0 && x->kind == SG_LINE_PORTS && y->kind == SG_LINE_PORTS &&
	    x->protocol_count == y->protocol_count && !memcmp(x->protocols, y->protocols, x->protocol_count))
		return touches(&x->ports, &y->ports) ? "ports" : NULL;
	if (count != 1 || !same_service(x, y))
		return NULL;
	if ((a->except.count || b->except.count) && !strcmp(which, x->direction == SG_OUT ? "'to'" : "'from'"))
		return NULL;
	return which;
}

static const struct sg_diag *note_of(const struct meaning *meaning, const struct sg_line *line)
{
	for (size_t i = 0; i < meaning->read.diags.count; i++) {
		const struct sg_diag *diag = &meaning->read.diags.items[i];

		if (!strcmp(diag->id, OVERLAP) && !memcmp(&diag->span, &line->span, sizeof(line->span)))
			return diag;
	}
	return NULL;
}

static bool is_named_in(const struct sg_diag *diag, const struct sg_line *line)
{
	sg_autofree char *path = NULL;

	assert_true(asprintf(&path, "(%s)", line->path) > 0);
	return strstr(diag->message, path) != NULL;
}

struct found {
	size_t ports, constraints;
};

/* Ranges are united in place: what they were is not needed any more. */
static void unite_ranges(struct sg_ranges *a, const struct sg_ranges *b, struct sg_ranges *ret)
{
	assert_int_equal(sg_ranges_union(a, b, ret, NULL), 0);
	*a = *ret;
}

/* Line `with` goes into line `into`: the decision stays the same. */
static void check_merge(struct meaning *meaning, size_t into, size_t with, const char *how)
{
	struct sg_policy *policy = meaning->read.policy;
	struct sg_line *line = &policy->lines[into].line, before = *line;
	struct model_line other = policy->lines[with];
	struct sg_ranges made[2] = {0};
	struct sg_decision decision;

	if (!strcmp(how, "ports"))
		unite_ranges(&line->ports, &other.line.ports, &made[0]);
	else if (!strcmp(how, "'interface'"))
		unite_ranges(&line->interfaces, &other.line.interfaces, &made[0]);
	else if (!strcmp(how, "'family'"))
		line->has_family = false;
	else {
		bool from = !strcmp(how, "'from'");

		unite_ranges(from ? &line->from.v4 : &line->to.v4, from ? &other.line.from.v4 : &other.line.to.v4,
			     &made[0]);
		unite_ranges(from ? &line->from.v6 : &line->to.v6, from ? &other.line.from.v6 : &other.line.to.v6,
			     &made[1]);
	}
	policy->lines[with].line = *line; /* twice the same: as if it were not there */
	assert_int_equal(sg_policy_lower(policy, meaning->idd, &decision, NULL), 0);
	assert_int_equal(decision.verdict, meaning->decision.verdict);
	assert_int_equal(decision.log, meaning->decision.log);
	*line = before;
	policy->lines[with] = other;
	sg_ranges_clear(&made[0]);
	sg_ranges_clear(&made[1]);
}

/*
 * Two lines that could be one are told of, unless one of them is told of with a third; a note's lines could be one with
 * each other, of ports by way of others. Merging changes nothing.
 */
static void check_pairs(struct meaning *meaning, struct found *found)
{
	struct sg_policy *policy = meaning->read.policy;
	sg_autofree bool *told = calloc(policy->line_count + 1, sizeof(*told));

	for (size_t i = 0; i < policy->line_count; i++) {
		const struct sg_diag *note = note_of(meaning, &policy->lines[i].line);

		for (size_t j = i + 1; note && j < policy->line_count; j++) {
			const char *how = could_be_one(&policy->lines[i], &policy->lines[j]);

			if (!is_named_in(note, &policy->lines[j].line))
				continue;
			assert_true(!told[j]);
			told[i] = told[j] = true;
			if (strstr(note->hint, "ports alone")) {
				found->ports++;
				assert_true(!how || !strcmp(how, "ports"));
				if (how)
					check_merge(meaning, i, j, how);
			} else {
				found->constraints++;
				assert_non_null(how);
				assert_non_null(strstr(note->hint, how));
				check_merge(meaning, i, j, how);
			}
		}
	}
	for (size_t i = 0; i < policy->line_count; i++) {
		const struct sg_line *line = &policy->lines[i].line;

		for (size_t j = i + 1; j < policy->line_count; j++) {
			const struct sg_line *other = &policy->lines[j].line;

			if (line->section != SG_SECTION_ALLOW || other->section != SG_SECTION_ALLOW ||
			    warned(&meaning->read, "policy/no-effect", line) ||
			    warned(&meaning->read, "policy/no-effect", other) ||
			    !could_be_one(&policy->lines[i], &policy->lines[j]))
				continue;
			if (!told[i] && !told[j])
				print_error("%s %s %s\n", line->path, other->path,
					    could_be_one(&policy->lines[i], &policy->lines[j]));
			assert_true(told[i] || told[j]);
		}
	}
}

/* Few lines of few words, so that many could be one. */
static char *similar_lines(uint64_t *state)
{
	static const char *const ports[] = {"1-5",   "4-9", "8",  "10-12",   "6-7",           "20-30",
					    "29-40", "13",  "14", "[2, 29]", "[41, 100-110]", "108-120"};
	static const char *const from[] = {"192.0.2.0/25", "192.0.2.128/25", "\"2001:db8::/32\"",
					   "[198.51.100.0/24, \"2001:db8:1::/48\"]"};
	static const char *const rest[] = {"",
					   "",
					   "",
					   "interface: eth0",
					   "interface: eth1",
					   "to: 203.0.113.1",
					   "to: 203.0.113.2",
					   "family: ipv4",
					   "family: ipv6",
					   "except: 192.0.2.129",
					   "unit: a.service",
					   "unit: b.service",
					   "until: 2030-01-01T00:00Z",
					   "until: 2030-01-01T00:00Z, interface: eth0",
					   "limit: 1/day",
					   "log: a"};
	struct sg_buf text = {0};
	char *result;

	for (size_t out = 0; out < 2; out++) {
		sg_buf_adds(&text, out ? "outbound:\n  default: drop\n  allow:\n    tcp:\n" : "allow:\n    tcp:\n");
		for (size_t i = 0; i < 8; i++) {
			const char *remote = out ? "to" : "from", *more = PICK(state, rest);

			sg_buf_addf(&text, "      - {port: %s", PICK(state, ports));
			if (random_below(state, 2))
				sg_buf_addf(&text, ", %s: %s", remote, PICK(state, from));
			if (*more && strncmp(more, remote, strlen(remote)) != 0)
				sg_buf_addf(&text, ", %s", more);
			sg_buf_adds(&text, "}\n");
		}
	}
	result = sg_buf_steal(&text, NULL, NULL);
	assert_non_null(result);
	return result;
}

/* A note names three lines; what it does not name cannot be compared. */
static bool names_all(const struct meaning *meaning)
{
	for (size_t i = 0; i < meaning->read.diags.count; i++) {
		const struct sg_diag *diag = &meaning->read.diags.items[i];

		if (!strcmp(diag->id, OVERLAP) && strstr(diag->message, " more"))
			return false;
	}
	return true;
}

static bool check_text(const char *text, struct found *found)
{
	autotext first = read_text(text);

	if (!first.policy)
		return false;
	{
		automeaning meaning = lint_text(text);

		if (!names_all(&meaning))
			return false;
		check_pairs(&meaning, found);
	}
	return true;
}

static void test_random_policies(void **unused)
{
	uint64_t state = 7;
	struct found found = {0};
	size_t valid = 0;

	(void)unused;
	for (size_t i = 0; i < 1500; i++) {
		sg_autofree char *text = i % 5 ? similar_lines(&state) : random_policy_of(i % 2, &state);

		valid += check_text(text, &found);
	}
	print_message("%zu policies, %zu lines that differ in ports, %zu in a constraint\n", valid, found.ports,
		      found.constraints);
	assert_true(valid > 300 && found.ports > 100 && found.constraints > 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_constraints),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_random_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
