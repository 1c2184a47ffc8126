/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - a policy: reading it from YAML, what it says, writing it again, and its meaning as a decision.
 */
#ifndef SOCKGATE_POLICY_H
#define SOCKGATE_POLICY_H

#include "sockgate/decision.h"
#include "sockgate/diag.h"

struct sg_policy;

/* A set of addresses of both families. */
struct sg_addresses {
	struct sg_ranges v4, v6;
};

enum sg_section { SG_SECTION_ALLOW, SG_SECTION_BLOCK };

/* How a line names its protocols. */
enum sg_line_kind {
	SG_LINE_PORTS,      /* protocols with ports: protocols[] (1 or 2), ports */
	SG_LINE_ICMP,       /* icmp: types4, types6 (sets of 0-255) */
	SG_LINE_PROTOCOL,   /* one protocol as a whole: protocols[0] */
	SG_LINE_ANY,        /* every protocol and port */
};

/* At most `count` in `seconds` (1, 60, 3600 or 86400): a bucket of `count` tokens that fills again in that time. */
struct sg_rate {
	uint32_t count, seconds;
};

/* How a line, or the default, logs. */
struct sg_log {
	const char *label;     /* the line's own word for it; NULL: none */
	struct sg_rate rate;   /* 10/minute when the file does not say */
	bool has_group;        /* nfnetlink_log's group instead of the kernel's log */
	uint16_t group;
};

/*
 * One line under allow or block, resolved: names are gone, sets are normalised. An empty set with has_* false means
 * "any". What cannot be said in one line was refused when the policy was read.
 */
struct sg_line {
	enum sg_section section;
	enum sg_direction direction;    /* SG_IN, or SG_OUT for a line of `outbound`; never SG_FORWARD */
	enum sg_line_kind kind;
	struct sg_span span;            /* of the line's item in the file */
	const char *path;               /* "allow.tcp[3]" */
	uint8_t protocols[2];
	size_t protocol_count;
	struct sg_ranges ports;         /* values 0-65535 */
	struct sg_ranges types4, types6;
	bool has_from, has_to, has_interface, has_family;
	/* As the file has them: an inbound packet comes from the other end, an outbound one goes to it. `except` is of
	 * the other end, so it is taken out of `from` inbound and out of `to` outbound; alone it leaves everything
	 * else there. */
	struct sg_addresses from;
	struct sg_addresses to;
	struct sg_ranges interfaces;    /* keys of sg_interface_range: where it comes in, or goes out */
	enum sg_family family;          /* when has_family */
	enum sg_verdict answer;         /* ACCEPT in allow; DROP or REJECT in block */
	bool on_demand;
	/*
	 * Conditions, of lines of allow (`until` of any line). Beyond `limit` (new connections in a time) or `connections`
	 * (at once; count 0: none), or where another than `unit` holds the socket, the line does not allow, and where no
	 * other line does the packet is refused as a block refuses it. per_peer: for each other end apart, an IPv6 one by
	 * its /64.
	 */
	struct sg_rate limit;           /* count 0: none */
	bool limit_per_peer;
	uint32_t connections;           /* 0: none */
	bool connections_per_peer;
	const char *meter;              /* what the conditions of `limit` and `connections` are called after; NULL: neither */
	const char *unit;               /* a systemd unit, "nginx.service"; NULL: none */
	bool has_until;
	int64_t until;                  /* seconds since 1970-01-01T00:00Z: the first in which the line is no more */
	const struct sg_log *log;       /* NULL: not logged */
	const char *comment;            /* NULL: none */
	const char *const *lint_ignore; /* ids of lint.h that are not reported of this line */
	size_t lint_ignore_count;
};

struct sg_baseline {
	bool established, invalid, loopback, icmp_errors, neighbour_discovery, dhcpv6_client, ping;
};

/* A named address set, for naming the kernel's sets. */
struct sg_group {
	const char *name;
	struct sg_span span;
	struct sg_addresses addresses;
};

enum sg_expect { SG_EXPECT_ALLOW, SG_EXPECT_BLOCK };
struct sg_policy_test {
	enum sg_expect expect;
	struct sg_line region;          /* section and answer unused */
};

struct sg_policy_options {
	int64_t now;                    /* seconds since 1970; dates before it are past. 0: nothing is */
	bool past_allowed;              /* a date that is past is a warning, not an error */
	bool trusted_only;              /* refuse files that others may write (root without --insecure-permissions) */
	const char *drop_in;            /* a pattern that is included unasked; NULL: none */
	/* Called with the path of a file or folder before each step that may block for ever (NFS, FUSE), and with NULL when
	 * the file is done. Not called for "-" and for descriptors that the program was given. NULL: no callback. */
	void (*reading)(const char *path);
};

/*
 * Reads a policy file ("-": standard input) and all that it names. Every problem becomes a diagnostic; NULL when there
 * is an error among them, or (with err) when something else than the policy is wrong: file not readable, no memory.
 * A problem of opening the policy file itself is in err; of a list file or an included one, a diagnostic at the line
 * that names it.
 * `files` outlives the policy.
 */
struct sg_policy *sg_policy_read(const char *path, const struct sg_policy_options *options, struct sg_files *files,
				 struct sg_diags *diags, struct sg_error *err);
/* The same from memory; `name` is what diagnostics call it, list files are looked for relative to `folder`. */
struct sg_policy *sg_policy_parse(const char *name, const char *folder, const char *text, size_t size,
				  const struct sg_policy_options *options, struct sg_files *files,
				  struct sg_diags *diags, struct sg_error *err);
void sg_policy_free(struct sg_policy *policy);

/* Whether a policy can name the interface. It refuses some names that the kernel allows, such as eth+: elsewhere they are
 * wildcards or lists. */
bool sg_policy_takes_interface(const char *name);

const char *sg_policy_name(const struct sg_policy *policy);             /* its `name`, or NULL */
const char *sg_policy_file(const struct sg_policy *policy);             /* as given to read or parse */
/* The file that a line, a group … of it stands in: its own, or one that it includes. */
const char *sg_policy_file_of(const struct sg_policy *policy, struct sg_span span);
enum sg_verdict sg_policy_default(const struct sg_policy *policy);
enum sg_verdict sg_policy_outbound_default(const struct sg_policy *policy); /* accept when the file does not say */
bool sg_policy_enforces_published(const struct sg_policy *policy); /* `published: enforce` */
const struct sg_log *sg_policy_log_blocked(const struct sg_policy *policy); /* NULL: the default is not logged */
bool sg_policy_has_outbound(const struct sg_policy *policy);    /* says anything of what leaves: a line or a default */
/* Ids of lint.h that the whole policy ignores; *ret_count of them. */
const char *const *sg_policy_lint_ignore(const struct sg_policy *policy, size_t *ret_count);
const struct sg_baseline *sg_policy_baseline(const struct sg_policy *policy);
size_t sg_policy_lines(const struct sg_policy *policy);
const struct sg_line *sg_policy_line(const struct sg_policy *policy, size_t index);
size_t sg_policy_groups(const struct sg_policy *policy);
const struct sg_group *sg_policy_group(const struct sg_policy *policy, size_t index);
size_t sg_policy_tests(const struct sg_policy *policy);
const struct sg_policy_test *sg_policy_test(const struct sg_policy *policy, size_t index);

/*
 * The policy as YAML that a person would have written: names of groups and services where the source had them, short
 * forms where nothing more is said, list files inlined only when they must be. Parsing it gives an equal policy.
 * malloc'd; NULL with err.
 */
char *sg_policy_emit(const struct sg_policy *policy, struct sg_error *err);
/* Same meaning, same names, same lines, whatever the spelling; spans and file names do not count. */
bool sg_policy_equal(const struct sg_policy *a, const struct sg_policy *b);

/* What an origin number of a policy's decision stands for. */
enum sg_origin_kind { SG_ORIGIN_NONE, SG_ORIGIN_BASELINE, SG_ORIGIN_LINE, SG_ORIGIN_DEFAULT };
struct sg_origin {
	enum sg_origin_kind kind;
	const char *rule;               /* "baseline.ping", "allow.tcp[3]", "default", "outbound.default" */
	struct sg_span span;            /* SG_SPAN_NONE for what the file does not say */
	const struct sg_line *line;     /* for SG_ORIGIN_LINE */
	enum sg_verdict verdict;        /* for SG_ORIGIN_DEFAULT: which it is */
};
struct sg_origin sg_policy_origin(const struct sg_policy *policy, uint32_t origin);

/*
 * The meaning, in the caller's context (of sg_packet_context). Forwarded packets are accepted but for published ones
 * where the policy is enforced on them, and outbound ones are when the policy says nothing of them. Units are symbolic
 * conditions (sg_condition_bind makes them real ones). The decision's loggings are the policy's.
 */
int sg_policy_lower(const struct sg_policy *policy, struct sg_idd *idd, struct sg_decision *ret, struct sg_error *err);
/* The set of new packets of its direction that a line (or a test's region) speaks of, whatever the verdict. */
sg_ref sg_line_region(struct sg_idd *idd, const struct sg_line *line);

/*
 * Warnings and notes that follow from the meaning; lint.h has the list. Exact; near-linear in the policy's lines.
 */
int sg_policy_lint(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_diags *diags,
		   struct sg_error *err);

/* Proves the policy's own tests; a failed one is a diagnostic with a witness packet. The decision is settled: at the time
 * of which the tests speak, with every condition met (sg_decision_settle). */
struct sg_test_sum {
	size_t proven, failed;
};
int sg_policy_prove(const struct sg_policy *policy, const struct sg_decision *decision, struct sg_diags *diags,
		    struct sg_test_sum *ret, struct sg_error *err);

#endif
