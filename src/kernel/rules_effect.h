/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rules_effect.h - whether a rule of another program can decide packets; private to src/kernel. */
#ifndef SG_KERNEL_RULES_EFFECT_H
#define SG_KERNEL_RULES_EFFECT_H

#include <stdint.h>
#include <linux/netlink.h>

enum sg_rule_effect {
	SG_RULE_NOTHING, /* it matches, counts, logs or accepts: the packet goes on as without it */
	SG_RULE_JUMPS,   /* the rules of another chain of its table count, too */
	SG_RULE_DECIDES, /* it may refuse, change or redirect packets; or it is not understood */
};
/* Of an NFT_MSG_NEWRULE message. Whatever the bytes, nothing is assumed of them: a torn message decides. */
enum sg_rule_effect sg_rule_effect(const struct nlmsghdr *header, const uint8_t *message);

#endif
