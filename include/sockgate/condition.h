/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * condition.h - what a verdict hangs on beside the packet's own fields: the time, how much came before, who holds the
 * socket.
 *
 * Each is a level of the diagram below all fields. The level's tag is the condition itself, so the policy and the rules
 * in the kernel mean the same level exactly when they mean the same condition, and equality of decisions is still
 * equality of references. Conditions only help: a packet that is accepted while one does not hold is accepted, too,
 * while it does.
 */
#ifndef SOCKGATE_CONDITION_H
#define SOCKGATE_CONDITION_H

#include "sockgate/decision.h"

/* The time at which the packet comes, in nanoseconds since 1970-01-01T00:00Z. In every context of sg_packet_context. */
#define SG_LEVEL_TIME ((size_t)SG_FIELD_COUNT)
#define SG_TIME_MAX   UINT64_MAX
#define SG_SECOND     UINT64_C(1000000000)

enum sg_condition_kind {
	SG_CONDITION_TIME = 1, /* the level is SG_LEVEL_TIME */
	SG_CONDITION_METER,    /* new connections or connections at once are within their limits: 0 or 1 */
	SG_CONDITION_SOCKET, /* the socket that the packet would reach, or comes from, belongs to the cgroup: 0 or 1 */
};

#define SG_CONDITION_NAME_SIZE 256 /* a unit's name, NUL included */

/* Compared byte by byte: zero it before it is filled. */
struct sg_condition {
	uint32_t kind;
	char name[SG_CONDITION_NAME_SIZE]; /* of a meter, one of a kind in its policy; of a symbolic socket, the unit */
	/* METER: either a bucket of `limit` tokens that fills in `limit_seconds`, or so many `connections` at once. All
	 * there are share it, or each peer has its own, an IPv6 one by its /64. */
	uint32_t limit, limit_seconds, limit_per_peer;
	uint32_t connections, connections_per_peer;
	/* SOCKET: the socket's cgroup at that depth (1: a child of the root) has this id. 0: only `name` is known. */
	uint32_t depth;
	uint32_t none; /* 0, where padding would be: of that nobody says what it holds */
	uint64_t cgroup;
};

/* The condition's level, added when it is new. SIZE_MAX: out of memory. */
size_t sg_condition_level(struct sg_idd *idd, const struct sg_condition *condition);
/* A level above those of all meters, for questions about one of them: its values are their levels. No decision has it.
 * SIZE_MAX: out of memory. */
size_t sg_condition_probe(struct sg_idd *idd);
/* The set for which the condition holds, or for which it does not. Not of the time. */
sg_ref sg_condition_set(struct sg_idd *idd, const struct sg_condition *condition, bool holds);
/* What a level stands for; NULL: no condition (a packet's field, or something unknown). */
const struct sg_condition *sg_condition_of(const struct sg_idd *idd, size_t level);

/* Where the sockets of a systemd unit are to be found on a host. */
enum sg_unit_state {
	SG_UNIT_HERE,       /* its cgroups are known */
	SG_UNIT_ABSENT,     /* it does not run: nobody holds a socket for it, the condition never holds */
	SG_UNIT_UNENFORCED, /* the kernel cannot tell whose sockets they are: the condition always holds */
};
struct sg_cgroup {
	uint32_t depth; /* 1: a child of the root */
	uint64_t id;
};
/* The unit's own cgroup, and that of the socket unit that systemd made its sockets in. */
#define SG_UNIT_PLACES 2
struct sg_unit {
	enum sg_unit_state state;
	struct sg_cgroup places[SG_UNIT_PLACES];
	size_t place_count; /* at least 1 when it is HERE; may be known when it is UNENFORCED, too */
};
/* What a unit is on this host. */
struct sg_unit_finder {
	struct sg_unit (*find)(const char *unit, const void *data);
	/* The other way: the unit that the cgroup is a place of; NULL: none that is known. */
	const char *(*name)(const struct sg_cgroup *cgroup, const void *data);
	const void *data;
};
/* The diagram with each symbolic socket replaced by what the finder says of its unit. */
sg_ref sg_condition_bind(struct sg_idd *idd, sg_ref ref, const struct sg_unit_finder *units);
/* The same for all diagrams of a decision. */
struct sg_decision sg_decision_bind(const struct sg_decision *decision, const struct sg_unit_finder *units);

/* The world at one time: when it is, and which conditions hold. */
enum sg_holds {
	SG_HOLDS_NOT,
	SG_HOLDS,
	SG_HOLDS_UNKNOWN, /* the condition stays in the diagram */
};
struct sg_world {
	uint64_t now;                                                                   /* nanoseconds since 1970 */
	enum sg_holds (*holds)(const struct sg_condition *condition, const void *data); /* NULL: all hold */
	const void *data;
};
/* The diagram with every condition fixed: a function of the packet's fields (and of what is unknown). One walk. */
sg_ref sg_condition_settle(struct sg_idd *idd, sg_ref ref, const struct sg_world *world);
/* The same for all diagrams of a decision. */
struct sg_decision sg_decision_settle(const struct sg_decision *decision, const struct sg_world *world);

#endif
