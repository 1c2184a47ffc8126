/* SPDX-License-Identifier: GPL-2.0-or-later */
/* findings.h - adding findings to a verification: one function for each kind. */
#ifndef SG_CHECK_FINDINGS_H
#define SG_CHECK_FINDINGS_H

#include "check/judge.h"
#include "sockgate/verify.h"

struct sg_verify_work {
	const struct sg_verify_input *input;
	struct sg_verify *verify; /* diff and reaches are filled */
	struct sg_error *err;
};

/* Whether some packet's verdict (or log, whichever the diagram tells) is another one when a level of two values comes out the other way. */
bool sg_verify_hangs_on(struct sg_idd *idd, sg_ref ref, size_t level);

int sg_findings_not_loaded(struct sg_verify_work *work);
int sg_findings_log_differs(struct sg_verify_work *work);
int sg_findings_differs(struct sg_verify_work *work);
int sg_findings_foreign(struct sg_verify_work *work);
int sg_findings_outside(struct sg_verify_work *work, const struct sg_culprit *culprit);
/* The rules let in the sockets of `count` control groups, this one first, that are no places of the policy's units. */
int sg_findings_stale_unit(struct sg_verify_work *work, const struct sg_condition *first, size_t count);
/* `verdicts`: on the unknown hang verdicts; else only what is logged. */
int sg_findings_unknown(struct sg_verify_work *work, size_t unknown, bool verdicts);
/* exposed, blocked or undecided, by the judgement. */
int sg_findings_listener(struct sg_verify_work *work, size_t listener, const struct sg_judgement *judgement);
int sg_findings_undeclared(struct sg_verify_work *work, size_t listener);
/* The listener has a loopback address, and the kernel lets others in. */
int sg_findings_localnet(struct sg_verify_work *work, size_t listener);
/* What the policy's lines name as interfaces, and the loopback device. */
int sg_findings_interfaces(struct sg_verify_work *work);
int sg_findings_unused(struct sg_verify_work *work, size_t line);

#endif
