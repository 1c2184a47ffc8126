/* SPDX-License-Identifier: GPL-2.0-or-later */
/* asked.h - for which packets a meter is asked, and whether those are the ones that hang on it. */
#ifndef SG_NFT_ASKED_H
#define SG_NFT_ASKED_H

#include "nft/match_condition.h"

/* Actions of no place (see evaluate.c): a meter was asked; or two times in turn. */
enum { SG_ASKED = 2, SG_ASKED_TWICE = 3 };
/* What stands for them among verdicts. */
#define SG_ASKED_SEEN(action) (4 + (action))

/* `both` is what becomes of packets that `first` judges and, where it lets them go on, `second`: with the mark where a
 * meter was asked by both. All are actions, `goes_on` a set. */
sg_ref sg_asked_in_turn(struct sg_idd *idd, size_t probe, sg_ref first, sg_ref second, sg_ref goes_on, sg_ref both);
/*
 * The actions of packets that can exist, without the probe's level. In the place of each meter that counts what does
 * not hang on it there is something unknown. `seen` has the actions' verdicts, and SG_ASKED_SEEN where a meter is
 * asked.
 */
sg_ref sg_asked_settle(struct sg_matcher *matcher, struct sg_claims *claims, sg_ref seen, sg_ref actions);

#endif
