/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verbs.h - the verbs. Each does what options.h says of it, writes its answer, and returns the exit code. */
#ifndef SG_CLI_VERBS_H
#define SG_CLI_VERBS_H

struct session;

int verb_apply(struct session *session);
int verb_check(struct session *session);
int verb_clear(struct session *session);
int verb_diff(struct session *session);
int verb_explain(struct session *session);
int verb_help(struct session *session);
int verb_learn(struct session *session);
int verb_listening(struct session *session);
int verb_services(struct session *session);
int verb_show(struct session *session);
int verb_status(struct session *session);
int verb_verify(struct session *session);

#endif
