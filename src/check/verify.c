/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify.c - policy, kernel and listening sockets.
 *
 * The kernel's side is our table alone. What other tables do, and what nf_tables does not show, is not looked into. Beside
 * such things our table may be proven to decide as the policy; whether the kernel as a whole does stays undecided.
 */
#include "sockgate/verify.h"

#include "base/mem.h"
#include "check/findings.h"
#include "check/judge.h"
#include "check/used.h"

static void finding_clear(struct sg_finding *finding)
{
	free(finding->message);
	free(finding->lines);
	free(finding->places);
}

void sg_verify_clear(struct sg_verify *verify)
{
	for (size_t i = 0; i < verify->count; i++)
		finding_clear(&verify->findings[i]);
	free(verify->findings);
	free(verify->unknowns);
	sg_diff_clear(&verify->diff);
	sg_reaches_clear(&verify->reach);
	sg_reaches_clear(&verify->policy);
	sg_judgements_free(verify->judgements);
	*verify = (struct sg_verify){0};
}

/* ---- Unknowns ---- */

bool sg_verify_hangs_on(struct sg_idd *idd, sg_ref ref, size_t level)
{
	return ref && sg_idd_restrict(idd, ref, level, 0) != sg_idd_restrict(idd, ref, level, 1);
}

static int verify_unknowns(struct sg_verify_work *work)
{
	const struct sg_evaluation *evaluation = work->input->evaluation;
	struct sg_verify *verify = work->verify;

	if (!evaluation)
		return 0;
	verify->unknowns = calloc(evaluation->unknown_count + 1, sizeof(*verify->unknowns));
	if (!verify->unknowns)
		return sg_error_nomem(work->err);
	for (size_t i = 0; i < evaluation->unknown_count; i++) {
		const struct sg_decision *decision = &evaluation->decision;
		size_t level = evaluation->unknowns[i].level;
		bool verdicts = sg_verify_hangs_on(decision->idd, decision->verdict, level);

		if (!verdicts && !sg_verify_hangs_on(decision->idd, decision->log, level))
			continue;
		verify->unknowns[verify->unknown_count++] = i;
		if (sg_findings_unknown(work, i, verdicts) < 0)
			return -1;
	}
	return 0;
}

/* ---- Kernel, listeners, lines ---- */

/* Control groups in the rules that are no place of the policy's units: a unit that was restarted has another one. */
static int verify_units(struct sg_verify_work *work)
{
	const struct sg_decision *kernel = &work->input->evaluation->decision;
	const struct sg_unit_finder *units = work->input->units;

	const struct sg_condition *first = NULL;
	size_t count = 0;

	for (size_t level = SG_FIELD_COUNT; units && level < sg_idd_levels(kernel->idd); level++) {
		const struct sg_condition *condition = sg_condition_of(kernel->idd, level);
		struct sg_cgroup cgroup;

		if (!condition || condition->kind != SG_CONDITION_SOCKET || !condition->depth)
			continue;
		cgroup = (struct sg_cgroup){condition->depth, condition->cgroup};
		if (units->name(&cgroup, units->data) || !sg_verify_hangs_on(kernel->idd, kernel->verdict, level))
			continue;
		first = first ? first : condition;
		count++;
	}
	return first ? sg_findings_stale_unit(work, first, count) : 0;
}

static int verify_kernel(struct sg_verify_work *work)
{
	size_t outside = work->input->outside ? work->input->outside->count : 0;
	struct sg_verify *verify = work->verify;
	const struct sg_diff_sum *sum = &verify->diff.sum;
	bool differs = work->input->evaluation && verify->diff.equal == SG_REFUTED;

	if (!work->input->evaluation && sg_findings_not_loaded(work) < 0)
		return -1;
	if (differs && sum->changes > sum->logs && sg_findings_differs(work) < 0)
		return -1;
	if (differs && sum->logs && sg_findings_log_differs(work) < 0)
		return -1;
	if (verify_unknowns(work) < 0 || (work->input->evaluation && verify_units(work) < 0))
		return -1;
	if (work->input->foreign_count && sg_findings_foreign(work) < 0)
		return -1;
	for (size_t i = 0; i < outside; i++)
		if (sg_findings_outside(work, &work->input->outside->items[i]) < 0)
			return -1;
	verify->equal = verify->diff.equal;
	if (verify->equal == SG_PROVEN && (work->input->foreign_count || outside || verify->unknown_count))
		verify->equal = SG_UNDECIDED;
	return 0;
}

static int verify_listeners(struct sg_verify_work *work)
{
	sg_cleanup(sg_named_ports_clear) struct sg_named_ports named = {0};
	const struct sg_listeners *listeners = work->input->listeners;
	struct sg_verify *verify = work->verify;

	if (sg_named_ports_make(work->input->policy, &named, work->err) < 0)
		return -1;
	for (size_t i = 0; i < listeners->count; i++) {
		const struct sg_listener *listener = &listeners->items[i];
		const struct sg_judgement *judgement;

		if (verify->reach.scopes[i] != SG_SCOPE_OTHERS)
			continue;
		judgement = sg_judgements_get(verify->judgements, listener, work->err);
		if (!judgement || sg_findings_listener(work, i, judgement) < 0)
			return -1;
		if (sg_listener_on_loopback(listener) && judgement->reachable && sg_findings_localnet(work, i) < 0)
			return -1;
		if (listener->raw || judgement->wanted || judgement->reachable || judgement->undecided)
			continue;
		if (!sg_named_ports_have(&named, listener->protocol, listener->port) &&
		    sg_findings_undeclared(work, i) < 0)
			return -1;
	}
	return 0;
}

static int verify_lines(struct sg_verify_work *work)
{
	sg_cleanup(sg_port_owners_clear) struct sg_port_owners owners = {0};
	const struct sg_policy *policy = work->input->policy;

	if (sg_port_owners_make(work->input->listeners, work->verify->reach.scopes, &owners, work->err) < 0)
		return -1;
	for (size_t i = 0; i < sg_policy_lines(policy); i++) {
		const struct sg_line *line = sg_policy_line(policy, i);

		if (line->section != SG_SECTION_ALLOW || line->on_demand || !sg_line_is_for_listeners(line))
			continue;
		if (!sg_line_is_used(line, &owners) && sg_findings_unused(work, i) < 0)
			return -1;
	}
	return 0;
}

/* ---- All of it ---- */

static int finding_compare(const void *left, const void *right)
{
	const struct sg_finding *a = left, *b = right;

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->listener != b->listener)
		return a->listener < b->listener ? -1 : 1;
	return a->line_count && b->line_count && a->lines[0] != b->lines[0] ? (a->lines[0] < b->lines[0] ? -1 : 1) : 0;
}

static void verify_sum(struct sg_verify *verify)
{
	if (verify->count)
		qsort(verify->findings, verify->count, sizeof(*verify->findings), finding_compare);
	for (size_t i = 0; i < verify->count; i++)
		verify->by_severity[verify->findings[i].severity]++;
	verify->conforms = verify->equal == SG_PROVEN && verify->by_severity[SG_FINDING_NOTE] == verify->count;
}

int sg_verify(const struct sg_verify_input *input, struct sg_verify *ret, struct sg_error *err)
{
	sg_cleanup(sg_verify_clear) struct sg_verify verify = {0};
	struct sg_verify_work work = {input, &verify, err};
	struct sg_subject policy = sg_subject_of_policy(input->policy, input->decision, input->now, input->units);
	struct sg_subject bound = policy, kernel;

	if (input->bound)
		bound = sg_subject_of_policy(input->policy, input->bound, input->now, input->units);
	if (input->evaluation)
		kernel = sg_subject_of_kernel(input->evaluation, input->now, input->units);
	else if (sg_subject_open(input->decision->idd, &kernel, err) < 0)
		return -1;
	if (sg_diff(&kernel, &bound, &verify.diff, err) < 0 ||
	    sg_reaches_find(&kernel, input->listeners, input->local, &verify.reach, err) < 0 ||
	    sg_reaches_find(&policy, input->listeners, input->local, &verify.policy, err) < 0)
		return -1;
	verify.judgements = sg_judgements_new(&kernel, &policy, input->local, err);
	if (!verify.judgements || verify_kernel(&work) < 0 || verify_listeners(&work) < 0 || verify_lines(&work) < 0 ||
	    sg_findings_interfaces(&work) < 0)
		return -1;
	verify_sum(&verify);
	*ret = verify;
	verify = (struct sg_verify){0};
	return 0;
}
