/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a file to a policy. All that is wrong is reported before anything is given up, so the steps go on after an
 * error and the policy is thrown away at the end; only the lack of memory ends it at once.
 */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "policy/keys.h"
#include "policy/lines.h"
#include "policy/lists.h"
#include "policy/sets.h"
#include "policy/word.h"

static void read_version(struct reader *reader, uint32_t node)
{
	struct report_quote quote;

	if (!strcmp(doc_text(&reader->doc, node), "1"))
		return;
	reader_error(reader, node, "policy/unknown-version", "version '%s' of the policy language is not known",
		     sg_reader_quote(reader, node, &quote));
	reader_hint(reader, "write 'version: 1', or take it away");
}

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

static void read_baseline(struct reader *reader, uint32_t mapping)
{
	struct sg_policy *policy = reader->policy;
	struct keys_values values;

	_Static_assert(KEY_PING - KEY_ESTABLISHED + 1 == MODEL_BASELINE_COUNT,
		       "the parts are in the order of keys.def");
	sg_keys_read(reader, mapping, KEYS_BASELINE, &values, NULL, NULL);
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
static bool read_outbound(struct reader *reader, uint32_t mapping)
{
	struct sg_policy *policy = reader->policy;
	struct keys_values values;

	sg_keys_read(reader, mapping, KEYS_OUTBOUND, &values, NULL, NULL);
	if (values.value[KEY_DEFAULT])
		read_default(reader, values.key[KEY_DEFAULT], values.value[KEY_DEFAULT], &policy->outbound_default,
			     &policy->outbound_default_span);
	return read_sections(reader, &values, SG_OUT);
}

/* False: no memory. */
static bool read_top(struct reader *reader)
{
	struct keys_values values;
	uint32_t *value = values.value;
	size_t errors;

	if (doc_node(&reader->doc, 0)->kind != DOC_MAPPING || !doc_node(&reader->doc, 0)->first) {
		if (sg_word_is_null(&reader->doc, 0) || doc_node(&reader->doc, 0)->kind == DOC_MAPPING)
			reader_error(reader, 0, "policy/empty-file", "the file says nothing");
		else
			reader_error(reader, 0, "policy/wrong-type", "a policy is a mapping of keys");
		reader_hint(reader, "the shortest policy is 'default: drop'");
		return true;
	}
	sg_keys_read(reader, 0, KEYS_TOP, &values, NULL, NULL);
	if (value[KEY_VERSION])
		read_version(reader, value[KEY_VERSION]);
	if (value[KEY_NAME] && !sg_word_text(reader, value[KEY_NAME], "name", &reader->policy->name) && reader->failed)
		return false;
	if (value[KEY_DEFAULT])
		read_default(reader, values.key[KEY_DEFAULT], value[KEY_DEFAULT], &reader->policy->default_verdict,
			     &reader->policy->default_span);
	if (value[KEY_BASELINE])
		read_baseline(reader, value[KEY_BASELINE]);
	errors = reader->report.errors;
	if (value[KEY_GROUPS] && !sg_groups_read(reader, value[KEY_GROUPS]))
		return false;
	reader->sets_broken = reader->report.errors > errors;
	if ((value[KEY_INTERFACES] && !sg_interfaces_read(reader, value[KEY_INTERFACES])) ||
	    (value[KEY_SERVICES] && !sg_services_read(reader, value[KEY_SERVICES])))
		return false;
	return read_sections(reader, &values, SG_IN) &&
	       (!value[KEY_OUTBOUND] || read_outbound(reader, value[KEY_OUTBOUND])) &&
	       (!value[KEY_TESTS] || sg_tests_read(reader, value[KEY_TESTS]));
}

static void reader_clear(struct reader *reader)
{
	sg_doc_clear(&reader->doc);
	sg_names_clear(&reader->groups);
	sg_names_clear(&reader->interfaces);
	sg_names_clear(&reader->services);
	sg_lists_free(reader->lists);
	sg_policy_free(reader->policy);
}

/* Takes `text` (malloc'd) into files, without a byte order mark. 0 and the file's number, or -1. */
static int read_add_file(struct sg_files *files, const char *name, char *text, size_t size, uint32_t *ret_file,
			 struct sg_error *err)
{
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		size -= 3;
		memmove(text, text + 3, size + 1);
	}
	return sg_files_add(files, name, text, size, ret_file, err);
}

static struct sg_policy *read_text(const char *name, const char *folder, char *owned, size_t size,
				   const struct sg_policy_options *options, struct sg_files *files,
				   struct sg_diags *diags, struct sg_error *err)
{
	sg_cleanup(reader_clear) struct reader reader = {
		.report = {.diags = diags},
		.files = files,
		.options = options,
		.folder = folder,
		.err = err,
	};
	const char *text;
	uint32_t file;

	if (read_add_file(files, name, owned, size, &file, err))
		return NULL;
	reader.policy = sg_model_new();
	if (!reader.policy || !(reader.policy->file = sg_arena_string(&reader.policy->arena, name, strlen(name)))) {
		sg_error_nomem(err);
		return NULL;
	}
	text = sg_files_text(files, file, &size);
	if (sg_doc_read(&reader.doc, file, text, size, &reader.report, err))
		return NULL;
	if (reader.doc.count && !read_top(&reader))
		return NULL;
	sg_report_finish(&reader.report);
	if (diags->out_of_memory)
		sg_error_nomem(err);
	return reader.report.errors || diags->out_of_memory ? NULL : sg_steal(reader.policy);
}

struct sg_policy *sg_policy_parse(const char *name, const char *folder, const char *text, size_t size,
				  const struct sg_policy_options *options, struct sg_files *files,
				  struct sg_diags *diags, struct sg_error *err)
{
	char *copy = malloc(size + 1);

	if (!copy) {
		sg_error_nomem(err);
		return NULL;
	}
	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return read_text(name, folder, copy, size, options, files, diags, err);
}

struct sg_policy *sg_policy_read(const char *path, const struct sg_policy_options *options, struct sg_files *files,
				 struct sg_diags *diags, struct sg_error *err)
{
	struct sg_file_rules rules = {
		.max_size = DOC_SIZE_MOST,
		.trusted_only = options->trusted_only,
		.allow_pipe = true,
	};
	const char *slash = strrchr(path, '/');
	sg_autofree char *folder = NULL;
	char *text;
	size_t size;

	/* "/policy.yaml" is in "/", "policy.yaml" and "-" are in "." */
	folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	if (!folder) {
		sg_error_nomem(err);
		return NULL;
	}
	if (sg_file_read(path, &rules, &text, &size, err))
		return NULL;
	return read_text(path, folder, text, size, options, files, diags, err);
}
