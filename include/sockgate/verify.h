/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify.h - policy, kernel and listening sockets held against each other. */
#ifndef SOCKGATE_VERIFY_H
#define SOCKGATE_VERIFY_H

#include "sockgate/diff.h"
#include "sockgate/outside.h"
#include "sockgate/reach.h"

enum sg_finding_id {
	SG_FINDING_NOT_LOADED,  /* kernel/not-loaded */
	SG_FINDING_DIFFERS,     /* kernel/differs: verify.diff has it all */
	SG_FINDING_LOG_DIFFERS, /* kernel/log-differs: packets are judged as they should be, and logged otherwise */
	SG_FINDING_UNDECIDED,   /* kernel/undecided */
	SG_FINDING_OUTSIDE,     /* kernel/outside-proof: not in nf_tables, or not known whether it is there */
	SG_FINDING_STALE_UNIT,  /* kernel/stale-unit */
	SG_FINDING_EXPOSED,     /* listener/exposed */
	SG_FINDING_BLOCKED,     /* listener/blocked */
	SG_FINDING_WRONG_OWNER, /* listener/wrong-owner */
	SG_FINDING_UNUSED,      /* allow/unused */
	SG_FINDING_UNDECLARED,  /* listener/undeclared */
	SG_FINDING_LOCALNET,    /* listener/localnet: on a loopback address, and others reach it */
	SG_FINDING_ABSENT,      /* interface/absent: what a line names is not there now */
	SG_FINDING_ALTNAME,     /* interface/altname: it is an alternative name, which rules do not match */
	SG_FINDING_PORT,        /* interface/port: rules see its packets on the interface that it is a port of */
	SG_FINDING_LOOPBACK,    /* interface/loopback: another interface has the loopback device's name */
	SG_FINDING_LOOPBACK_RENAMED, /* interface/loopback-renamed */
};
const char *sg_finding_name(enum sg_finding_id id); /* the stable text above */

enum sg_finding_severity { SG_FINDING_HIGH, SG_FINDING_MEDIUM, SG_FINDING_LOW, SG_FINDING_NOTE };
const char *sg_finding_severity_name(enum sg_finding_severity severity); /* "high" … "note" */

#define SG_NO_LISTENER SIZE_MAX
struct sg_finding {
	enum sg_finding_id id;
	enum sg_finding_severity severity;
	char *message;   /* one line, no full stop */
	size_t listener; /* index in the list, or SG_NO_LISTENER */
	uint32_t *lines; /* origins of the policy, ascending */
	size_t line_count;
	uint32_t *places; /* origins of the evaluation, ascending */
	size_t place_count;
	const struct sg_wheres
		*wheres; /* exposed, blocked: exactly which packets, said as sg_reach.accepted; or NULL */
};

/* A table that is not ours: nothing is known of what it decides. */
struct sg_foreign {
	const char *family; /* "ip", "inet", … */
	const char *name;
};

struct sg_verify_input {
	const struct sg_policy *policy;
	const struct sg_decision *decision;     /* of the policy, with units by name */
	const struct sg_decision *bound;        /* the same with what the units are here; NULL: there are no units */
	const struct sg_evaluation *evaluation; /* of our table, in the same context; NULL: it is not loaded */
	const struct sg_foreign *foreign;
	size_t foreign_count;
	const struct sg_outside *outside; /* NULL: there is nothing */
	const struct sg_listeners *listeners;
	const struct sg_local_addresses *local; /* NULL: not known */
	const struct sg_unit_finder *units;     /* NULL: by names alone */
	uint64_t now;                           /* nanoseconds since 1970 */
};

struct sg_verify {
	enum sg_answer equal;        /* the kernel decides as the policy; UNDECIDED too where anything else decides */
	bool conforms;               /* PROVEN, and no finding but notes */
	struct sg_diff diff;         /* kernel to policy */
	struct sg_reaches reach;     /* what our table in the kernel lets reach each listener */
	struct sg_reaches policy;    /* what the policy wants */
	struct sg_finding *findings; /* by severity, then id, then listener */
	size_t count, room;
	size_t by_severity[SG_FINDING_NOTE + 1];
	size_t *unknowns; /* indexes of evaluation->unknowns on which an answer hangs */
	size_t unknown_count;
	struct sg_judgements *judgements; /* what the findings point into */
};

int sg_verify(const struct sg_verify_input *input, struct sg_verify *ret, struct sg_error *err);
void sg_verify_clear(struct sg_verify *verify);

#endif
