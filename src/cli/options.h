/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - the command line: verbs, options, what they are for. One table gives parsing, usage, --help, "did you
 * mean" and shell completion.
 */
#ifndef SG_CLI_OPTIONS_H
#define SG_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "sockgate/buf.h"

#define DEFAULT_POLICY "/etc/sockgate/policy.yaml"

enum colour_mode { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };
enum show_format { SHOW_NFT, SHOW_JSON, SHOW_SUMMARY };

struct verb;

struct options {
	const struct verb *verb; /* NULL: none was named */
	const char *policy;
	bool json, quiet, verbose, all, insecure, help, version;
	int colour; /* enum colour_mode */
	const char *netns;
	int completion; /* enum shell */
	bool list_lints, schema, sarif, dry_run, force, boot, lockdown, kernel, stdin_packets, outbound, published;
	const char *key; /* of the policy language */
	const char *from, *to, *interface, *output;
	int format;             /* enum show_format */
	char *const *arguments; /* behind the verb and the options */
	size_t argument_count;
};

enum shell { SHELL_NONE, SHELL_BASH, SHELL_ZSH, SHELL_FISH };

struct session;
struct verb {
	const char *name;
	const char *arguments;               /* for usage: "[FILE…]" */
	size_t least, most;                  /* how many of them */
	const char *summary;                 /* one line */
	const char *details;                 /* paragraphs of --help */
	const char *examples;                /* lines of --help */
	int (*run)(struct session *session); /* returns the exit code */
	bool wants_future;                   /* a date in the policy that is past is an error, but for --boot */
	bool takes_policy;                   /* its argument is the policy, as with --policy */
};

/*
 * Reads the command line. The strings stay argv's. On a usage error err is filled (SG_ERROR_INPUT) and everything that
 * could be read is in *ret all the same, so that the error can be reported as the user asked.
 */
int options_parse(int argc, char **argv, struct options *ret, struct sg_error *err);

/* The verb of the name, or NULL with an error that says which may be meant. */
const struct verb *options_find_verb(const char *name, struct sg_error *err);

/* What --help prints: of the verb, or of the program when verb is NULL. */
void options_help(const struct verb *verb, struct sg_buf *buf);
/* A completion script. */
void options_completion(enum shell shell, struct sg_buf *buf);

/* Rows of the option table, for the parts above. */
enum option_type { OPTION_FLAG, OPTION_TEXT, OPTION_CHOICE };
struct option_row {
	char letter; /* 0: none */
	const char *name;
	enum option_type type;
	size_t offset;        /* in struct options: bool, const char *, int */
	const char *argument; /* as usage calls it; choices with | between them */
	int first_choice;     /* the number of the first choice */
	unsigned int verbs;   /* bit i: of verb i; OPTION_GLOBAL: everywhere */
	const char *help;     /* NULL: of a later version; refused, and shown nowhere */
};
#define OPTION_GLOBAL (~0U)
extern const struct option_row option_rows[];
extern const size_t option_row_count;
extern const struct verb verbs[];
extern const size_t verb_count;

/* Next choice of "a|b|c" at *at (moved on): its length, 0 at the end. */
size_t options_choice(const char **at, const char **ret_start);

#endif
