/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel holds.
 *
 * Our table is interpreted; what else decides packets is only named (besides.c).
 */
#include "cli/host.h"

#include "base/mem.h"
#include "cli/progress.h"
#include "sockgate/apply.h"
#include "sockgate/kernel_listeners.h"
#include "sockgate/kernel_local.h"

int rules_read(struct session *session, struct rules *ret, struct sg_error *err)
{
	sg_cleanup(rules_clear) struct rules rules = {0};

	progress_say("reading the kernel's rules");
	if (sg_kernel_open(&rules.kernel, err) < 0 ||
	    sg_apply_read(rules.kernel, &rules.ruleset, &rules.table, err) < 0)
		return -1;
	progress_say("working out what the kernel's rules decide");
	if (!rules.table) {
		if (sg_subject_open(session->idd, &rules.subject, err) < 0)
			return -1;
	} else if (sg_evaluate(session->idd, rules.table, &rules.evaluation, err) < 0) {
		return -1;
	}
	*ret = rules;
	rules = (struct rules){0};
	/* the subject points at the evaluation where that stays */
	if (ret->table)
		ret->subject = sg_subject_of_kernel(&ret->evaluation, session_moment(session), NULL);
	return 0;
}

void rules_clear(struct rules *rules)
{
	sg_evaluation_clear(&rules->evaluation);
	sg_ruleset_clear(&rules->ruleset);
	sg_kernel_close(rules->kernel);
	*rules = (struct rules){0};
}

int sockets_list(struct sockets *sockets, struct sg_error *err)
{
	if (sockets->listed)
		return 0;
	if (sg_kernel_local_addresses(&sockets->local, err) < 0)
		return -1;
	if (sg_sockdiag_listeners(&sockets->list, err) < 0) {
		sg_local_addresses_clear(&sockets->local);
		return -1;
	}
	sockets->listed = true;
	return 0;
}

int sockets_own(struct sockets *sockets, struct sg_error *err)
{
	if (!sockets->owned && sg_owners_find(&sockets->list, err) < 0)
		return -1;
	sockets->owned = true;
	return 0;
}

int sockets_read(struct sockets *ret, struct sg_error *err)
{
	sg_cleanup(sockets_clear) struct sockets sockets = {0};

	progress_say("reading the listening sockets");
	if (sockets_list(&sockets, err) < 0 || sockets_own(&sockets, err) < 0)
		return -1;
	if (sockets.local.localnet_problem)
		return sg_error_set(err, SG_ERROR_SYSTEM, sockets.local.localnet_problem,
				    "cannot read net.ipv4.conf.all.route_localnet, which says who reaches 127.0.0.1");
	sg_listeners_sort(&sockets.list);
	*ret = sockets;
	sockets = (struct sockets){0};
	return 0;
}

void sockets_clear(struct sockets *sockets)
{
	sg_listeners_clear(&sockets->list);
	sg_local_addresses_clear(&sockets->local);
	*sockets = (struct sockets){0};
}
