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

int sg_findings_not_loaded(struct sg_verify_work *work);
int sg_findings_log_differs(struct sg_verify_work *work);
int sg_findings_differs(struct sg_verify_work *work);
int sg_findings_foreign(struct sg_verify_work *work);
int sg_findings_outside(struct sg_verify_work *work, const struct sg_culprit *culprit);
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
