/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply.h - putting a policy into the kernel, proven, or leaving everything as it was.
 */
#ifndef SOCKGATE_APPLY_H
#define SOCKGATE_APPLY_H

#include "sockgate/kernel_rules.h"
#include "sockgate/policy.h"

/* What the loaded table says of itself: a note on its first rule that nft neither shows nor disturbs. */
#define SG_MARK_NAME_SIZE 128
struct sg_mark {
	uint8_t digest[16];             /* of the policy's text and its list files, see sg_mark_digest */
	uint64_t applied;               /* seconds since the epoch */
	char policy[SG_MARK_NAME_SIZE]; /* the file as it was given, cut at the front when longer; the reason of a lockdown */
	bool lockdown;                  /* the rules are the lockdown, loaded because a policy could not be */
	uint8_t seal[16];               /* digest of the rules that it was written for, see sg_mark_holds */
	uint8_t place[16];              /* hash of the policy file's path, see sg_mark_place */
};
/* XXH3-128 over all files in the order in which they were read. It tells texts apart; it does not withstand forgery. */
void sg_mark_digest(const struct sg_files *files, uint8_t ret[16]);
/* A hash of the file's real path (realpath(3)). It is the same from any working directory. All zeros: no such path. */
void sg_mark_place(const char *file, uint8_t ret[16]);
/* False: the table has no note, or one that this version cannot read. */
bool sg_mark_read(const struct sg_table *table, struct sg_mark *ret);
/*
 * Whether the table still has exactly the rules and elements that `mark`, read from it, was written for: those that
 * apply proved to be the policy's. Only elements of sets that packets fill may differ. False too when a part is not
 * understood. -1: no memory.
 */
int sg_mark_holds(const struct sg_table *table, const struct sg_mark *mark, bool *ret, struct sg_error *err);

/* The netlink port (mostly the process id) of who owns the table, and alone can change it; 0: nobody does. */
uint32_t sg_table_owner(const struct sg_table *table);

struct sg_apply_input {
	const struct sg_policy *policy;
	const struct sg_decision *decision;
	const struct sg_files *files; /* that the policy was read from */
	const char *lockdown;         /* why a policy could not be loaded, when this is the lockdown; NULL: it is a policy */
};

enum sg_apply_outcome {
	SG_APPLY_UNCHANGED, /* the kernel had all of it already; nothing was sent */
	SG_APPLY_CREATED,   /* there was no table of ours */
	SG_APPLY_UPDATED,
	SG_APPLY_REPLACED, /* what was called ours was not in a shape that could be updated */
};

struct sg_apply_result {
	enum sg_apply_outcome outcome;
	uint32_t generation; /* of the ruleset in which the rules are proven to decide as the policy */
	size_t elements_added, elements_deleted;
	size_t ports, sets;    /* elements of the port maps, address sets in the table */
	unsigned int attempts; /* how often it began again because the ruleset moved */
};

/*
 * One transaction tied to the generation that was read; begun again, a bounded number of times, when another program
 * commits in between (then SG_ERROR_CHANGED). Afterwards the table is read back, evaluated, and shown to decide every
 * packet as the decision does; if it does not, the former rules go back and the error (SG_ERROR_UNPROVEN) names a
 * packet. A refusal of the kernel becomes a diagnostic at the policy's line, and an error; nothing has changed then.
 */
int sg_apply(struct sg_kernel *kernel, const struct sg_apply_input *input, struct sg_diags *diags,
	     struct sg_apply_result *ret, struct sg_error *err);

/*
 * Our table as it stands in the kernel, exactly, NULL when there is none; other tables come without their content. Large
 * sets that are known from an earlier run, and cannot have changed since, are not read again.
 */
int sg_apply_read(struct sg_kernel *kernel, struct sg_ruleset *ret, const struct sg_table **ret_table,
		  struct sg_error *err);

/* Deletes our table; *ret_was_there says whether there was one. */
int sg_apply_clear(struct sg_kernel *kernel, bool *ret_was_there, struct sg_error *err);

#endif
