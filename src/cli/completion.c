/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion scripts for bash, zsh and fish, from the tables. */
#include "cli/options.h"

#include <string.h>

static bool of_verb(const struct option_row *row, const struct verb *verb)
{
	return row->help && (row->verbs == OPTION_GLOBAL ? !verb : verb && (row->verbs >> (verb - verbs) & 1));
}

static bool names_file(const struct option_row *row)
{
	return row->argument && !strcmp(row->argument, "FILE");
}

static bool takes_files(const struct verb *verb)
{
	return strstr(verb->arguments, "FILE") || strstr(verb->arguments, "OLD");
}

static bool takes_verb(const struct verb *verb)
{
	return strstr(verb->arguments, "VERB");
}

/* The names of all verbs, a blank between them. */
static void add_verbs(struct sg_buf *buf)
{
	for (size_t i = 0; i < verb_count; i++)
		sg_buf_addf(buf, "%s%s", i ? " " : "", verbs[i].name);
}

/* "a|b|c" with blanks between. */
static void add_choices(struct sg_buf *buf, const char *choices)
{
	const char *start;
	size_t size;

	while ((size = options_choice(&choices, &start)) > 0) {
		sg_buf_add(buf, start, size);
		if (*choices)
			sg_buf_addc(buf, ' ');
	}
}

static void bash_words(struct sg_buf *buf, const struct verb *verb)
{
	for (size_t i = 0; i < option_row_count; i++) {
		if (!of_verb(&option_rows[i], verb))
			continue;
		sg_buf_addf(buf, " --%s", option_rows[i].name);
		if (option_rows[i].letter)
			sg_buf_addf(buf, " -%c", option_rows[i].letter);
	}
}

static void bash_arguments(struct sg_buf *buf)
{
	sg_buf_adds(buf, "\tcase $before in\n");
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!row->help || row->type == OPTION_FLAG)
			continue;
		sg_buf_addf(buf, "\t--%s", row->name);
		if (row->letter)
			sg_buf_addf(buf, " | -%c", row->letter);
		sg_buf_adds(buf, ") ");
		if (row->type == OPTION_CHOICE) {
			sg_buf_adds(buf, "COMPREPLY=($(compgen -W \"");
			add_choices(buf, row->argument);
			sg_buf_adds(buf, "\" -- \"$word\"))");
		} else if (names_file(row)) {
			sg_buf_adds(buf, "COMPREPLY=($(compgen -f -- \"$word\"))");
		} else {
			sg_buf_adds(buf, "COMPREPLY=()");
		}
		sg_buf_adds(buf, "; return ;;\n");
	}
	sg_buf_adds(buf, "\tesac\n");
}

static void bash(struct sg_buf *buf)
{
	sg_buf_adds(buf, "# bash completion for sockgate\n_sockgate()\n{\n"
			 "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb= files= i\n"
			 "\tlocal words=\"");
	bash_words(buf, NULL);
	sg_buf_adds(buf, "\"\n");
	bash_arguments(buf);
	sg_buf_adds(buf, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n");
	for (size_t i = 0; i < verb_count; i++) {
		sg_buf_addf(buf, "\t\t%s) verb=%s files=%s; words+=\"", verbs[i].name, verbs[i].name,
			    takes_files(&verbs[i]) ? "yes" : "");
		bash_words(buf, &verbs[i]);
		if (takes_verb(&verbs[i])) {
			sg_buf_addc(buf, ' ');
			add_verbs(buf);
		}
		sg_buf_adds(buf, "\"; break ;;\n");
	}
	sg_buf_adds(buf, "\t\tesac\n\tdone\n\tif [[ -z $verb && $word != -* ]]; then\n\t\twords=\"");
	add_verbs(buf);
	sg_buf_adds(buf, "\"\n\tfi\n"
			 "\tif [[ -n $files && $word != -* ]]; then\n"
			 "\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n\telse\n"
			 "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n\tfi\n}\n"
			 "complete -o filenames -F _sockgate sockgate\n");
}

/* For zsh and fish: what stands in single quotes. */
static void add_quoted(struct sg_buf *buf, const char *text, const char *escaped)
{
	for (; *text; text++) {
		if (*text == '\'')
			sg_buf_adds(buf, "'\\'");
		else if (strchr(escaped, *text))
			sg_buf_addc(buf, '\\');
		sg_buf_addc(buf, *text);
	}
}

static void zsh_options(struct sg_buf *buf, const struct verb *verb, const char *indent)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!of_verb(row, verb))
			continue;
		sg_buf_adds(buf, indent);
		if (row->letter)
			sg_buf_addf(buf, "'(-%c --%s)'{-%c,--%s%s}'[", row->letter, row->name, row->letter, row->name,
				    row->argument ? "=" : "");
		else
			sg_buf_addf(buf, "'--%s%s[", row->name, row->argument ? "=" : "");
		add_quoted(buf, row->help, "[]:");
		sg_buf_adds(buf, "]");
		if (row->argument)
			sg_buf_addf(buf, ":%s:", row->name);
		if (row->type == OPTION_CHOICE) {
			sg_buf_addc(buf, '(');
			add_choices(buf, row->argument);
			sg_buf_addc(buf, ')');
		} else if (names_file(row)) {
			sg_buf_adds(buf, "_files");
		}
		sg_buf_adds(buf, "' \\\n");
	}
}

static void zsh(struct sg_buf *buf)
{
	sg_buf_adds(buf, "#compdef sockgate\nlocal -a verbs\nlocal curcontext=$curcontext state line\nverbs=(\n");
	for (size_t i = 0; i < verb_count; i++) {
		sg_buf_addf(buf, "\t'%s:", verbs[i].name);
		add_quoted(buf, verbs[i].summary, ":");
		sg_buf_adds(buf, "'\n");
	}
	sg_buf_adds(buf, ")\n_arguments -C \\\n");
	zsh_options(buf, NULL, "\t");
	sg_buf_adds(buf, "\t'1:verb:->verb' '*::argument:->argument'\n"
			 "case $state in\nverb) _describe verb verbs ;;\nargument)\n\tcase $line[1] in\n");
	for (size_t i = 0; i < verb_count; i++) {
		sg_buf_addf(buf, "\t%s) _arguments \\\n", verbs[i].name);
		zsh_options(buf, NULL, "\t\t");
		zsh_options(buf, &verbs[i], "\t\t");
		sg_buf_addf(buf, "\t\t'*:%s", takes_files(&verbs[i]) ? "file:_files" : "argument:");
		if (takes_verb(&verbs[i])) {
			sg_buf_addc(buf, '(');
			add_verbs(buf);
			sg_buf_addc(buf, ')');
		}
		sg_buf_adds(buf, "' ;;\n");
	}
	sg_buf_adds(buf, "\tesac ;;\nesac\n");
}

static void fish_options(struct sg_buf *buf, const struct verb *verb)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		if (!of_verb(row, verb))
			continue;
		sg_buf_adds(buf, "complete -c sockgate");
		if (verb)
			sg_buf_addf(buf, " -n '__fish_seen_subcommand_from %s'", verb->name);
		sg_buf_addf(buf, " -l %s", row->name);
		if (row->letter)
			sg_buf_addf(buf, " -s %c", row->letter);
		if (row->argument)
			sg_buf_adds(buf, names_file(row) ? " -rF" : " -x");
		if (row->type == OPTION_CHOICE) {
			sg_buf_adds(buf, " -a '");
			add_choices(buf, row->argument);
			sg_buf_addc(buf, '\'');
		}
		sg_buf_adds(buf, " -d '");
		add_quoted(buf, row->help, "");
		sg_buf_adds(buf, "'\n");
	}
}

static void fish(struct sg_buf *buf)
{
	sg_buf_adds(buf, "# fish completion for sockgate\n");
	for (size_t i = 0; i < verb_count; i++) {
		sg_buf_addf(buf, "complete -c sockgate %s-n __fish_use_subcommand -a %s -d '",
			    takes_files(&verbs[i]) ? "" : "-f ", verbs[i].name);
		add_quoted(buf, verbs[i].summary, "");
		sg_buf_adds(buf, "'\n");
		fish_options(buf, &verbs[i]);
		if (takes_verb(&verbs[i])) {
			sg_buf_addf(buf, "complete -c sockgate -f -n '__fish_seen_subcommand_from %s' -a '",
				    verbs[i].name);
			add_verbs(buf);
			sg_buf_adds(buf, "'\n");
		}
	}
	fish_options(buf, NULL);
}

void options_completion(enum shell shell, struct sg_buf *buf)
{
	switch (shell) {
	case SHELL_BASH: bash(buf); break;
	case SHELL_ZSH: zsh(buf); break;
	case SHELL_FISH: fish(buf); break;
	case SHELL_NONE: break;
	}
}
