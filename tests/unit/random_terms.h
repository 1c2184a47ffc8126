/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random_terms.h - random decisions that hang on conditions and log, as a policy's lines make them. For tests that have
 * below(n), a random number, and some_region(idd), random packets by their fields.
 */
#ifndef TEST_RANDOM_TERMS_H
#define TEST_RANDOM_TERMS_H

#include <stdio.h>
#include <string.h>
#include "sockgate/condition.h"

#define TERMS_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define LINES   6
#define CGROUPS 3
#define DEPTH   2

/* ------------------------------------------------------------------ lines */

static const uint64_t dates[] = {1000, 2000000000000000000, 3000000000000000000};

struct term {
	sg_ref region;                          /* new packets, without conditions */
	size_t date;                            /* index of dates from 1; 0: none */
	unsigned int cgroup;                    /* 0: none */
	struct sg_condition limit, connections; /* kind 0: none */
	bool allows, logs;
};

struct terms {
	struct sg_idd *idd;
	struct term items[LINES];
	size_t count;
	bool log;
	enum sg_verdict otherwise;
	enum sg_direction direction; /* of the packets that they speak of; all others are accepted */
	struct sg_logging loggings[LINES];
	char names[LINES][32];
	struct sg_decision decision;
};

static inline void name_meter(struct sg_condition *meter, const char *what, size_t line)
{
	meter->kind = SG_CONDITION_METER;
	snprintf(meter->name, sizeof(meter->name), "%s_tcp_%zu", what, line);
}

static inline struct term some_term(struct sg_idd *idd, size_t line)
{
	static const uint32_t seconds[] = {1, 60, 3600, 86400};
	struct term term = {.region = some_region(idd), .allows = below(5) != 0, .logs = below(3) == 0};

	if (below(3) == 0)
		term.date = 1 + below(TERMS_LENGTH(dates));
	if (!term.allows)
		return term;
	if (below(3) == 0)
		term.cgroup = 1 + below(CGROUPS);
	if (below(2)) {
		name_meter(&term.limit, "limit", line);
		term.limit.limit = 1 + below(50);
		term.limit.limit_seconds = seconds[below(4)];
		term.limit.limit_per_peer = below(2);
	}
	if (below(3) == 0) {
		name_meter(&term.connections, "connections", line);
		term.connections.connections = 1 + below(50);
		term.connections.connections_per_peer = below(2);
	}
	return term;
}

/* ------------------------------------------------------------------ their meaning */

static inline sg_ref holds(struct sg_idd *idd, const struct sg_condition *condition)
{
	size_t level = sg_condition_level(idd, condition);

	return sg_idd_range(idd, level, 1, 1);
}

static inline bool metered(const struct term *term)
{
	return term->limit.kind || term->connections.kind;
}

static inline sg_ref in_time(struct sg_idd *idd, const struct term *term)
{
	if (!term->date)
		return term->region;
	return sg_idd_and(idd, term->region, sg_idd_range(idd, SG_LEVEL_TIME, 0, dates[term->date - 1] - 1));
}

static inline sg_ref met(struct sg_idd *idd, const struct term *term)
{
	const struct sg_condition socket = {.kind = SG_CONDITION_SOCKET, .depth = DEPTH, .cgroup = term->cgroup};
	sg_ref result = in_time(idd, term);

	if (term->cgroup)
		result = sg_idd_and(idd, result, holds(idd, &socket));
	if (term->limit.kind)
		result = sg_idd_and(idd, result, holds(idd, &term->limit));
	if (term->connections.kind)
		result = sg_idd_and(idd, result, holds(idd, &term->connections));
	return result;
}

/* Blocks, then what is allowed without a meter, then meters in their order, then what was not met, then the rest: each
 * with its own answer. */
static inline sg_ref judge(struct terms *terms, bool log)
{
	struct sg_idd *idd = terms->idd;
	enum sg_verdict refusal = terms->otherwise == SG_VERDICT_REJECT ? SG_VERDICT_REJECT : SG_VERDICT_DROP;
	sg_ref layers[4 * LINES + 1], answer;
	size_t count = 0;

	for (unsigned int pass = 0; pass < 4; pass++)
		for (size_t i = 0; i < terms->count; i++) {
			const struct term *term = &terms->items[i];
			bool block = !term->allows, guard = term->allows && (term->cgroup || metered(term));

			if (pass == 0 ? !block : pass == 3 ? !guard : block || (pass == 1) == metered(term))
				continue;
			answer = sg_idd_terminal((pass == 0   ? SG_VERDICT_DROP
						  : pass == 3 ? refusal
							      : SG_VERDICT_ACCEPT) +
						 256 * (log && term->logs ? (uint32_t)i + 1 : 0));
			layers[count++] =
				sg_idd_ite(idd, pass == 3 ? in_time(idd, term) : met(idd, term), answer, SG_IDD_EMPTY);
		}
	layers[count++] = sg_idd_terminal(terms->otherwise);
	return sg_idd_overlay_all(idd, layers, count);
}

/* What the lines there are mean. */
static inline void decide_terms(struct terms *terms)
{
	struct sg_idd *idd = terms->idd;
	sg_ref judged, fresh, accept = sg_idd_terminal(SG_VERDICT_ACCEPT), in;
	uint32_t verdicts[256 * (LINES + 1)], logs[256 * (LINES + 1)];

	for (size_t i = 0; i < terms->count; i++) {
		snprintf(terms->names[i], sizeof(terms->names[i]), "line%zu", i);
		terms->loggings[i] = (struct sg_logging){
			.name = terms->names[i], .prefix = terms->names[i], .rate = 10, .seconds = 60};
	}
	for (uint32_t i = 0; i < TERMS_LENGTH(verdicts); i++) {
		verdicts[i] = i % 256;
		logs[i] = i / 256;
	}
	judged = judge(terms, terms->log);
	fresh = sg_idd_range(idd, SG_FIELD_STATE, SG_CT_NEW, SG_CT_NEW);
	in = sg_idd_and(idd, sg_packet_universe(idd),
			sg_idd_range(idd, SG_FIELD_DIRECTION, terms->direction, terms->direction));
	judged = sg_idd_ite(idd, in, sg_idd_ite(idd, fresh, judged, accept),
			    sg_idd_ite(idd, sg_packet_universe(idd), accept, SG_IDD_EMPTY));
	terms->decision = (struct sg_decision){.idd = idd,
					       .verdict = sg_idd_map(idd, judged, verdicts, TERMS_LENGTH(verdicts)),
					       .origin = sg_idd_terminal(0),
					       .log = sg_idd_map(idd, judged, logs, TERMS_LENGTH(logs)),
					       .loggings = terms->loggings,
					       .logging_count = terms->count};
}

/* New lines, in a context that is there. */
static inline void make_terms(struct terms *terms)
{
	terms->count = 1 + below(LINES);
	terms->log = below(3) != 0;
	terms->otherwise = (enum sg_verdict)(1 + below(3));
	for (size_t i = 0; i < terms->count; i++)
		terms->items[i] = some_term(terms->idd, i);
	decide_terms(terms);
}

#endif
