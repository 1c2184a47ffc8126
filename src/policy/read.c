/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a file to a policy. All that is wrong is reported before anything is given up, so the steps go on after an
 * error and the policy is thrown away at the end; only the lack of memory ends it at once.
 */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "policy/conditions.h"
#include "policy/keys.h"
#include "policy/lines.h"
#include "policy/lists.h"
#include "policy/source.h"
#include "policy/sets.h"
#include "policy/word.h"

static void read_default(struct reader *reader, uint32_t key, uint32_t node, enum sg_verdict *ret,
			 struct sg_span *ret_span)
{
	static const char *const verdicts[] = {"drop", "reject", "accept", NULL};
	static const char *const foreign[] = {"deny",  "drop",   "block",  "drop",   "refuse", "reject",
					      "allow", "accept", "permit", "accept", NULL};
	static const enum sg_verdict verdict[] = {SG_VERDICT_DROP, SG_VERDICT_REJECT, SG_VERDICT_ACCEPT};
	size_t choice;

	if (!sg_word_choice(reader, node, "default", verdicts, foreign, &choice))
		return;
	*ret = verdict[choice];
	*ret_span = doc_span(&reader->doc, key);
}

static void read_published(struct reader *reader, uint32_t node)
{
	static const char *const choices[] = {"enforce", "ignore", NULL};
	static const char *const foreign[] = {"true",  "enforce", "yes", "enforce", "on",  "enforce", "obey", "enforce",
					      "false", "ignore",  "no",  "ignore",  "off", "ignore",  NULL};
	size_t choice;

	if (sg_word_choice(reader, node, "published", choices, foreign, &choice))
		reader->policy->enforces_published = !choice;
}

static void read_baseline(struct reader *reader, uint32_t mapping)
{
	struct sg_policy *policy = reader->policy;
	struct keys_values values;

	_Static_assert(KEY_PING - KEY_ESTABLISHED + 1 == MODEL_BASELINE_COUNT,
		       "the parts are in the order of keys.def");
	sg_keys_read(reader, mapping, SG_KEY_BASELINE, &values, NULL, NULL);
	for (unsigned int part = 0; part < MODEL_BASELINE_COUNT; part++) {
		enum key_id id = KEY_ESTABLISHED + part;

		if (values.value[id] && sg_word_boolean(reader, values.value[id], sg_keys_name(id),
							sg_model_baseline_part(&policy->baseline, part)))
			policy->baseline_span[part] = doc_span(&reader->doc, values.key[id]);
	}
}

/* allow and block in the order of the file: lines are numbered so. False: no memory. */
static bool read_sections(struct reader *reader, const struct keys_values *values, enum sg_direction direction)
{
	uint32_t allow = values->value[KEY_ALLOW], block = values->value[KEY_BLOCK];
	bool allow_first = allow < block;

	if (allow && allow_first && !sg_lines_read(reader, allow, direction, SG_SECTION_ALLOW))
		return false;
	if (block && !sg_lines_read(reader, block, direction, SG_SECTION_BLOCK))
		return false;
	return !allow || allow_first || sg_lines_read(reader, allow, direction, SG_SECTION_ALLOW);
}

/* False: no memory. */
static bool read_outbound(struct reader *reader, const struct keys_values *values)
{
	struct sg_policy *policy = reader->policy;

	if (values->value[KEY_DEFAULT])
		read_default(reader, values->key[KEY_DEFAULT], values->value[KEY_DEFAULT], &policy->outbound_default,
			     &policy->outbound_default_span);
	return read_sections(reader, values, SG_OUT);
}

/* False: no memory. */
static bool read_tests(struct reader *reader)
{
	for (size_t i = 0; i < reader->source_count; i++)
		if (reader->sources[i].tests && !sg_tests_read(reader, reader->sources[i].tests))
			return false;
	return true;
}

/* What the files ignore, each for all. False: no memory. */
static bool read_lint_ignore(struct reader *reader)
{
	struct sg_policy *policy = reader->policy;

	for (size_t i = 0; i < reader->source_count; i++) {
		struct model_words ids;
		const char **all;

		if (!reader->sources[i].lint_ignore)
			continue;
		if (!sg_word_lints(reader, reader->sources[i].lint_ignore, &ids)) {
			if (reader->failed)
				return false;
			continue;
		}
		all = sg_arena_alloc(&policy->arena, policy->lint_ignore_count + ids.count, sizeof(*all));
		if (!all)
			return sg_reader_nomem(reader);
		if (policy->lint_ignore_count)
			memcpy(all, policy->lint_ignore, policy->lint_ignore_count * sizeof(*all));
		memcpy(all + policy->lint_ignore_count, ids.items, ids.count * sizeof(*all));
		policy->lint_ignore = all;
		policy->lint_ignore_count += ids.count;
	}
	return true;
}

/* All files together. False: no memory. */
static bool read_all(struct reader *reader, const struct source_keys *keys)
{
	const struct keys_values *values = &keys->top;
	const uint32_t *value = values->value;
	size_t errors;

	if (value[KEY_NAME] && !sg_word_text(reader, value[KEY_NAME], "name", &reader->policy->name) && reader->failed)
		return false;
	if (value[KEY_DEFAULT])
		read_default(reader, values->key[KEY_DEFAULT], value[KEY_DEFAULT], &reader->policy->default_verdict,
			     &reader->policy->default_span);
	if (value[KEY_PUBLISHED])
		read_published(reader, value[KEY_PUBLISHED]);
	if (value[KEY_LOG_BLOCKED] &&
	    !sg_line_log(reader, value[KEY_LOG_BLOCKED], KEY_LOG_BLOCKED, &reader->policy->log_blocked) &&
	    reader->failed)
		return false;
	if (!read_lint_ignore(reader))
		return false;
	if (value[KEY_BASELINE])
		read_baseline(reader, value[KEY_BASELINE]);
	errors = reader->report.errors;
	if (value[KEY_GROUPS] && !sg_groups_read(reader, value[KEY_GROUPS]))
		return false;
	reader->sets_broken = reader->report.errors > errors;
	if ((value[KEY_INTERFACES] && !sg_interfaces_read(reader, value[KEY_INTERFACES])) ||
	    (value[KEY_SERVICES] && !sg_services_read(reader, value[KEY_SERVICES])))
		return false;
	return read_sections(reader, values, SG_IN) && read_outbound(reader, &keys->outbound) && read_tests(reader);
}

/* The names of the files, for spans. False: no memory. */
static bool read_keep_files(struct reader *reader)
{
	struct sg_policy *policy = reader->policy;
	struct model_file *files = sg_arena_alloc(&policy->arena, reader->source_count, sizeof(*files));

	if (!files)
		return sg_reader_nomem(reader);
	for (size_t i = 0; i < reader->source_count; i++)
		files[i] = (struct model_file){reader->sources[i].file, reader->sources[i].name};
	policy->files = files;
	policy->file_count = reader->source_count;
	return true;
}

static void reader_clear(struct reader *reader)
{
	sg_doc_clear(&reader->doc);
	sg_names_clear(&reader->groups);
	sg_names_clear(&reader->interfaces);
	sg_names_clear(&reader->services);
	sg_lists_free(reader->lists);
	free(reader->sources);
	sg_policy_free(reader->policy);
}

/* `owned` is malloc'd and taken over. */
static struct sg_policy *read_text(const char *name, const char *folder, const struct sg_file_id *id, char *owned,
				   size_t size, const struct sg_policy_options *options, struct sg_files *files,
				   struct sg_diags *diags, struct sg_error *err)
{
	sg_cleanup(reader_clear) struct reader reader = {
		.policy = sg_model_new(),
		.report = {.diags = diags},
		.files = files,
		.options = options,
		.err = err,
	};
	struct reader_source source = {.folder = folder, .prefix = "", .id = *id};
	struct source_keys keys;

	if (reader.policy)
		source.name = sg_arena_string(&reader.policy->arena, name, strlen(name));
	if (!source.name) {
		free(owned);
		sg_error_nomem(err);
		return NULL;
	}
	reader.policy->file = source.name;
	reader.policy->now = options->now;
	if (!sg_source_add(&reader, &source, owned, size, &keys) || !sg_includes_read(&reader, &keys) ||
	    !read_all(&reader, &keys) || !read_keep_files(&reader))
		return NULL;
	sg_report_finish(&reader.report);
	if (!reader.report.errors && !sg_conditions_finish(&reader))
		return NULL;
	if (diags->out_of_memory)
		sg_error_nomem(err);
	return reader.report.errors || diags->out_of_memory ? NULL : sg_steal(reader.policy);
}

struct sg_policy *sg_policy_parse(const char *name, const char *folder, const char *text, size_t size,
				  const struct sg_policy_options *options, struct sg_files *files,
				  struct sg_diags *diags, struct sg_error *err)
{
	const struct sg_file_id none = {0, 0};
	char *copy = malloc(size + 1);

	if (!copy) {
		sg_error_nomem(err);
		return NULL;
	}
	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return read_text(name, folder, &none, copy, size, options, files, diags, err);
}

struct sg_policy *sg_policy_read(const char *path, const struct sg_policy_options *options, struct sg_files *files,
				 struct sg_diags *diags, struct sg_error *err)
{
	struct sg_file_rules rules = {
		.max_size = DOC_SIZE_MOST,
		.trusted_only = options->trusted_only,
		.allow_pipe = true,
		.no_made_up = true,
		.reading = options->reading,
	};
	const char *slash = strrchr(path, '/');
	sg_autofree char *folder = NULL;
	struct sg_file_id id;
	char *text;
	size_t size;

	/* "/policy.yaml" is in "/", "policy.yaml" and "-" are in "." */
	folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!folder) {
		sg_error_nomem(err);
		return NULL;
	}
	if (sg_file_read_known(path, &rules, &text, &size, &id, err))
		return NULL;
	return read_text(path, folder, &id, text, size, options, files, diags, err);
}
