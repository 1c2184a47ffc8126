/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the command line.
 *
 * Global options may stand before and after the verb, so getopt_long runs twice: up to the first word that is no
 * option, which is the verb, and then over the rest with the verb's own options added. An error does not end the
 * reading: the rest may hold the --json that says how to report it.
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

#define MOST_OPTIONS 48
#define LONG_OPTION  256 /* getopt's value of a long option: this and its place in the grammar */

/* Verbs of the whole command line that this version does not have. */
static const char *const later_verbs[] = {"confirm", "rollback", "import", "open", "close", "leases", "watch"};

/* What getopt_long is given: the rows that hold for a verb (NULL: the global ones). */
struct grammar {
	struct option longs[MOST_OPTIONS + 1];
	const struct option_row *rows[MOST_OPTIONS];
	size_t count;
	char letters[2 * MOST_OPTIONS + 4];
};

static bool belongs(const struct option_row *row, const struct verb *verb)
{
	if (row->verbs == OPTION_GLOBAL)
		return true;
	return verb && (row->verbs >> (verb - verbs) & 1);
}

static void make_grammar(const struct verb *verb, struct grammar *grammar)
{
	char *letter = grammar->letters;

	memset(grammar, 0, sizeof(*grammar));
	/* stop at the verb when it is still to come; a missing argument is ':' in either case */
	if (!verb)
		*letter++ = '+';
	*letter++ = ':';
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		bool argument = row->type != OPTION_FLAG;

		if (!belongs(row, verb) || grammar->count == MOST_OPTIONS)
			continue;
		grammar->rows[grammar->count] = row;
		grammar->longs[grammar->count] = (struct option){row->name, argument ? required_argument : no_argument,
								 NULL, LONG_OPTION + (int)grammar->count};
		grammar->count++;
		if (!row->letter)
			continue;
		*letter++ = row->letter;
		if (argument)
			*letter++ = ':';
	}
}

static const char *next_option(size_t i, const void *data)
{
	const struct grammar *grammar = data;

	for (size_t k = 0; k < grammar->count; k++)
		if (grammar->rows[k]->help && i-- == 0)
			return grammar->rows[k]->name;
	return NULL;
}

static const char *next_verb(size_t i, const void *unused)
{
	(void)unused;
	return i < verb_count ? verbs[i].name : NULL;
}

/* Only the first problem is told. */
static void usage_error(struct sg_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void usage_error(struct sg_error *err, const char *format, ...)
{
	char message[sizeof(err->message)];
	va_list args;

	if (err->kind)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	sg_error_set(err, SG_ERROR_INPUT, 0, "%s", message);
}

static const struct option_row *row_named(const char *name, size_t size)
{
	for (size_t i = 0; i < option_row_count; i++)
		if (strlen(option_rows[i].name) == size && !memcmp(option_rows[i].name, name, size))
			return &option_rows[i];
	return NULL;
}

/* The verb that has the option, when it is another one's. */
static const char *owner_of(const struct option_row *row)
{
	for (size_t i = 0; i < verb_count; i++)
		if (belongs(row, &verbs[i]))
			return verbs[i].name;
	return NULL;
}

/* word is what stood on the command line: "--nmae=x". */
static void unknown_option(const char *word, const struct verb *verb, const struct grammar *grammar,
			   struct sg_error *err)
{
	const struct option_row *row;
	const char *near, *name = word + 2;
	char bare[64];
	int size;

	size = (int)strcspn(name, "=");
	row = row_named(name, (size_t)size);
	if (row && row->help) {
		if (verb)
			usage_error(err, "'%s' has no option '--%s'; '%s' has", verb->name, row->name, owner_of(row));
		else
			usage_error(err, "option '--%s' stands behind its verb: sockgate %s --%s", row->name,
				    owner_of(row), row->name);
		return;
	}
	snprintf(bare, sizeof(bare), "%.*s", size, name);
	near = sg_text_nearest(bare, next_option, grammar);
	if (near)
		usage_error(err, "unknown option '--%.*s', did you mean '--%s'?", size, name, near);
	else
		usage_error(err, "unknown option '--%.*s'", size, name);
}

size_t options_choice(const char **at, const char **ret_start)
{
	size_t size = strcspn(*at, "|");

	*ret_start = *at;
	*at += size + ((*at)[size] == '|');
	return size;
}

static void take_choice(const struct option_row *row, const char *text, int *ret, struct sg_error *err)
{
	const char *at = row->argument, *start;
	int number = row->first_choice;

	for (size_t size = options_choice(&at, &start); size; size = options_choice(&at, &start), number++) {
		if (strlen(text) == size && !memcmp(text, start, size)) {
			*ret = number;
			return;
		}
	}
	usage_error(err, "option '--%s' takes %s, not '%s'", row->name, row->argument, text);
}

static void take_option(const struct option_row *row, char *argument, struct options *ret, struct sg_error *err)
{
	char *field = (char *)ret + row->offset;

	if (!row->help) {
		usage_error(err, "option '--%s' is not supported yet", row->name);
		return;
	}
	switch (row->type) {
	case OPTION_FLAG: *(bool *)(void *)field = true; break;
	case OPTION_TEXT: *(const char **)(void *)field = argument; break;
	case OPTION_CHOICE: take_choice(row, argument, (int *)(void *)field, err); break;
	}
}

/* What getopt_long stumbled over. A long option is always used up by it: the word is the last one it took. */
static void bad_option(bool wants_argument, const char *word, const struct verb *verb, const struct grammar *grammar,
		       struct sg_error *err)
{
	if (!optopt)
		unknown_option(word, verb, grammar, err);
	else if (optopt >= LONG_OPTION && wants_argument)
		usage_error(err, "option '%s' wants an argument", word);
	else if (optopt >= LONG_OPTION)
		usage_error(err, "option '%.*s' takes no argument", (int)strcspn(word, "="), word);
	else if (wants_argument)
		usage_error(err, "option '-%c' wants an argument", optopt);
	else
		usage_error(err, "unknown option '-%c'", optopt);
}

static const struct option_row *row_of(const struct grammar *grammar, int letter)
{
	if (letter >= LONG_OPTION)
		return grammar->rows[letter - LONG_OPTION];
	for (size_t i = 0; i < grammar->count; i++)
		if (grammar->rows[i]->letter == letter)
			return grammar->rows[i];
	return NULL;
}

/* Options of argv from 1 on; the index of the first argument behind them is returned. */
static int read_options(int argc, char **argv, const struct verb *verb, struct options *ret, struct sg_error *err)
{
	const struct option_row *row;
	struct grammar grammar;
	int letter;

	make_grammar(verb, &grammar);
	opterr = 0;
	optind = 0; /* glibc: begin anew */
	while ((letter = getopt_long(argc, argv, grammar.letters, grammar.longs, NULL)) != -1) {
		row = letter == ':' || letter == '?' ? NULL : row_of(&grammar, letter);
		if (row)
			take_option(row, optarg, ret, err);
		else
			bad_option(letter == ':', argv[optind - 1], verb, &grammar, err);
	}
	return optind;
}

/* What other tools call a verb. */
static const char *foreign_verb(const char *name)
{
	static const char *const foreign[][2] = {
		{"start", "apply"},      {"load", "apply"},   {"reload", "apply"},    {"restart", "apply"},
		{"enable", "apply"},     {"commit", "apply"}, {"stop", "clear"},      {"disable", "clear"},
		{"flush", "clear"},      {"reset", "clear"},  {"down", "clear"},      {"test", "check"},
		{"validate", "check"},   {"lint", "check"},   {"syntax", "check"},    {"plan", "diff"},
		{"compare", "diff"},     {"list", "show"},    {"print", "show"},      {"dump", "show"},
		{"rules", "show"},       {"state", "status"}, {"ports", "listening"}, {"sockets", "listening"},
		{"trace", "explain"},    {"why", "explain"},  {"init", "learn"},      {"generate", "learn"},
		{"service", "services"}, {"audit", "verify"},
	};

	for (size_t i = 0; i < SG_COUNT(foreign); i++)
		if (!strcmp(name, foreign[i][0]))
			return foreign[i][1];
	return NULL;
}

const struct verb *options_find_verb(const char *name, struct sg_error *err)
{
	const char *near;

	for (size_t i = 0; i < verb_count; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	for (size_t i = 0; i < SG_COUNT(later_verbs); i++)
		if (!strcmp(later_verbs[i], name))
			usage_error(err, "'%s' is not supported yet", name);
	near = foreign_verb(name);
	if (!near)
		near = sg_text_nearest(name, next_verb, NULL);
	if (near)
		usage_error(err, "unknown verb '%s', did you mean '%s'?", name, near);
	else
		usage_error(err, "unknown verb '%s', see 'sockgate --help'", name);
	return NULL;
}

static void check_arguments(const struct options *options, struct sg_error *err)
{
	const struct verb *verb = options->verb;

	if (options->argument_count > verb->most)
		usage_error(err, "'%s' does not take '%s'", verb->name, options->arguments[verb->most]);
	if (options->argument_count < verb->least)
		usage_error(err, "'%s' wants %s", verb->name, verb->arguments);
}

/* The policy is the verb's argument, or --policy names it. It is named once: of two one would be passed over. */
static void choose_policy(struct options *options, struct sg_error *err)
{
	bool argument = options->verb && options->verb->takes_policy && options->argument_count;

	if (argument && options->policy && !options->help)
		usage_error(err, "two policies are named: '%s' and, with --policy, '%s'", options->arguments[0],
			    options->policy);
	if (argument)
		options->policy = options->arguments[0];
	if (!options->policy)
		options->policy = DEFAULT_POLICY;
}

int options_parse(int argc, char **argv, struct options *ret, struct sg_error *err)
{
	struct sg_error first = {0};
	int at;

	*ret = (struct options){0};
	if (argc < 1) {
		usage_error(&first, "no verb, see 'sockgate --help'");
		goto out;
	}
	at = read_options(argc, argv, NULL, ret, &first);
	if (at < argc)
		ret->verb = options_find_verb(argv[at], &first);
	if (ret->verb) {
		int rest = read_options(argc - at, argv + at, ret->verb, ret, &first);

		ret->arguments = argv + at + rest;
		ret->argument_count = (size_t)(argc - at - rest);
		if (!ret->help)
			check_arguments(ret, &first);
	} else if (at < argc) {
		/* the word that is no verb stands where the program's name would; the rest may hold --json */
		read_options(argc - at, argv + at, NULL, ret, &first);
	} else if (!ret->help && !ret->version && !ret->completion) {
		usage_error(&first, "no verb, see 'sockgate --help'");
	}
out:
	choose_policy(ret, &first);
	if (!first.kind)
		return 0;
	if (err)
		*err = first;
	return -1;
}
