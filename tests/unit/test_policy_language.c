/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys: each example is what a policy may say, and the manual lists the keys as they are. GOLDEN_UPDATE=1
 * writes the list into the manual.
 */
#include "base/file.h"
#include "base/text.h"
#include "policy_text.h"
#include "sockgate/language.h"

#define MANUAL      TEST_DATA "/../docs/sockgate.yaml.5"
#define LIST_BEGINS ".\\\" What follows is written by test_policy_language, from the table of keys.\n"
#define LIST_ENDS   ".\\\" The table of keys ends here.\n"

/* A policy that has the example in one of the key's places, with the names that it needs. */
static void wrap(struct sg_buf *text, const struct sg_key *key, enum sg_key_place place)
{
	static const char office[] = "groups: {office: 192.0.2.0/24, z: office}\ninterfaces: {lan: eth1}\n";
	bool names = strcmp(key->name, "groups") && strcmp(key->name, "interfaces") && place != SG_KEY_GROUP;
	bool type = !strcmp(key->name, "type"), port = !strcmp(key->name, "port");
	bool label = !strcmp(key->name, "label");

	if (names)
		sg_buf_adds(text, office);
	switch (place) {
	case SG_KEY_TOP: sg_buf_addf(text, "%s\n", key->example); break;
	case SG_KEY_BASELINE: sg_buf_addf(text, "baseline: {%s}\n", key->example); break;
	case SG_KEY_SECTION: sg_buf_addf(text, "allow: {%s}\n", key->example); break;
	case SG_KEY_LINE:
		sg_buf_addf(text, "%s: {%s: {%s%s}}\n", strcmp(key->name, "answer") ? "allow" : "block",
			    type ? "icmp" : "tcp", type || port ? "" : "port: 22, ", key->example);
		break;
	case SG_KEY_TEST:
		sg_buf_addf(text, "tests: [{%s%s%s}]\n", strcmp(key->name, "expect") ? "expect: block, " : "",
			    key->places & SG_KEY_SECTION ? "" : "tcp: 22, ", key->example);
		break;
	case SG_KEY_GROUP: sg_buf_addf(text, "groups: {a: %s}\n", key->example); break;
	case SG_KEY_SERVICE: sg_buf_addf(text, "services: {a: {%s}}\n", key->example); break;
	case SG_KEY_LOG:
		sg_buf_addf(text, "allow: {tcp: {port: 22, log: {%s%s}}}\n", label ? "" : "label: a, ", key->example);
		break;
	case SG_KEY_LOG_BLOCKED:
		sg_buf_addf(text, "log-blocked: {%s%s}\n", strcmp(key->name, "rate") ? "rate: 1/day, " : "",
			    key->example);
		break;
	case SG_KEY_OUTBOUND: sg_buf_addf(text, "outbound: {%s}\n", key->example); break;
	case SG_KEY_PLACES_END: fail();
	}
}

/* The one problem that an example may have: it shows more than every place takes, or names files that are not here. */
static bool is_excused(const struct sg_diag *diag, const struct sg_key *key, enum sg_key_place place)
{
	bool protocol = key->places & SG_KEY_SECTION;

	if (!strcmp(key->name, "file") || !strcmp(key->name, "include"))
		return !strcmp(diag->id, "policy/list-file") || !strcmp(diag->id, "policy/include");
	return protocol && ((place == SG_KEY_TEST && !strcmp(diag->id, "policy/wrong-type")) ||
			    (place == SG_KEY_SERVICE &&
			     (!strcmp(diag->id, "policy/wrong-type") || !strcmp(diag->id, "policy/bad-port"))));
}

static void check_example(const struct sg_key *key, enum sg_key_place place)
{
	sg_cleanup(sg_buf_clear) struct sg_buf text = {0};

	wrap(&text, key, place);
	autotext read = read_text(text.data);
	for (size_t i = 0; i < read.diags.count; i++) {
		const struct sg_diag *diag = &read.diags.items[i];

		if (diag->severity == SG_SEVERITY_ERROR && !is_excused(diag, key, place))
			fail_msg("%s\n%s", text.data, diag->message);
	}
}

static void test_examples(void **state)
{
	const struct sg_key *key;

	(void)state;
	for (size_t i = 0; (key = sg_key_at(i)); i++)
		for (unsigned int place = SG_KEY_TOP; place < SG_KEY_PLACES_END; place <<= 1)
			if (key->places & place)
				check_example(key, place);
}

static void test_lookup(void **state)
{
	(void)state;
	assert_string_equal(sg_key_find("from")->name, "from");
	assert_null(sg_key_find("frm"));
	assert_string_equal(sg_text_nearest("frm", sg_key_next_name, NULL), "from");
	assert_null(sg_key_at(sg_key_count()));
	assert_null(sg_key_next_name(sg_key_count(), NULL));
}

/* ---- The manual ---- */

static void add_roff(struct sg_buf *buf, const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			sg_buf_adds(buf, "\\-");
		else if (*text == '\\')
			sg_buf_adds(buf, "\\e");
		else
			sg_buf_addc(buf, *text);
	}
}

static void add_key(struct sg_buf *buf, const struct sg_key *key)
{
	sg_buf_adds(buf, ".TP\n.B ");
	add_roff(buf, key->name);
	sg_buf_addc(buf, '\n');
	add_roff(buf, key->doc);
	if (key->unset) {
		sg_buf_adds(buf, "; when unset: ");
		add_roff(buf, key->unset);
	}
	sg_buf_adds(buf, ".\nTakes ");
	add_roff(buf, key->type == SG_KEY_BOOLEAN ? "true or false" : sg_key_type_text(key->type));
	sg_buf_adds(buf, ", as in\n.RB \\(dq \"");
	for (const char *at = key->example; *at; at++) {
		char one[2] = {*at, '\0'};

		if (*at == '"')
			sg_buf_adds(buf, "\\(dq");
		else
			add_roff(buf, one);
	}
	sg_buf_adds(buf, "\" \\(dq.\n");
}

static char *keys_of_manual(void)
{
	struct sg_buf buf = {0};
	const struct sg_key *key;

	sg_buf_adds(&buf, LIST_BEGINS ".SH ALL KEYS\n");
	for (unsigned int place = SG_KEY_TOP; place < SG_KEY_PLACES_END; place <<= 1) {
		sg_buf_adds(&buf, ".SS Keys ");
		add_roff(&buf, sg_key_place_text(place));
		sg_buf_addc(&buf, '\n');
		for (size_t i = 0; (key = sg_key_at(i)); i++)
			if (key->places & place)
				add_key(&buf, key);
	}
	sg_buf_adds(&buf, LIST_ENDS);
	return sg_buf_steal(&buf, NULL, NULL);
}

static void test_manual(void **state)
{
	struct sg_file_rules rules = {.max_size = 1 << 20};
	sg_autofree char *manual = NULL, *list = keys_of_manual(), *whole = NULL;
	char *begins, *ends;
	size_t size;

	(void)state;
	assert_int_equal(sg_file_read(MANUAL, &rules, &manual, &size, NULL), 0);
	begins = strstr(manual, LIST_BEGINS);
	ends = strstr(manual, LIST_ENDS);
	assert_non_null(begins);
	assert_non_null(ends);
	ends += strlen(LIST_ENDS);
	if (strlen(list) == (size_t)(ends - begins) && !memcmp(list, begins, strlen(list)))
		return;
	if (!getenv("GOLDEN_UPDATE"))
		fail_msg("%s lists other keys than there are: GOLDEN_UPDATE=1 writes them", MANUAL);
	assert_true(asprintf(&whole, "%.*s%s%s", (int)(begins - manual), manual, list, ends) > 0);
	assert_int_equal(sg_file_replace(MANUAL, whole, strlen(whole), NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_examples), cmocka_unit_test(test_lookup),
					   cmocka_unit_test(test_manual)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
