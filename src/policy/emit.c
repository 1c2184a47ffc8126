/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy as text. The words that were read are written again, so names stay names and list files stay files; the form
 * is the shortest that says the same.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "policy/emit_text.h"
#include "policy/keys.h"

/* Columns of what stands under a top-level key, under a protocol, and behind its "- "; under outbound one level more.
 */
enum { EMIT_KEY = 2, EMIT_ITEM = 4, EMIT_INSIDE = 6, EMIT_LEVEL = 2 };

/* An empty line between the parts of a file. */
static void emit_part(struct sg_buf *buf, enum key_id key)
{
	if (buf->size)
		sg_buf_addc(buf, '\n');
	sg_buf_addf(buf, "%s:\n", sg_keys_name(key));
}

static void emit_head(struct sg_buf *buf, const struct sg_policy *policy)
{
	if (policy->name) {
		sg_buf_adds(buf, "name: ");
		sg_emit_scalar(buf, policy->name);
		sg_buf_addc(buf, '\n');
	}
	if (policy->default_verdict != SG_VERDICT_DROP)
		sg_buf_addf(buf, "default: %s\n", sg_verdict_name(policy->default_verdict));
	if (policy->enforces_published != !strcmp(MODEL_PUBLISHED, "enforce"))
		sg_buf_addf(buf, "%s: %s\n", sg_keys_name(KEY_PUBLISHED),
			    policy->enforces_published ? "enforce" : "ignore");
	if (policy->log_blocked) {
		sg_buf_addf(buf, "%s: ", sg_keys_name(KEY_LOG_BLOCKED));
		sg_emit_log(buf, policy->log_blocked);
		sg_buf_addc(buf, '\n');
	}
	if (policy->lint_ignore_count) {
		sg_buf_addf(buf, "%s: ", sg_keys_name(KEY_LINT_IGNORE));
		sg_emit_words(buf, &(struct model_words){policy->lint_ignore, policy->lint_ignore_count}, EMIT_KEY);
		sg_buf_addc(buf, '\n');
	}
}

/* "  office:" */
static void emit_name(struct sg_buf *buf, const char *name)
{
	sg_buf_pad(buf, ' ', EMIT_KEY);
	sg_emit_scalar(buf, name);
	sg_buf_addc(buf, ':');
}

static void emit_groups(struct sg_buf *buf, const struct sg_policy *policy)
{
	for (size_t i = 0; i < policy->group_count; i++) {
		const struct model_group *group = &policy->groups[i];

		if (!i)
			emit_part(buf, KEY_GROUPS);
		emit_name(buf, group->group.name);
		sg_buf_addc(buf, ' ');
		sg_emit_items(buf, &group->words, group->file, EMIT_ITEM);
		sg_buf_addc(buf, '\n');
	}
}

static void emit_interfaces(struct sg_buf *buf, const struct sg_policy *policy)
{
	for (size_t i = 0; i < policy->interfaces_count; i++) {
		if (!i)
			emit_part(buf, KEY_INTERFACES);
		emit_name(buf, policy->interfaces[i].name);
		sg_buf_addc(buf, ' ');
		sg_emit_words(buf, &policy->interfaces[i].words, EMIT_ITEM);
		sg_buf_addc(buf, '\n');
	}
}

static void emit_services(struct sg_buf *buf, const struct sg_policy *policy)
{
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct model_service *service = &policy->services[i];
		struct emit_pair pairs[KEYS_PORTS];

		if (!i)
			emit_part(buf, KEY_SERVICES);
		for (size_t j = 0; j < service->count; j++)
			pairs[j] = (struct emit_pair){service->ports[j].key, &service->ports[j].words, NULL, NULL};
		emit_name(buf, service->name);
		sg_emit_mapping(buf, pairs, service->count, EMIT_ITEM);
		sg_buf_addc(buf, '\n');
	}
}

/* What a verdict hangs on beside the packet, and its log; returns how many pairs. */
static size_t emit_conditions(const struct model_line *line, struct emit_pair *pairs)
{
	size_t count = 0;

	if (line->line.unit)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_UNIT), NULL, line->line.unit, NULL};
	if (line->limit)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_LIMIT), NULL, line->limit, NULL};
	if (line->connections)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_CONNECTIONS), NULL, line->connections, NULL};
	if (line->log)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_LOG), NULL, NULL, line->log};
	if (line->until)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_UNTIL), NULL, line->until, NULL};
	return count;
}

/* What a line says beside its ports; returns how many pairs. */
static size_t emit_constraints(const struct model_line *line, enum sg_verdict implied, struct emit_pair *pairs)
{
	const struct sg_line *said = &line->line;
	size_t count = 0;

	if (line->from.count)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_FROM), &line->from, NULL, NULL};
	if (line->except.count && said->direction != SG_OUT)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_EXCEPT), &line->except, NULL, NULL};
	if (line->to.count)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_TO), &line->to, NULL, NULL};
	if (line->except.count && said->direction == SG_OUT)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_EXCEPT), &line->except, NULL, NULL};
	if (line->interfaces.count)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_INTERFACE), &line->interfaces, NULL, NULL};
	if (said->has_family)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_FAMILY), NULL,
						    said->family == SG_IPV4 ? "ipv4" : "ipv6", NULL};
	count += emit_conditions(line, pairs + count);
	if (said->answer != implied)
		pairs[count++] =
			(struct emit_pair){sg_keys_name(KEY_ANSWER), NULL, sg_verdict_name(said->answer), NULL};
	if (said->on_demand)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_ON_DEMAND), NULL, NULL, "true"};
	if (line->lint_ignore.count)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_LINT_IGNORE), &line->lint_ignore, NULL, NULL};
	if (said->comment)
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_COMMENT), NULL, said->comment, NULL};
	return count;
}

#define EMIT_PAIRS 18 /* more than a line or test has keys */

static bool emit_has_words(const struct model_line *line)
{
	return line->line.kind == SG_LINE_PORTS || line->line.kind == SG_LINE_ICMP;
}

/* All pairs of a line, its ports or types first. */
static size_t emit_pairs(const struct sg_policy *policy, const struct model_line *line, struct emit_pair *pairs)
{
	bool out = line->line.direction == SG_OUT, allow = line->line.section == SG_SECTION_ALLOW;
	enum sg_verdict verdict = out ? policy->outbound_default : policy->default_verdict;
	enum sg_verdict implied = allow                          ? SG_VERDICT_ACCEPT
				  : verdict == SG_VERDICT_REJECT ? SG_VERDICT_REJECT
								 : SG_VERDICT_DROP;
	size_t count = 0;

	if (emit_has_words(line))
		pairs[count++] = (struct emit_pair){
			sg_keys_name(line->line.kind == SG_LINE_PORTS ? KEY_PORT : KEY_TYPE), &line->ports, NULL, NULL};
	count += emit_constraints(line, implied, pairs + count);
	return count;
}

/* Whether a line with these pairs is no more than a word. */
static bool emit_is_short(const struct model_line *line, size_t pair_count)
{
	return emit_has_words(line) && pair_count == 1 && line->ports.count == 1;
}

/* How far a line is moved to the right. */
static size_t emit_shift(const struct model_line *line)
{
	return line->line.direction == SG_OUT ? EMIT_LEVEL : 0;
}

static void emit_line(struct sg_buf *buf, const struct sg_policy *policy, const struct model_line *line)
{
	struct emit_pair pairs[EMIT_PAIRS];
	size_t count = emit_pairs(policy, line, pairs);

	if (emit_is_short(line, count))
		sg_emit_scalar(buf, line->ports.items[0]);
	else
		sg_emit_mapping(buf, pairs, count, EMIT_INSIDE + emit_shift(line));
}

/* Lines that are one word each: tcp: [22, 80]. False: some are not, nothing is written. */
static bool emit_short_lines(struct sg_buf *buf, const struct sg_policy *policy, const struct model_line *lines,
			     size_t count)
{
	sg_autofree const char **words = calloc(count, sizeof(*words));
	struct emit_pair pairs[EMIT_PAIRS];
	size_t used = 0;

	if (!words) {
		buf->failed = true;
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!emit_is_short(&lines[i], emit_pairs(policy, &lines[i], pairs)))
			return false;
		if (!lines[i].continues)
			words[used++] = lines[i].ports.items[0];
	}
	sg_buf_addc(buf, ' ');
	sg_emit_list(buf, &(struct model_words){words, used}, EMIT_ITEM + emit_shift(lines));
	sg_buf_addc(buf, '\n');
	return true;
}

/* The lines of one key. */
static void emit_protocol(struct sg_buf *buf, const struct sg_policy *policy, const struct model_line *lines,
			  size_t count)
{
	struct emit_pair pairs[EMIT_PAIRS];

	sg_buf_pad(buf, ' ', EMIT_KEY + emit_shift(lines));
	sg_buf_addf(buf, "%s:", lines[0].key);
	if (count == 1 && !emit_has_words(&lines[0]) && !emit_pairs(policy, &lines[0], pairs)) {
		sg_buf_adds(buf, lines[0].line.kind == SG_LINE_ANY ? " {}\n" : "\n");
		return;
	}
	if (emit_short_lines(buf, policy, lines, count))
		return;
	sg_buf_addc(buf, '\n');
	for (size_t i = 0; i < count; i++) {
		if (lines[i].continues)
			continue;
		sg_buf_pad(buf, ' ', EMIT_ITEM + emit_shift(lines));
		sg_buf_adds(buf, "- ");
		emit_line(buf, policy, &lines[i]);
		sg_buf_addc(buf, '\n');
	}
}

static bool emit_same_section(const struct model_line *a, const struct model_line *b)
{
	return a->line.direction == b->line.direction && a->line.section == b->line.section;
}

/* "allow:", or "  allow:" under outbound, whose own key is there already. */
static void emit_section(struct sg_buf *buf, const struct model_line *line)
{
	enum key_id key = line->line.section == SG_SECTION_ALLOW ? KEY_ALLOW : KEY_BLOCK;

	if (line->line.direction == SG_OUT)
		sg_buf_addf(buf, "  %s:\n", sg_keys_name(key));
	else
		emit_part(buf, key);
}

/* The lines of one direction: they stand together. */
static void emit_lines(struct sg_buf *buf, const struct sg_policy *policy, enum sg_direction direction)
{
	const struct model_line *lines = policy->lines, *before = NULL;

	for (size_t i = 0, end; i < policy->line_count; before = &lines[i], i = end) {
		for (end = i + 1; end < policy->line_count; end++)
			if (!emit_same_section(&lines[end], &lines[i]) || strcmp(lines[end].key, lines[i].key) != 0)
				break;
		if (lines[i].line.direction != direction)
			continue;
		if (!before || !emit_same_section(before, &lines[i]))
			emit_section(buf, &lines[i]);
		emit_protocol(buf, policy, &lines[i], end - i);
	}
}

static void emit_outbound(struct sg_buf *buf, const struct sg_policy *policy)
{
	bool lines = policy->line_count && policy->lines[policy->line_count - 1].line.direction == SG_OUT;

	if (!sg_policy_has_outbound(policy))
		return;
	emit_part(buf, KEY_OUTBOUND);
	if (policy->outbound_default != SG_VERDICT_ACCEPT || !lines)
		sg_buf_addf(buf, "  %s: %s\n", sg_keys_name(KEY_DEFAULT), sg_verdict_name(policy->outbound_default));
	emit_lines(buf, policy, SG_OUT);
}

static void emit_baseline(struct sg_buf *buf, const struct sg_policy *policy)
{
	struct sg_baseline baseline = policy->baseline;
	bool begun = false;

	for (unsigned int part = 0; part < MODEL_BASELINE_COUNT; part++) {
		if (*sg_model_baseline_part(&baseline, part))
			continue;
		if (!begun)
			emit_part(buf, KEY_BASELINE);
		begun = true;
		sg_buf_addf(buf, "  %s: false\n", sg_keys_name(KEY_ESTABLISHED + part));
	}
}

static void emit_tests(struct sg_buf *buf, const struct sg_policy *policy)
{
	bool begun = false;

	for (size_t i = 0; i < policy->test_count; i++) {
		const struct model_test *test = &policy->tests[i];
		struct emit_pair pairs[EMIT_PAIRS];
		size_t count = 0;

		if (test->written.continues)
			continue;
		if (!begun)
			emit_part(buf, KEY_TESTS);
		begun = true;
		pairs[count++] = (struct emit_pair){sg_keys_name(KEY_EXPECT), NULL,
						    test->test.expect == SG_EXPECT_ALLOW ? "allow" : "block", NULL};
		pairs[count++] = (struct emit_pair){
			test->written.key, emit_has_words(&test->written) ? &test->written.ports : NULL, NULL, NULL};
		count += emit_constraints(&test->written, test->written.line.answer, pairs + count);
		sg_buf_adds(buf, "  - ");
		sg_emit_mapping(buf, pairs, count, EMIT_ITEM);
		sg_buf_addc(buf, '\n');
	}
}

char *sg_policy_emit(const struct sg_policy *policy, struct sg_error *err)
{
	sg_cleanup(sg_buf_clear) struct sg_buf buf = {0};

	emit_head(&buf, policy);
	emit_groups(&buf, policy);
	emit_interfaces(&buf, policy);
	emit_services(&buf, policy);
	emit_lines(&buf, policy, SG_IN);
	emit_outbound(&buf, policy);
	emit_baseline(&buf, policy);
	emit_tests(&buf, policy);
	if (!buf.size)
		sg_buf_addf(&buf, "default: %s\n", sg_verdict_name(policy->default_verdict));
	return sg_buf_steal(&buf, NULL, err);
}
