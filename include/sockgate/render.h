/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * render.h - what the library found, as text for people and as JSON for programs, written into buffers.
 *
 * Nothing here fails in its own right: a buffer that could not grow remembers it (`failed` of struct sg_buf).
 * Text ends in a line end. Every JSON answer is one object that begins with "format_version": "1.0"; later versions of
 * the same major number only add keys. All pointers in the reports are borrowed.
 */
#ifndef SOCKGATE_RENDER_H
#define SOCKGATE_RENDER_H

#include "sockgate/buf.h"
#include "sockgate/cut.h"
#include "sockgate/explain.h"
#include "sockgate/learn.h"
#include "sockgate/lockout.h"
#include "sockgate/verify.h"

/* How text looks. */
struct sg_style {
	bool colour;
	bool all; /* long lists are not folded */
	bool verbose;
	unsigned int width; /* columns of the terminal, at least 40 */
	bool wrap;          /* it is a terminal: long lines are broken at spaces */
};

/* "inet", "ip6" … for a table's NFPROTO_* number. Static. */
const char *sg_render_family(uint32_t family);

/* Diagnostics: `file:line:column: error: text [id]`, the line, a caret under the place, the hint. */
void sg_render_diags(struct sg_buf *buf, const struct sg_style *style, const struct sg_files *files,
		     const struct sg_diags *diags);
/* "sockgate: error: …", for standard error. */
void sg_render_error(struct sg_buf *buf, const struct sg_style *style, const struct sg_error *err);
/* {"format_version", "verb", "error": {"kind", "message"}}; verb may be NULL. */
void sg_render_error_json(struct sg_buf *buf, const char *verb, const struct sg_error *err);
/* The same in one line, as the answer to a line of many. */
void sg_render_error_line(struct sg_buf *buf, const struct sg_style *style, size_t line, const struct sg_error *err);
void sg_render_error_line_json(struct sg_buf *buf, const char *verb, const struct sg_error *err);

/* The outcome of reading one policy and proving its tests. */
struct sg_check_report {
	const char *file;
	const struct sg_policy *policy; /* NULL: it is not valid */
	const struct sg_files *files;
	const struct sg_diags *diags;
	struct sg_test_sum tests;
	uint32_t first_file, file_end; /* the range of `files` that was read for it: first_file up to file_end - 1 */
};
/* The files with the numbers first to end - 1, one a line: "  read policy.yaml, 312 bytes". */
void sg_render_files(struct sg_buf *buf, const struct sg_files *files, uint32_t first, uint32_t end);
/* The diagnostics and the sum: "policy.yaml: ok, 12 lines, 3 tests proven". */
void sg_render_check(struct sg_buf *buf, const struct sg_style *style, const struct sg_check_report *report);
/* Of several files together; verb is the one that asked for the policy. `with_files`: the files that were read, too. */
void sg_render_check_json(struct sg_buf *buf, const char *verb, const struct sg_check_report *reports, size_t count,
			  bool with_files);
/* The diagnostics alone, as SARIF 2.1.0; `version` is the program's. */
void sg_render_check_sarif(struct sg_buf *buf, const char *version, const struct sg_check_report *reports,
			   size_t count);
/* What the lint looks for: id, severity and summary, a line each. */
void sg_render_lints(struct sg_buf *buf);
void sg_render_lints_json(struct sg_buf *buf, const char *verb);

/* What decides packets beside our table: tables of nf_tables, and what these do not show (NULL: not looked for). */
struct sg_besides {
	const struct sg_foreign *foreign;
	size_t foreign_count;
	const struct sg_outside *outside;
};

/* What becomes of one packet. */
struct sg_explain_report {
	const struct sg_subject *subject; /* a policy or the kernel */
	const struct sg_files *files;
	const struct sg_packet *question;
	const struct sg_explanation *explanation;
	/* Of a kernel: what may decide otherwise before or behind our table. With any, the verdict is "undecided", and
	 * what our table says stands beside it. */
	struct sg_besides besides;
};
void sg_render_explain(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *report);
/* The outcome of `count` answers (1 or more) together: their common verdict, or UNDECIDED, or DEPENDS. */
enum sg_outcome sg_explain_reports_outcome(const struct sg_explain_report *reports, size_t count);
/* One answer, or, of several, their common verdict and each of them under "answers". */
void sg_render_explain_json(struct sg_buf *buf, const struct sg_explain_report *reports, size_t count);
/* The same in one line, for many packets; the text begins with the verdict. */
void sg_render_explain_line(struct sg_buf *buf, const struct sg_style *style, const struct sg_explain_report *reports,
			    size_t count);
void sg_render_explain_line_json(struct sg_buf *buf, const struct sg_explain_report *reports, size_t count);

/* "policy.yaml:3 allow.tcp[0]": who decides. */
void sg_render_because(struct sg_buf *buf, const struct sg_subject *subject, const struct sg_files *files,
		       uint32_t origin);

/* Live connections that `to` would cut off. */
struct sg_cuts_report {
	const struct sg_subject *to;
	const struct sg_files *files;
	const struct sg_connection *session; /* the SSH session that asks, when it is one of them; else NULL */
	const struct sg_lockout *lockout;    /* why; of the session */
	enum sg_session_kind session_kind;
	bool peer_unknown; /* of the session */
	size_t choices;    /* how many sessions may be the caller's; 0: it is known */
	bool named;        /* SSH_CONNECTION of an environment names it */
	const struct sg_connections *connections;
	const struct sg_listeners *listeners;
	const struct sg_cuts *cuts; /* others than the session; NULL: not looked for */
};
/* The session, as a sentence without its end. */
void sg_render_session(struct sg_buf *buf, const struct sg_cuts_report *report);
/* The same for a lockout with `elsewhere`: the session stays only if its interface was assumed rightly. */
void sg_render_guess(struct sg_buf *buf, const struct sg_cuts_report *report);
/* What the session's user may do: "change that line, or give --force". */
void sg_render_lockout_hint(struct sg_buf *buf, const struct sg_cuts_report *report);
/* The session, and the others by groups; nothing where there are none. */
void sg_render_cuts(struct sg_buf *buf, const struct sg_style *style, const struct sg_cuts_report *report);
/* "2 connections at once and 1 when it reconnects"; nothing for none. */
void sg_render_cuts_sum(struct sg_buf *buf, const struct sg_cuts *cuts);

/* From one decision to another. */
struct sg_diff_report {
	const struct sg_subject *from, *to;
	const char *from_name, *to_name; /* "the kernel", "policy.yaml" */
	bool from_kernel;                /* `from` is our table in the kernel … */
	bool from_open;                  /* … which is not there */
	const struct sg_files *files;
	const struct sg_diff *diff;
	/* A policy that decides as `from` does, rules of the kernel, and the same changes from it: what is said of the
	 * old side are its lines. NULL: there is none. */
	const struct sg_subject *applied;
	const struct sg_diff *applied_diff;
	const struct sg_listeners *listeners; /* NULL: not asked for; then affected is NULL too */
	const struct sg_affected *affected;
	struct sg_cuts_report cut; /* zero: not asked for */
	struct sg_besides besides; /* of a kernel */
};
void sg_render_diff(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report);
void sg_render_diff_json(struct sg_buf *buf, const char *verb, const struct sg_diff_report *report);
/* Only the changes, without the sum. */
void sg_render_changes(struct sg_buf *buf, const struct sg_style *style, const struct sg_diff_report *report);

/* Listening sockets and who can reach them. */
struct sg_listening_report {
	const struct sg_listeners *listeners;
	const struct sg_reaches *reach;   /* by the kernel's rules; NULL: they could not be read */
	const struct sg_reaches *policy;  /* by the policy; NULL: not asked for */
	const char *unread;               /* why reach is NULL */
	const struct sg_local_addresses *local; /* NULL: not known */
	bool enforcing;                   /* our table is loaded */
	struct sg_besides besides;        /* what may refuse or rewrite more */
};
void sg_render_listening(struct sg_buf *buf, const struct sg_style *style, const struct sg_listening_report *report);
void sg_render_listening_json(struct sg_buf *buf, const struct sg_listening_report *report);

/* A draft: the text, the sockets that it allows, those that it leaves out and why. */
void sg_render_learn_json(struct sg_buf *buf, const struct sg_listeners *listeners, const struct sg_learn *learn);

/* Policy, kernel and sockets. */
struct sg_verify_report {
	const struct sg_verify_input *input;
	const struct sg_verify *verify;
	const struct sg_subject *policy, *kernel;
	const char *policy_name;
	const struct sg_files *files;
};
void sg_render_verify(struct sg_buf *buf, const struct sg_style *style, const struct sg_verify_report *report);
void sg_render_verify_json(struct sg_buf *buf, const struct sg_verify_report *report);

/* Adds the member "diagnostics" to a complete JSON answer, if there are any. Where it has that member they go in front
 * of its own. */
void sg_render_diagnostics_json(struct sg_buf *answer, const struct sg_files *files, const struct sg_diags *diags);

/* Whether the policy is in force. */
struct sg_status_report {
	const char *policy_file;
	const struct sg_policy *policy; /* NULL: it cannot be used, see `unusable` */
	const char *unusable;
	const uint8_t *digest; /* of the policy now, 16 bytes; NULL: policy is NULL */
	bool loaded;           /* there is a table of ours */
	uint32_t owner;        /* the netlink port of who owns it; 0: nobody does */
	enum sg_answer equal;  /* it decides and logs as the policy does; where both are there */
	bool logs_alone;       /* it decides so; what is not equal is what it logs */
	/* What the table says of itself, when it does (applied_digest not NULL). */
	const uint8_t *applied_digest;
	const char *applied_file;
	uint64_t applied, now; /* seconds since the epoch */
	bool same_file;        /* applied_file is policy_file, by whatever path */
	bool unchanged;        /* the rules are those that were applied then */
	size_t changes;        /* between the rules and the policy, as diff counts them; when REFUTED */
	/* Units of the policy that the rules do not know as they are now; of each whether it runs. */
	const char *const *units;
	const bool *unit_runs;
	size_t unit_count;
	const char *unknown;   /* what is not understood, when UNDECIDED */
	const char *lockdown;  /* only SSH is let in because the policy could not be loaded, and why; NULL: not so */
	struct sg_besides besides;
	const struct sg_files *files; /* that were read for the policy; told when `verbose` */
	bool verbose;
};
void sg_render_status(struct sg_buf *buf, const struct sg_style *style, const struct sg_status_report *report);
void sg_render_status_json(struct sg_buf *buf, const struct sg_status_report *report);

/* What apply did. */
struct sg_apply_report {
	const char *file;
	const char *outcome; /* "unchanged", "created", "updated", "replaced" */
	bool changed;
	uint32_t generation; /* of the ruleset in which it is proven */
	unsigned int attempts;
	size_t elements_added, elements_deleted;
	size_t lines, ports, sets;
	const struct sg_cuts_report *cut; /* NULL: not looked for */
	struct sg_besides besides;
	const struct sg_files *files; /* that were read; NULL: not to be told */
};
void sg_render_apply(struct sg_buf *buf, const struct sg_style *style, const struct sg_apply_report *report);
void sg_render_apply_json(struct sg_buf *buf, const struct sg_apply_report *report);
/* The answer of apply --lockdown. locked_down: only SSH is let in; else a policy's rules are in force. */
void sg_render_lockdown_json(struct sg_buf *buf, bool locked_down);
/* That nothing was applied, because of the session in the report. */
void sg_render_lockout_json(struct sg_buf *buf, const struct sg_cuts_report *report);
/* Whether clear took something away, and what still decides packets (NULL: that is not known). */
void sg_render_clear(struct sg_buf *buf, const struct sg_style *style, bool changed, const struct sg_besides *besides);
void sg_render_clear_json(struct sg_buf *buf, bool changed, const struct sg_besides *besides);

/* A table of rules, and in JSON the text that nft -f takes. */
void sg_render_table(struct sg_buf *buf, const struct sg_style *style, const struct sg_table *table);
/* source: "policy" or "kernel"; table and text NULL: none is loaded. */
void sg_render_table_json(struct sg_buf *buf, const char *source, const struct sg_table *table, const char *text);

#endif
