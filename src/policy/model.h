/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model.h - what a policy is made of inside this layer: the resolved values of policy.h, and beside them the words as
 * they were written, for emitting. Everything lives in the policy's arena, so sets are shared freely: a line whose
 * `from` is one group alone has that group's very sets.
 */
#ifndef SG_POLICY_MODEL_H
#define SG_POLICY_MODEL_H

#include "policy/arena.h"
#include "sockgate/policy.h"

/* `published` when the file does not say: enforce or ignore. */
#define MODEL_PUBLISHED "enforce"

/* `rate` of `log`, and how it is written, when the file does not say. */
#define MODEL_LOG_RATE ((struct sg_rate){10, 60})

/* A list of scalars as the file has them. */
struct model_words {
	const char *const *items;
	size_t count;
};

/* A group; words[i] is a path when file[i]. */
struct model_group {
	struct sg_group group;
	struct model_words words;
	const bool *file;
};

struct model_interfaces {
	const char *name;
	struct sg_span span;
	struct model_words words;
	struct sg_ranges ranges; /* keys of sg_interface_range */
};

/* The ports of a service under one key ("tcp", "tcp+udp"). */
struct model_service_ports {
	const char *key;
	uint8_t protocols[2];
	size_t protocol_count;
	struct model_words words;
	struct sg_ranges ports;
};

struct model_service {
	const char *name;
	struct sg_span span;
	struct model_service_ports *ports;
	size_t count;
};

struct model_line {
	struct sg_line line;
	const char *key;          /* of the protocol: "tcp", "tcp+udp", "icmp", "esp", "50", "any" */
	struct model_words ports; /* or ICMP types */
	struct model_words from, except, to, interfaces, lint_ignore;
	const char *limit, *connections, *until; /* NULL: not given */
	const char *log;                         /* as YAML has it; NULL likewise */
	/* tcp+udp of a service that has other ports under tcp than under udp is two lines: this one and the next */
	bool split;
	struct sg_ranges second_ports; /* while it is read */
	bool continues;                /* the second of them: written already */
	uint32_t logging;              /* index from 1 into the policy's loggings; 0: none */
};

struct model_test {
	struct sg_policy_test test; /* its region is a copy of `written.line` */
	struct model_line written;
};

enum model_baseline {
	MODEL_ESTABLISHED,
	MODEL_INVALID,
	MODEL_LOOPBACK,
	MODEL_ICMP_ERRORS,
	MODEL_NEIGHBOUR_DISCOVERY,
	MODEL_DHCPV6_CLIENT,
	MODEL_PING,
	MODEL_BASELINE_COUNT
};

/* A file, by the number that spans have. */
struct model_file {
	uint32_t number;
	const char *name;
};

struct sg_policy {
	struct arena arena;
	const char *file;
	const struct model_file *files; /* it and what it includes; not list files */
	size_t file_count;
	const char *name; /* NULL: none */
	enum sg_verdict default_verdict;
	struct sg_span default_span; /* SG_SPAN_NONE when the file does not say */
	enum sg_verdict outbound_default;
	struct sg_span outbound_default_span; /* of the key in `outbound`; SG_SPAN_NONE likewise */
	const char *const *lint_ignore;       /* of the whole policy; the arena's */
	size_t lint_ignore_count;
	bool enforces_published;
	const struct sg_log *log_blocked; /* NULL: no */
	int64_t now;                      /* seconds since 1970 when it was read, 0: nobody said */
	struct sg_baseline baseline;
	struct sg_span baseline_span[MODEL_BASELINE_COUNT]; /* of each part's key; SG_SPAN_NONE likewise */
	struct sg_logging *loggings;                        /* of the lines, in their order, then of the default */
	size_t logging_count;
	uint32_t blocked_logging;   /* index from 1 of the default's; 0: none */
	struct model_group *groups; /* the arrays are malloc'd, all else is the arena's */
	size_t group_count, group_room;
	struct model_interfaces *interfaces;
	size_t interfaces_count, interfaces_room;
	struct model_service *services;
	size_t service_count, service_room;
	struct model_line *lines;
	size_t line_count, line_room;
	struct model_test *tests;
	size_t test_count, test_room;
};

struct sg_policy *sg_model_new(void); /* all defaults; NULL: out of memory */

/* The part's field, by number. */
bool *sg_model_baseline_part(struct sg_baseline *baseline, enum model_baseline part);

#endif
