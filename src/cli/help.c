/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --help, from the tables. */
#include "cli/options.h"

#include <string.h>
#include "render/say.h"

#define OPTION_COLUMN 32 /* where the explanation of an option begins */

static void add_option(struct sg_buf *buf, const struct option_row *row)
{
	size_t start = buf->size;

	if (row->letter)
		sg_buf_addf(buf, "  -%c, --%s", row->letter, row->name);
	else
		sg_buf_addf(buf, "      --%s", row->name);
	if (row->argument)
		sg_buf_addf(buf, " %s", row->argument);
	if (buf->size - start + 2 > OPTION_COLUMN) {
		sg_buf_addc(buf, '\n');
		start = buf->size;
	}
	sg_buf_pad(buf, ' ', OPTION_COLUMN - (buf->size - start));
	sg_buf_addf(buf, "%s\n", row->help);
}

/* The options of a verb alone, or the global ones. */
static void add_options(struct sg_buf *buf, const char *heading, const struct verb *verb)
{
	bool any = false;

	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		bool global = row->verbs == OPTION_GLOBAL;

		if (!row->help || (verb ? global || !(row->verbs >> (verb - verbs) & 1) : !global))
			continue;
		if (!any)
			sg_buf_addf(buf, "\n%s:\n", heading);
		any = true;
		add_option(buf, row);
	}
}

/* Every line of the text behind two spaces. */
static void add_indented(struct sg_buf *buf, const char *text)
{
	while (*text) {
		size_t size = strcspn(text, "\n");

		sg_buf_adds(buf, "  ");
		sg_buf_add(buf, text, size);
		sg_buf_addc(buf, '\n');
		text += size + (text[size] == '\n');
	}
}

static void add_exit_codes(struct sg_buf *buf)
{
	sg_buf_adds(buf, "\nExit codes:\n"
			 "  0  done; or: same, conforming, allowed\n"
			 "  1  the answer is no: differs, has findings, is blocked, a policy test fails\n"
			 "  2  usage, or the policy is not valid\n"
			 "  3  the system refused: permission, kernel, input or output\n"
			 "  4  undecided: the answer could not be proven\n");
}

static void help_program(struct sg_buf *buf)
{
	sg_buf_adds(buf,
		    "sockgate - a host firewall that is proven: a YAML policy of ports, held against the kernel's\n"
		    "rules and against the sockets that listen.\n\n"
		    "Usage: sockgate [OPTION…] VERB [OPTION…] [ARGUMENT…]\n\nVerbs:\n");
	for (size_t i = 0; i < verb_count; i++)
		sg_buf_addf(buf, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	add_options(buf, "Options of every verb, before or after it", NULL);
	sg_buf_adds(buf, "\n'sockgate help VERB' says more about a verb.\n");
	add_exit_codes(buf);
}

void options_help(const struct verb *verb, struct sg_buf *buf)
{
	if (!verb) {
		help_program(buf);
		return;
	}
	sg_buf_addf(buf, "sockgate %s - %s\n\nUsage: sockgate [OPTION…] %s [OPTION…]%s%s\n\n%s\n", verb->name,
		    verb->summary, verb->name, *verb->arguments ? " " : "", verb->arguments, verb->details);
	add_options(buf, "Options", verb);
	sg_buf_adds(buf, "\nOptions of every verb: see 'sockgate --help'.\n\nExamples:\n");
	add_indented(buf, verb->examples);
	add_exit_codes(buf);
}
