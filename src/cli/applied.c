/* SPDX-License-Identifier: GPL-2.0-or-later */
/* applied.c - the policy that the kernel's rules were made from, when its file still says what they decide. */
#include "cli/applied.h"

#include <string.h>
#include "base/mem.h"
#include "sockgate/apply.h"

void applied_clear(struct applied *applied)
{
	sg_diff_clear(&applied->diff);
	here_clear(&applied->here);
	loaded_clear(&applied->loaded);
	applied->found = false;
}

/* The name in the note is as it was given, so it may be relative to another folder: the place has to be the same. */
static bool is_at_its_place(const struct sg_mark *mark)
{
	static const uint8_t nowhere[sizeof(mark->place)];
	uint8_t place[sizeof(mark->place)];

	if (mark->lockdown || !*mark->policy || !memcmp(mark->place, nowhere, sizeof(nowhere)))
		return false;
	sg_mark_place(mark->policy, place);
	return !memcmp(mark->place, place, sizeof(place));
}

/* A file that is not valid any more is no error here: the question is about another policy. */
static bool read_policy(struct session *session, const char *path, struct loaded *loaded)
{
	struct sg_error err = {0};

	loaded->policy = session_read(session, path, &loaded->diags, &err);
	return loaded->policy && sg_policy_lower(loaded->policy, session->idd, &loaded->decision, &err) == 0;
}

static bool are_alike(const struct sg_diff *a, const struct sg_diff *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct sg_change *x = &a->changes[i], *y = &b->changes[i];

		if (x->kind != y->kind || x->from != y->from || x->to != y->to ||
		    x->where->direction != y->where->direction ||
		    memcmp(x->witness.field, y->witness.field, sizeof(x->witness.field)) != 0)
			return false;
	}
	return true;
}

int applied_find(struct session *session, const struct rules *rules, const struct sg_subject *to,
		 const struct sg_diff *diff, struct applied *ret, struct sg_error *err)
{
	sg_cleanup(sg_diff_clear) struct sg_diff own = {0};
	struct sg_mark mark;
	uint8_t place[sizeof(mark.place)];

	if (!diff->count || !rules->table || !sg_mark_read(rules->table, &mark) || !is_at_its_place(&mark))
		return 0;
	/* edited since: what it said before is not known */
	sg_mark_place(sg_policy_file(to->policy), place);
	if (!memcmp(mark.place, place, sizeof(place)) || !read_policy(session, mark.policy, &ret->loaded))
		return 0;
	if (here_make(session, &ret->loaded, rules->kernel, &ret->here, err) < 0 ||
	    sg_diff(&rules->subject, &ret->here.subject, &own, err) < 0)
		return -1;
	if (own.equal != SG_PROVEN)
		return 0;
	if (sg_diff(&ret->here.subject, to, &ret->diff, err) < 0)
		return -1;
	ret->found = are_alike(&ret->diff, diff);
	return 0;
}
