/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * learn_prove.c - whether the text of a draft means what it was drafted from.
 *
 * The text goes the way of every policy: it is parsed and lowered. What it accepts must be what a policy without lines
 * accepts, and what the allowed sockets wait for, which is put together here from the sockets themselves.
 */
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "check/interfaces.h"
#include "check/learn.h"
#include "sockgate/policy.h"

struct prove_policy {
	struct sg_policy *policy;
	struct sg_files *files;
	struct sg_diags diags;
};

static void prove_clear(struct prove_policy *policy)
{
	sg_policy_free(policy->policy);
	sg_files_free(policy->files);
	sg_diags_clear(&policy->diags);
}

static int prove_refused(const struct sg_diags *diags, struct sg_error *err)
{
	const struct sg_diag *diag = &diags->items[0];

	if (diags->out_of_memory)
		return sg_error_nomem(err);
	if (!strcmp(diag->id, "policy/too-large"))
		return sg_error_set(err, SG_ERROR_LIMIT, 0, "so many sockets do not fit a policy: %s", diag->message);
	return sg_error_set(err, SG_ERROR_UNPROVEN, 0, "internal: the draft is no policy: line %u: %s", diag->span.line,
			    diag->message);
}

/* The new inbound packets, the loopback interface aside, that the text accepts. */
static int prove_accepted(struct sg_idd *idd, const char *text, size_t size, sg_ref *ret, struct sg_error *err)
{
	static const struct sg_policy_options options = {.trusted_only = false};
	sg_cleanup(prove_clear) struct prove_policy read = {.files = sg_files_new()};
	struct sg_decision decision;

	if (!read.files)
		return sg_error_nomem(err);
	read.policy = sg_policy_parse("draft", ".", text, size, &options, read.files, &read.diags, err);
	if (read.diags.count || read.diags.out_of_memory)
		return prove_refused(&read.diags, err);
	if (!read.policy || sg_policy_lower(read.policy, idd, &decision, err) < 0)
		return -1;
	*ret = sg_idd_equals(idd, decision.verdict, SG_VERDICT_ACCEPT);
	return sg_idd_check(idd, *ret, err);
}

/* ---- What the sockets wait for ---- */

struct prove_part {
	uint32_t key; /* protocol, whether it is raw, port */
	sg_ref region;
};

static uint32_t part_key(const struct sg_listener *listener)
{
	return (uint32_t)listener->protocol << 17 | (uint32_t)listener->raw << 16 | listener->port;
}

static int part_compare(const void *left, const void *right)
{
	const struct prove_part *a = left, *b = right;

	return a->key < b->key ? -1 : a->key > b->key;
}

/* One part for each place that is waited at. */
static int prove_merge(struct sg_idd *idd, struct prove_part *parts, size_t *count, struct sg_error *err)
{
	sg_autofree sg_ref *sets = calloc(*count + 1, sizeof(*sets));
	size_t kept = 0;

	if (!sets)
		return sg_error_nomem(err);
	if (*count)
		qsort(parts, *count, sizeof(*parts), part_compare);
	for (size_t i = 0, next; i < *count; i = next) {
		uint32_t key = parts[i].key;

		for (next = i; next < *count && parts[next].key == key; next++)
			sets[next - i] = parts[next].region;
		parts[kept++] = (struct prove_part){key, sg_idd_or_all(idd, sets, next - i)};
	}
	*count = kept;
	return 0;
}

/* The ports of one protocol: an edge up to each port, and one for it. */
static int prove_ports(struct sg_idd *idd, const struct prove_part *parts, size_t count, sg_ref *ret,
		       struct sg_error *err)
{
	sg_autofree sg_u128 *last = calloc(2 * count + 1, sizeof(*last));
	sg_autofree sg_ref *child = calloc(2 * count + 1, sizeof(*child));
	size_t edges = 0;

	if (!last || !child)
		return sg_error_nomem(err);
	for (size_t i = 0; i < count; i++) {
		uint32_t port = parts[i].key & 0xffff;

		if (port && (!edges || last[edges - 1] != port - 1)) {
			last[edges] = port - 1;
			child[edges++] = SG_IDD_EMPTY;
		}
		last[edges] = port;
		child[edges++] = parts[i].region;
	}
	last[edges] = sg_idd_level_max(idd, SG_FIELD_PORT);
	child[edges++] = SG_IDD_EMPTY;
	*ret = sg_idd_node(idd, SG_FIELD_PORT, last, child, edges);
	return 0;
}

static int prove_sockets(struct learn_work *work, sg_ref *ret)
{
	const struct sg_listeners *list = work->input->listeners;
	sg_autofree struct prove_part *parts = calloc(list->count + 1, sizeof(*parts));
	struct sg_idd *idd = work->idd;
	sg_ref whole = SG_IDD_EMPTY;
	size_t count = 0;

	if (!parts)
		return sg_error_nomem(work->err);
	for (size_t i = 0; i < list->count; i++) {
		const struct sg_listener *listener = &list->items[i];
		struct sg_region region;

		if (work->learned[i] != SG_LEARNED_ALLOWED)
			continue;
		if (sg_regions_get(&work->regions, listener, &region, work->err) < 0)
			return -1;
		parts[count++] = (struct prove_part){part_key(listener), region.wide};
	}
	if (prove_merge(idd, parts, &count, work->err) < 0)
		return -1;
	for (size_t i = 0, next; i < count; i = next) {
		uint32_t key = parts[i].key >> 16, protocol = key >> 1;
		sg_ref set = parts[i].region;

		for (next = i + 1; next < count && parts[next].key >> 16 == key;)
			next++;
		if (!(key & 1) && prove_ports(idd, &parts[i], next - i, &set, work->err) < 0)
			return -1;
		set = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_PROTOCOL, protocol, protocol), set);
		whole = sg_idd_or(idd, whole, set);
	}
	*ret = whole;
	return sg_idd_check(idd, whole, work->err);
}

/* ---- All of it ---- */

int sg_learn_prove(struct learn_work *work, const char *text, size_t size)
{
	static const char nothing[] = "default: drop\n";
	struct sg_range loopback = sg_interface_loopback();
	struct sg_idd *idd = work->idd;
	sg_ref accepted, always, sockets = SG_IDD_EMPTY, fresh, lo;

	if (prove_accepted(idd, text, size, &accepted, work->err) < 0 ||
	    prove_accepted(idd, nothing, sizeof(nothing) - 1, &always, work->err) < 0 ||
	    prove_sockets(work, &sockets) < 0)
		return -1;
	fresh = sg_idd_and(idd, sg_idd_range(idd, SG_FIELD_DIRECTION, SG_IN, SG_IN),
			   sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW));
	lo = sg_idd_range(idd, SG_FIELD_INTERFACE, loopback.first, loopback.last);
	fresh = sg_idd_minus(idd, sg_idd_and(idd, fresh, sg_packet_universe(idd)), lo);
	sockets = sg_idd_or(idd, always, sockets);
	accepted = sg_idd_and(idd, accepted, fresh);
	sockets = sg_idd_and(idd, sockets, fresh);
	if (sg_idd_check(idd, accepted, work->err) < 0 || sg_idd_check(idd, sockets, work->err) < 0)
		return -1;
	if (accepted == sockets)
		return 0;
	return sg_error_set(work->err, SG_ERROR_UNPROVEN, 0,
			    "internal: the draft does not allow exactly what the sockets wait for");
}
