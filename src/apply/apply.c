// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying: read, plan, make what is new, switch to it, read back, prove, tidy up (transition.h has the steps). Each
 * step is a transaction that is tied to the generation that the one before it left, the first to what was read. Until
 * the switch nothing changes for any packet; and rules that are not proven to be the policy do not stay.
 */
#include "apply/mark.h"

#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "apply/contents.h"
#include "apply/proof.h"
#include "apply/seal.h"
#include "base/mem.h"
#include "sockgate/rules.h"

/* How often it begins again when other programs keep changing the ruleset. */
#define MAX_ATTEMPTS 20U

/* The rules that are in force, as far as it is known. */
enum in_force {
	FORMER,
	LOADED, /* the new ones were put in force */
	UNKNOWN /* whether they were is not known: the kernel's answer was lost */
};

struct transaction {
	struct sg_kernel *kernel;
	struct sg_contents *contents;
	const struct sg_apply_input *input;
	struct sg_diags *diags;
	struct sg_ruleset before;    /* our table as it was read, other tables by name */
	const struct sg_table *have; /* in `before`; NULL: there is none */
	struct sg_table want;
	struct sg_transition plan;
	bool no_edits; /* the kernel refused one, or it is too large for one transaction */
	bool made;     /* something of the first step may be in the kernel */
	uint32_t sent; /* the generation that our switch made; 0: there was none, or it is not known */
	enum in_force in_force;
	uint32_t loaded; /* the generation that the last switch made which is known to be in force */
	struct sg_apply_result result;
};

/* What the note calls the table: the policy's file, cut at the front, or the reason of a lockdown, cut at the end. */
static void name_mark(const struct sg_apply_input *input, struct sg_mark *mark)
{
	const char *name = input->lockdown ? input->lockdown : sg_policy_file(input->policy);
	size_t length = strlen(name);

	if (length >= sizeof(mark->policy) && !input->lockdown)
		name += length - (sizeof(mark->policy) - 1);
	snprintf(mark->policy, sizeof(mark->policy), "%s", name);
	mark->lockdown = input->lockdown != NULL;
}

/*
 * The note for the new table: the former one's time when it is about the same text, so that nothing changes for nothing.
 * The table is freshly compiled: its seal is that of the rules that the proof will find.
 */
static int write_mark(struct transaction *t, struct sg_error *err)
{
	struct sg_mark mark = {.applied = (uint64_t)time(NULL)}, former;

	name_mark(t->input, &mark);
	sg_mark_digest(t->input->files, mark.digest);
	if (!mark.lockdown)
		sg_mark_place(sg_policy_file(t->input->policy), mark.place);
	if (sg_seal(&t->want, mark.seal, err) < 0)
		return -1;
	if (t->have && sg_mark_read(t->have, &former) && !strcmp(former.policy, mark.policy) &&
	    former.lockdown == mark.lockdown && !memcmp(former.place, mark.place, sizeof(mark.place)) &&
	    !memcmp(former.digest, mark.digest, sizeof(mark.digest)))
		mark.applied = former.applied;
	return sg_mark_write(&t->want, &mark, err);
}

static int compile(struct transaction *t, struct sg_error *err)
{
	sg_table_clear(&t->want);
	return sg_rules_of_policy(t->input->policy, t->input->decision, &t->want, err);
}

/* What leads from `have` to `want`, which is freshly compiled. */
static int prepare(struct transaction *t, bool in_place, struct sg_error *err)
{
	sg_transition_clear(&t->plan);
	return write_mark(t, err) || sg_transition_make(t->have, &t->want, in_place, &t->plan, err) ? -1 : 0;
}

/* ------------------------------------------------------------------ refusals */

/* Each refusal at the line of the policy that it comes from. */
static void report_refusals(struct transaction *t, const struct sg_kernel_reply *reply)
{
	for (size_t i = 0; i < reply->refusal_count; i++) {
		const struct sg_kernel_refusal *refusal = &reply->refusals[i];
		struct sg_kernel_reply one = {.refusal_count = 1, .refused = 1, .refusals = {*refusal}};
		struct sg_error text = {0};
		uint32_t origin = 0;

		if (refusal->note && refusal->note->set && refusal->element != SIZE_MAX && refusal->note->set->origins)
			origin = refusal->note->set->origins[refusal->element];
		else if (refusal->note)
			origin = refusal->note->origin;
		sg_kernel_reply_error(&one, &text);
		sg_diag_add(t->diags, SG_SEVERITY_ERROR, "kernel/refused",
			    sg_policy_origin(t->input->policy, origin).span, "%s", text.message);
	}
}

/* Our transaction made the generation: only sets that it edited are others. */
static void advance(struct transaction *t, uint32_t generation)
{
	const char *edited[SG_EDITS_MAX];

	for (size_t i = 0; i < t->plan.edit_count; i++)
		edited[i] = t->want.sets[t->plan.edits[i].set].name;
	sg_contents_advance(t->contents, t->before.generation, generation, edited, t->plan.edit_count);
}

uint32_t sg_table_owner(const struct sg_table *table)
{
	return table && table->flags & NFT_TABLE_F_OWNER ? table->owner : 0;
}

/* The kernel lets only the socket that owns a table change it, and says EPERM to all others, whatever their rights. */
static int check_owner(const struct sg_table *table, struct sg_error *err)
{
	if (!sg_table_owner(table))
		return 0;
	return sg_error_set(err, SG_ERROR_SYSTEM, 0,
			    "another process owns the table inet " SG_TABLE_NAME
			    " (netlink port %u, mostly its process id): it has to end, or to delete the table, first",
			    table->owner);
}

/* Deletes what the first step made, after the second one failed. If this fails too, the next run deletes it. */
static void unmake(struct transaction *t)
{
	/* without a table before, another program may have filled it since */
	uint32_t generation = t->have ? 0 : t->before.generation;
	struct sg_kernel_reply reply;
	struct sg_wire *wire = t->made ? sg_wire_new() : NULL;

	t->made = false;
	if (!wire)
		return;
	sg_wire_begin(wire, 1, generation);
	sg_transition_write_unmake(&t->plan, wire);
	(void)sg_kernel_send(t->kernel, wire, generation, &reply, NULL);
	sg_wire_free(wire);
}

/* Sends the first step, in parts where the kernel takes no batch of that size. 1: it is all there, 0: refused (reply
 * says why), -1: error. */
static int send_make(struct transaction *t, struct sg_kernel_reply *reply, struct sg_wire **ret_wire,
		     struct sg_error *err)
{
	size_t room = SIZE_MAX;
	struct sg_made at = {0};

	for (;;) {
		struct sg_made from = at;
		struct sg_wire *wire = sg_wire_new();

		sg_wire_free(*ret_wire);
		*ret_wire = wire; /* the reply's notes point into it */
		if (!wire)
			return sg_error_nomem(err);
		sg_wire_begin(wire, 1, t->before.generation);
		if (!sg_transition_write_make(&t->plan, room, &at, wire))
			return 1;
		if (room == SIZE_MAX) {
			room = sg_kernel_batch_room(t->kernel, sg_wire_size(wire));
			if (sg_wire_size(wire) > room) {
				at = from;
				continue;
			}
		}
		t->made = true;
		if (sg_kernel_send(t->kernel, wire, t->before.generation, reply, err))
			return -1;
		if (!reply->committed)
			return 0;
		/* a table that is new numbers its sets from the beginning: of it nothing is known */
		if (t->have)
			sg_contents_advance(t->contents, t->before.generation, reply->generation, NULL, 0);
		t->before.generation = reply->generation;
	}
}

/* Sends the second step. The same answers; 1 with in_force UNKNOWN: it is not known what became of it. */
static int send_switch(struct transaction *t, struct sg_kernel_reply *reply, struct sg_wire **ret_wire,
		       struct sg_error *err)
{
	struct sg_wire *wire = sg_wire_new();
	size_t size;

	sg_wire_free(*ret_wire);
	*ret_wire = wire;
	if (!wire)
		return sg_error_nomem(err);
	sg_wire_begin(wire, 1, t->before.generation);
	sg_transition_write_switch(&t->plan, wire);
	size = sg_wire_size(wire);
	if (t->plan.edit_count && size > sg_kernel_batch_room(t->kernel, size)) {
		t->no_edits = true;
		return sg_error_set(err, SG_ERROR_CHANGED, 0, "a change in place is too large for one transaction");
	}
	if (sg_kernel_send(t->kernel, wire, t->before.generation, reply, err)) {
		t->in_force = reply->lost ? UNKNOWN : t->in_force;
		return reply->lost ? 1 : -1;
	}
	if (reply->committed) {
		t->in_force = LOADED;
		t->sent = t->loaded = reply->generation;
		if (t->have && !t->plan.replace)
			advance(t, reply->generation);
	}
	return reply->committed;
}

static int send_change(struct transaction *t, struct sg_error *err)
{
	struct sg_kernel_reply reply = {0};
	struct sg_wire *wire = NULL;
	int sent;

	if (check_owner(t->have, err))
		return -1;
	sent = send_make(t, &reply, &wire, err);
	if (sent == 1)
		sent = send_switch(t, &reply, &wire, err);
	if (sent == 0 && t->plan.edit_count) {
		/* an edit in place may ask more of a kernel than it can do; putting in everything anew does not */
		t->no_edits = true;
		sg_error_set(err, SG_ERROR_CHANGED, 0, "the kernel refused to change a set in place");
	} else if (sent == 0) {
		report_refusals(t, &reply);
		sg_kernel_reply_error(&reply, err);
	}
	sg_wire_free(wire);
	if (sent != 1)
		unmake(t);
	return sent == 1 ? 0 : -1;
}

/* ------------------------------------------------------------------ afterwards */

/* Whether all of a table can be written again: neither objects nor what was not understood can. */
static bool can_be_written(const struct sg_table *table)
{
	for (size_t i = 0; i < table->chain_count; i++)
		if (table->chains[i].unknown)
			return false;
	return !table->unknown && !table->object_count && !table->flowtable_count;
}

/* Writes the way back to the rules before: what they lead to is there still, unless the table was made anew. */
static void write_former(const struct transaction *t, struct sg_wire *wire)
{
	struct sg_table ours = {.name = (char[]){SG_TABLE_NAME}, .family = SG_TABLE_FAMILY};

	if (t->have && !t->plan.replace) {
		sg_transition_write_back(&t->plan, wire);
		return;
	}
	sg_wire_add_table(wire, &ours); /* so that there is one to delete */
	sg_wire_del_table(wire, &ours);
	if (t->have)
		sg_wire_add_whole_table(wire, t->have);
}

/* The rules that were there before, in one transaction, instead of rules that are not the policy. */
static int put_back(struct transaction *t, uint32_t generation, struct sg_error *err)
{
	struct sg_kernel_reply reply = {0};
	struct sg_wire *wire = sg_wire_new();
	int result;

	if (!wire)
		return sg_error_nomem(err);
	if (t->have && !can_be_written(t->have)) {
		sg_wire_free(wire);
		return sg_error_set(err, SG_ERROR_INPUT, 0, "they have parts that are not understood");
	}
	sg_wire_begin(wire, 1, generation);
	write_former(t, wire);
	result = sg_kernel_send(t->kernel, wire, generation, &reply, err);
	if (!result && !reply.committed)
		result = sg_kernel_reply_error(&reply, err);
	sg_wire_free(wire);
	if (!result)
		t->in_force = FORMER;
	else if (reply.lost)
		t->in_force = UNKNOWN;
	return result;
}

/* Whether any packet meets the table. NULL: there is none. A first load that was interrupted left one that none meets. */
static bool judges(const struct sg_table *table)
{
	bool any = false;

	for (size_t i = 0; table && i < table->chain_count; i++)
		any |= table->chains[i].is_base;
	return any;
}

/* `what` is what is wrong with the rules that were sent. */
static int take_back(struct transaction *t, uint32_t generation, const char *what, struct sg_error *err)
{
	struct sg_error why = {0};

	if (put_back(t, generation, &why))
		return sg_error_prefix(err, "%s, and putting back the former ones failed (%s)", what, why.message);
	if (t->have)
		unmake(t);
	return sg_error_prefix(err, "%s; %s", what,
			       judges(t->have) ? "the former ones are back" : "there are none now, as before");
}

/* Deletes what nothing leads to. That it could not be deleted is no failure: it decides nothing, and the next run tries
 * again. */
static void tidy(struct transaction *t, const struct sg_ruleset *now, const struct sg_table *table)
{
	struct sg_kernel_reply reply = {0};
	struct sg_wire *wire = sg_wire_new();
	size_t count = 0;

	if (!wire)
		return;
	sg_wire_begin(wire, 1, now->generation);
	if (!sg_transition_write_garbage(table, wire, &count, NULL) && count &&
	    !sg_kernel_send(t->kernel, wire, now->generation, &reply, NULL) && reply.committed) {
		sg_contents_advance(t->contents, now->generation, reply.generation, NULL, 0);
		t->result.generation = reply.generation;
	}
	sg_wire_free(wire);
}

/* The rules that are there now are not the policy, or not proven to be. */
static void judge_unproven(struct transaction *t, uint32_t now, struct sg_error *err)
{
	if (t->in_force == UNKNOWN && now == t->before.generation) {
		t->in_force = FORMER;
		sg_error_set(err, SG_ERROR_SYSTEM, 0, "the kernel's answer was lost, and it did not take the rules");
	} else if (now != t->sent) {
		sg_error_set(err, SG_ERROR_CHANGED, 0, "another program changed the rules as soon as they were loaded");
	} else {
		take_back(t, now, "the kernel did not take the rules as they were meant", err);
	}
}

/*
 * Reads the table back, proves it, tidies up. Another program may have changed it again before it could be read: what
 * it decides is then that program's doing, and nothing to be taken back (SG_ERROR_CHANGED). Where the answer to the
 * switch was lost, this is the answer.
 */
static int finish(struct transaction *t, struct sg_error *err)
{
	struct sg_ruleset now = {0};
	const struct sg_table *table;
	int result;

	if (sg_contents_read(t->contents, t->kernel, &t->want, &now, &table, err)) {
		if (err->kind == SG_ERROR_CHANGED)
			return -1;
		if (t->in_force == UNKNOWN)
			return sg_error_prefix(err, "the kernel's answer was lost, and the rules could not be read");
		return take_back(t, t->sent, "the rules that were loaded could not be read back", err);
	}
	if (table)
		result = sg_proof(t->input->decision, table, err);
	else
		result = sg_error_set(err, SG_ERROR_UNPROVEN, 0, "the table is not there");
	if (!result) {
		t->result.generation = now.generation;
		tidy(t, &now, table);
	} else {
		judge_unproven(t, now.generation, err);
	}
	sg_ruleset_clear(&now);
	return result;
}

/* After a failure: which rules are in force, where it is not the ones that were before. */
static void say_in_force(const struct transaction *t, struct sg_error *err)
{
	uint32_t now;

	if (t->in_force == UNKNOWN)
		sg_error_prefix(err, "it is not known whether the new rules or the former ones are in force");
	else if (t->in_force == LOADED && !sg_kernel_generation(t->kernel, &now, NULL) && now == t->loaded)
		sg_error_prefix(err, "the new rules are in force, but not proven");
	else if (t->in_force == LOADED)
		sg_error_prefix(err, "the new rules were loaded, but whether they are still in force is not known");
}

/* ------------------------------------------------------------------ the transaction */

static void count_table(struct transaction *t)
{
	for (size_t i = 0; i < t->want.set_count; i++) {
		if (t->want.sets[i].flags & SG_SET_MAP)
			t->result.ports += t->want.sets[i].count;
		else if (!sg_set_is_filled(&t->want.sets[i]))
			t->result.sets++;
	}
}

static int attempt(struct transaction *t, struct sg_error *err)
{
	t->sent = 0;
	t->made = false;
	sg_ruleset_clear(&t->before);
	if (compile(t, err) || sg_contents_read(t->contents, t->kernel, &t->want, &t->before, &t->have, err) ||
	    prepare(t, !t->no_edits, err))
		return -1;
	if (t->plan.nothing) {
		if (sg_proof(t->input->decision, t->have, err))
			return sg_error_prefix(err, "the rules in the kernel are as they were made");
		t->result.generation = t->before.generation;
		tidy(t, &t->before, t->have);
		return 0;
	}
	t->result.outcome = t->plan.replace ? SG_APPLY_REPLACED : judges(t->have) ? SG_APPLY_UPDATED : SG_APPLY_CREATED;
	if (send_change(t, err))
		return -1;
	t->result.elements_added = t->plan.elements_added;
	t->result.elements_deleted = t->plan.elements_deleted;
	return finish(t, err);
}

int sg_apply(struct sg_kernel *kernel, const struct sg_apply_input *input, struct sg_diags *diags,
	     struct sg_apply_result *ret, struct sg_error *err)
{
	struct transaction t = {.kernel = kernel, .input = input, .diags = diags};
	struct sg_error why = {0};
	int result = -1;

	t.contents = sg_contents_open(kernel);
	if (!t.contents)
		return sg_error_nomem(err);
	for (unsigned int i = 1; i <= MAX_ATTEMPTS && result; i++) {
		why = (struct sg_error){0};
		t.result = (struct sg_apply_result){.attempts = i};
		result = attempt(&t, &why);
		if (result && why.kind != SG_ERROR_CHANGED)
			break;
	}
	if (!result) {
		sg_contents_store(t.contents, t.result.generation);
		count_table(&t);
		*ret = t.result;
	} else {
		if (why.kind == SG_ERROR_CHANGED)
			sg_error_prefix(&why, "gave up after %u attempts", MAX_ATTEMPTS);
		say_in_force(&t, &why);
		if (err)
			*err = why;
	}
	sg_transition_clear(&t.plan);
	sg_table_clear(&t.want);
	sg_ruleset_clear(&t.before);
	sg_contents_free(t.contents);
	return result;
}

int sg_apply_read(struct sg_kernel *kernel, struct sg_ruleset *ret, const struct sg_table **ret_table,
		  struct sg_error *err)
{
	struct sg_contents *contents = sg_contents_open(kernel);
	int result;

	if (!contents)
		return sg_error_nomem(err);
	result = sg_contents_read(contents, kernel, NULL, ret, ret_table, err);
	if (!result)
		sg_contents_store(contents, ret->generation);
	sg_contents_free(contents);
	return result;
}

/* 1: there is no table, or none any more; 0: it has to be tried again; -1: error. `*sent` is set when a transaction that
 * deletes the table may have been taken. */
static int try_clear(struct sg_kernel *kernel, bool *sent, struct sg_error *err)
{
	struct sg_dump what = {.scope = SG_DUMP_TABLE_FRAME, .family = SG_TABLE_FAMILY, .name = SG_TABLE_NAME};
	struct sg_ruleset ruleset = {0};
	struct sg_kernel_reply reply = {0};
	const struct sg_table *table;
	struct sg_wire *wire;
	int result;

	if (sg_kernel_dump(kernel, &what, &ruleset, err))
		return -1;
	table = sg_ruleset_table(&ruleset, SG_TABLE_FAMILY, SG_TABLE_NAME);
	if (check_owner(table, err)) {
		sg_ruleset_clear(&ruleset);
		return -1;
	}
	wire = table ? sg_wire_new() : NULL;
	if (!table || !wire) {
		sg_ruleset_clear(&ruleset);
		return table ? sg_error_nomem(err) : 1;
	}
	sg_wire_begin(wire, 1, ruleset.generation);
	sg_wire_add_table(wire, table); /* asks for the echo that proves the commit */
	sg_wire_del_table(wire, table);
	result = sg_kernel_send(kernel, wire, ruleset.generation, &reply, err);
	if (!result && !reply.committed)
		result = sg_kernel_reply_error(&reply, err);
	sg_wire_free(wire);
	sg_ruleset_clear(&ruleset);
	*sent |= !result || reply.lost;
	if (!result)
		return 1;
	return reply.lost || (err && err->kind == SG_ERROR_CHANGED) ? 0 : -1;
}

int sg_apply_clear(struct sg_kernel *kernel, bool *ret_was_there, struct sg_error *err)
{
	struct sg_error why = {0};
	bool sent = false;
	int result = 0;

	for (unsigned int attempt = 0; attempt < MAX_ATTEMPTS && !result; attempt++) {
		why = (struct sg_error){0};
		result = try_clear(kernel, &sent, &why);
	}
	if (result == 1) {
		*ret_was_there = sent;
		return 0;
	}
	if (sent)
		sg_error_prefix(&why, "it is not known whether the table is gone");
	if (err)
		*err = why;
	return -1;
}
