// SPDX-License-Identifier: GPL-2.0-or-later
#include "policy/model.h"

#include <stdlib.h>
#include <string.h>

struct sg_policy *sg_model_new(void)
{
	struct sg_policy *policy = calloc(1, sizeof(*policy));

	if (!policy)
		return NULL;
	policy->default_verdict = SG_VERDICT_DROP;
	policy->default_span = SG_SPAN_NONE;
	policy->outbound_default = SG_VERDICT_ACCEPT;
	policy->outbound_default_span = SG_SPAN_NONE;
	policy->enforces_published = !strcmp(MODEL_PUBLISHED, "enforce");
	for (unsigned int part = 0; part < MODEL_BASELINE_COUNT; part++) {
		*sg_model_baseline_part(&policy->baseline, part) = true;
		policy->baseline_span[part] = SG_SPAN_NONE;
	}
	return policy;
}

bool *sg_model_baseline_part(struct sg_baseline *baseline, enum model_baseline part)
{
	switch (part) {
	case MODEL_ESTABLISHED: return &baseline->established;
	case MODEL_INVALID: return &baseline->invalid;
	case MODEL_LOOPBACK: return &baseline->loopback;
	case MODEL_ICMP_ERRORS: return &baseline->icmp_errors;
	case MODEL_NEIGHBOUR_DISCOVERY: return &baseline->neighbour_discovery;
	case MODEL_DHCPV6_CLIENT: return &baseline->dhcpv6_client;
	case MODEL_PING:
	case MODEL_BASELINE_COUNT: break;
	}
	return &baseline->ping;
}

void sg_policy_free(struct sg_policy *policy)
{
	if (!policy)
		return;
	free(policy->groups);
	free(policy->interfaces);
	free(policy->services);
	free(policy->lines);
	free(policy->tests);
	sg_arena_clear(&policy->arena);
	free(policy);
}

const char *sg_policy_name(const struct sg_policy *policy)
{
	return policy->name;
}

const char *sg_policy_file(const struct sg_policy *policy)
{
	return policy->file;
}

const char *sg_policy_file_of(const struct sg_policy *policy, struct sg_span span)
{
	for (size_t i = 0; i < policy->file_count; i++)
		if (policy->files[i].number == span.file)
			return policy->files[i].name;
	return policy->file;
}

enum sg_verdict sg_policy_default(const struct sg_policy *policy)
{
	return policy->default_verdict;
}

enum sg_verdict sg_policy_outbound_default(const struct sg_policy *policy)
{
	return policy->outbound_default;
}

bool sg_policy_enforces_published(const struct sg_policy *policy)
{
	return policy->enforces_published;
}

const struct sg_log *sg_policy_log_blocked(const struct sg_policy *policy)
{
	return policy->log_blocked;
}

bool sg_policy_has_outbound(const struct sg_policy *policy)
{
	if (policy->outbound_default_span.file != SG_NO_FILE)
		return true;
	for (size_t i = 0; i < policy->line_count; i++)
		if (policy->lines[i].line.direction == SG_OUT)
			return true;
	return false;
}

const char *const *sg_policy_lint_ignore(const struct sg_policy *policy, size_t *ret_count)
{
	*ret_count = policy->lint_ignore_count;
	return policy->lint_ignore;
}

const struct sg_baseline *sg_policy_baseline(const struct sg_policy *policy)
{
	return &policy->baseline;
}

size_t sg_policy_lines(const struct sg_policy *policy)
{
	return policy->line_count;
}

const struct sg_line *sg_policy_line(const struct sg_policy *policy, size_t index)
{
	return &policy->lines[index].line;
}

size_t sg_policy_groups(const struct sg_policy *policy)
{
	return policy->group_count;
}

const struct sg_group *sg_policy_group(const struct sg_policy *policy, size_t index)
{
	return &policy->groups[index].group;
}

size_t sg_policy_tests(const struct sg_policy *policy)
{
	return policy->test_count;
}

const struct sg_policy_test *sg_policy_test(const struct sg_policy *policy, size_t index)
{
	return &policy->tests[index].test;
}

/* Equality: of what is declared and of what it resolves to, not of how it was spelled. */

static bool model_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool model_same_addresses(const struct sg_addresses *a, const struct sg_addresses *b)
{
	return sg_ranges_equal(&a->v4, &b->v4) && sg_ranges_equal(&a->v6, &b->v6);
}

static bool model_same_words(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
	for (size_t i = 0; a_count == b_count && i < a_count; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return a_count == b_count;
}

static bool model_same_rate(struct sg_rate a, struct sg_rate b)
{
	return a.count == b.count && a.seconds == b.seconds;
}

static bool model_same_log(const struct sg_log *a, const struct sg_log *b)
{
	if (!a || !b)
		return a == b;
	return model_same_text(a->label, b->label) && model_same_rate(a->rate, b->rate) &&
	       a->has_group == b->has_group && a->group == b->group;
}

static bool model_same_conditions(const struct sg_line *a, const struct sg_line *b)
{
	return model_same_rate(a->limit, b->limit) && a->limit_per_peer == b->limit_per_peer &&
	       a->connections == b->connections && a->connections_per_peer == b->connections_per_peer &&
	       model_same_text(a->unit, b->unit) && a->has_until == b->has_until && a->until == b->until;
}

static bool model_same_line(const struct sg_line *a, const struct sg_line *b)
{
	if (a->section != b->section || a->direction != b->direction || a->kind != b->kind ||
	    a->protocol_count != b->protocol_count || memcmp(a->protocols, b->protocols, a->protocol_count) != 0)
		return false;
	if (a->has_from != b->has_from || a->has_to != b->has_to || a->has_interface != b->has_interface ||
	    a->has_family != b->has_family || (a->has_family && a->family != b->family))
		return false;
	if (!model_same_words(a->lint_ignore, a->lint_ignore_count, b->lint_ignore, b->lint_ignore_count))
		return false;
	if (!model_same_conditions(a, b) || !model_same_log(a->log, b->log))
		return false;
	return a->answer == b->answer && a->on_demand == b->on_demand && model_same_text(a->comment, b->comment) &&
	       sg_ranges_equal(&a->ports, &b->ports) && sg_ranges_equal(&a->types4, &b->types4) &&
	       sg_ranges_equal(&a->types6, &b->types6) && sg_ranges_equal(&a->interfaces, &b->interfaces) &&
	       model_same_addresses(&a->from, &b->from) && model_same_addresses(&a->to, &b->to);
}

static bool model_same_service(const struct model_service *a, const struct model_service *b)
{
	if (strcmp(a->name, b->name) != 0 || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->ports[i].key, b->ports[i].key) != 0 ||
		    !sg_ranges_equal(&a->ports[i].ports, &b->ports[i].ports))
			return false;
	return true;
}

static bool model_same_names(const struct sg_policy *a, const struct sg_policy *b)
{
	if (a->group_count != b->group_count || a->interfaces_count != b->interfaces_count ||
	    a->service_count != b->service_count)
		return false;
	for (size_t i = 0; i < a->group_count; i++)
		if (strcmp(a->groups[i].group.name, b->groups[i].group.name) != 0 ||
		    !model_same_addresses(&a->groups[i].group.addresses, &b->groups[i].group.addresses))
			return false;
	for (size_t i = 0; i < a->interfaces_count; i++)
		if (strcmp(a->interfaces[i].name, b->interfaces[i].name) != 0 ||
		    !sg_ranges_equal(&a->interfaces[i].ranges, &b->interfaces[i].ranges))
			return false;
	for (size_t i = 0; i < a->service_count; i++)
		if (!model_same_service(&a->services[i], &b->services[i]))
			return false;
	return true;
}

bool sg_policy_equal(const struct sg_policy *a, const struct sg_policy *b)
{
	struct sg_baseline base_a = a->baseline, base_b = b->baseline;

	if (!model_same_text(a->name, b->name) || a->default_verdict != b->default_verdict ||
	    a->outbound_default != b->outbound_default || a->enforces_published != b->enforces_published ||
	    !model_same_log(a->log_blocked, b->log_blocked) ||
	    !model_same_words(a->lint_ignore, a->lint_ignore_count, b->lint_ignore, b->lint_ignore_count) ||
	    a->line_count != b->line_count || a->test_count != b->test_count)
		return false;
	for (unsigned int part = 0; part < MODEL_BASELINE_COUNT; part++)
		if (*sg_model_baseline_part(&base_a, part) != *sg_model_baseline_part(&base_b, part))
			return false;
	if (!model_same_names(a, b))
		return false;
	for (size_t i = 0; i < a->line_count; i++)
		if (!model_same_line(&a->lines[i].line, &b->lines[i].line))
			return false;
	for (size_t i = 0; i < a->test_count; i++)
		if (a->tests[i].test.expect != b->tests[i].test.expect ||
		    !model_same_line(&a->tests[i].test.region, &b->tests[i].test.region))
			return false;
	return true;
}
