// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a set takes time quadratic in its size, so a large one is read as seldom as can be. Three things make it
 * certain what a set holds:
 *
 *  - it was read;
 *  - it was known at a generation, and the ruleset still is of that generation, or of one that transactions of ours
 *    alone made from it which left the set as it was: nobody can change a set without making a new generation, but for
 *    packets, whose rules make it an unknown one;
 *  - all the elements that it may well hold were asked for and are there, and no others are (src/kernel/rules_confirm.c
 *    says why).
 *
 * What is known is kept in /run under the number of the network namespace, with the boot that the number is of: in a
 * container /run may outlive it. It is a note of root to root; torn or strange ones are not used.
 */
#include "apply/contents.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <xxhash.h>
#include "apply/graph.h"
#include "apply/leftovers.h"
#include "base/file.h"
#include "base/mem.h"
#include "sockgate/buf.h"
#include "sockgate/compile.h"

#define FOLDER "/run/sockgate"
#define MAGIC  "sockgate contents 3"
/*
 * How old a file may be, in seconds. Generations are 32 bits wide: after 2^32 commits the same number is another
 * ruleset's. In an hour these would be more than a million in a second, and a commit takes microseconds.
 */
#define KEPT 3600U
/* Sets from this size on are remembered: below, reading is cheap. */
#define REMEMBERED 4096U
/* Sets from this size on are asked for element by element rather than read, where that proves anything. */
#define ASKED         120000U
#define MAX_FILE_SIZE ((size_t)1 << 30)

struct entry {
	uint32_t generation;
	uint64_t handle;   /* of the set: a set made anew under the same name has another */
	struct sg_set set; /* name, shape, keys */
};

#define BOOT_SIZE 40 /* a UUID, as text */

struct sg_contents {
	uint64_t namespace; /* 0: nothing is kept */
	char boot[BOOT_SIZE];
	struct entry *entries;
	size_t count, room;
	bool changed; /* since it was loaded or stored */
};

/* ------------------------------------------------------------------ entries */

static bool may_be_known(const struct sg_set *set)
{
	return !set->unknown && !(set->flags & ~SG_SET_INTERVAL) && !set->comments && !set->catch_all;
}

static struct entry *find_entry(struct sg_contents *contents, const struct sg_set *set)
{
	for (size_t i = 0; i < contents->count; i++) {
		struct entry *entry = &contents->entries[i];

		if (entry->handle == set->handle && !strcmp(entry->set.name, set->name) &&
		    sg_set_same_shape(&entry->set, set))
			return entry;
	}
	return NULL;
}

/* Gives `to`, which has no elements, those of `from`. */
static int copy_keys(const struct sg_set *from, struct sg_set *to, struct sg_error *err)
{
	size_t size = from->count * sg_set_stride(from);
	uint8_t *keys = malloc(size + 1);

	if (!keys)
		return sg_error_nomem(err);
	memcpy(keys, from->keys, size);
	free(to->keys);
	to->keys = keys;
	to->count = to->room = from->count;
	return 0;
}

/* Remembers the set as of the generation. Without memory it is not remembered. */
static void remember(struct sg_contents *contents, const struct sg_set *set, uint32_t generation)
{
	struct entry *entry = find_entry(contents, set);

	if (set->count < REMEMBERED || !may_be_known(set))
		return;
	if (!entry) {
		if (sg_grow(&contents->entries, &contents->room, contents->count, 1, sizeof(*entry)))
			return;
		entry = &contents->entries[contents->count];
		*entry = (struct entry){.handle = set->handle,
					.set = {.flags = set->flags,
						.key_type = set->key_type,
						.key_length = set->key_length,
						.name = strdup(set->name)}};
		if (!entry->set.name)
			return;
		contents->count++;
	} else if (entry->generation == generation) {
		return;
	}
	entry->generation = copy_keys(set, &entry->set, NULL) ? 0 : generation; /* 0 is no generation */
	contents->changed = true;
}

static bool is_among(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

void sg_contents_advance(struct sg_contents *contents, uint32_t from, uint32_t to, const char *const *edited,
			 size_t edited_count)
{
	if (to != from + 1 && !(to == 1 && from == UINT32_MAX))
		return; /* somebody else's is in between */
	for (size_t i = 0; i < contents->count; i++) {
		struct entry *entry = &contents->entries[i];

		if (entry->generation != from || is_among(entry->set.name, edited, edited_count))
			continue;
		entry->generation = to;
		contents->changed = true;
	}
}

/* ------------------------------------------------------------------ reading */

/* 1: the set holds exactly the candidate's elements, which it has now; 0: not known; -1: error. */
static int try_candidate(struct sg_kernel *kernel, const struct sg_table *table, struct sg_set *set,
			 const struct sg_set *candidate, struct sg_error *err)
{
	struct sg_set asked = *candidate;
	bool all = false;

	if (candidate->count < ASKED || !may_be_known(candidate) || !sg_set_same_shape(candidate, set))
		return 0;
	asked.name = set->name;
	if (sg_kernel_confirm_elements(kernel, table, &asked, set->filled, &all, err))
		return -1;
	if (!all)
		return 0;
	return copy_keys(candidate, set, err) ? -1 : 1;
}

/* Reads all elements. That packets may change the set is said by rules, and stays. */
static int dump_set(struct sg_kernel *kernel, uint32_t generation, const struct sg_table *table, struct sg_set *set,
		    struct sg_error *err)
{
	bool unknown = set->unknown;
	sg_autofree char *reason = set->unknown_reason ? strdup(set->unknown_reason) : NULL;

	if (set->unknown_reason && !reason)
		return sg_error_nomem(err);
	if (sg_kernel_dump_set(kernel, generation, table, set, err))
		return -1;
	set->unknown |= unknown;
	if (!set->unknown_reason)
		set->unknown_reason = sg_steal(reason);
	return 0;
}

static int read_set(struct sg_contents *contents, struct sg_kernel *kernel, uint32_t generation,
		    const struct sg_table *table, struct sg_set *set, const struct sg_set *expected,
		    struct sg_error *err)
{
	struct entry *entry = may_be_known(set) ? find_entry(contents, set) : NULL;
	int known = 0;

	if (entry && entry->generation == generation)
		return copy_keys(&entry->set, set, err);
	if (may_be_known(set) && expected)
		known = try_candidate(kernel, table, set, expected, err);
	if (!known && entry)
		known = try_candidate(kernel, table, set, &entry->set, err);
	if (known)
		return known < 0 ? -1 : 0;
	return dump_set(kernel, generation, table, set, err);
}

/* A large set that no packet reaches was left behind by a run that was interrupted. It decides nothing and will be
 * deleted: what it holds is not read. */
static int leave_unread(struct sg_set *set, struct sg_error *err)
{
	set->unknown = true;
	if (set->unknown_reason)
		return 0;
	set->unknown_reason = strdup("no packet reaches it, and it was not read");
	return set->unknown_reason ? 0 : sg_error_nomem(err);
}

/* Reads the maps (kind SG_SET_MAP) or the other sets (0); of large ones only those that are `reached` (NULL: all). */
static int read_kind(struct sg_contents *contents, struct sg_kernel *kernel, const struct sg_table *expected,
		     const struct sg_ruleset *ruleset, struct sg_table *table, uint32_t kind, const bool *reached,
		     struct sg_error *err)
{
	for (size_t i = 0; i < table->set_count; i++) {
		struct sg_set *set = &table->sets[i];

		if ((set->flags & SG_SET_MAP) != kind)
			continue;
		if (reached && !reached[i] && set->filled >= REMEMBERED) {
			if (leave_unread(set, err))
				return -1;
			continue;
		}
		if (read_set(contents, kernel, ruleset->generation, table, set,
			     expected ? sg_table_set(expected, set->name) : NULL, err))
			return -1;
		remember(contents, set, ruleset->generation);
	}
	return 0;
}

static int read_sets(struct sg_contents *contents, struct sg_kernel *kernel, const struct sg_table *expected,
		     struct sg_ruleset *ruleset, struct sg_table *table, struct sg_error *err)
{
	sg_autofree bool *sets = calloc(table->set_count + 1, sizeof(*sets));
	sg_autofree bool *chains = calloc(table->chain_count + 1, sizeof(*chains));
	uint32_t generation = ruleset->generation, now;

	if (!sets || !chains)
		return sg_error_nomem(err);
	/* maps first: what packets can reach hangs on them */
	if (read_kind(contents, kernel, expected, ruleset, table, SG_SET_MAP, NULL, err) ||
	    sg_graph_reachable(table, SG_GRAPH_ALL_HOOKS, sets, chains, err) ||
	    read_kind(contents, kernel, expected, ruleset, table, 0, sets, err))
		return -1;
	/* what was asked for one by one belongs to the generation only if that is still the one */
	if (sg_kernel_generation(kernel, &now, err))
		return -1;
	if (now != generation)
		return sg_error_set(err, SG_ERROR_CHANGED, 0, "the ruleset was changed while it was read");
	return 0;
}

int sg_contents_read(struct sg_contents *contents, struct sg_kernel *kernel, const struct sg_table *expected,
		     struct sg_ruleset *ret, const struct sg_table **ret_table, struct sg_error *err)
{
	struct sg_dump what = {.scope = SG_DUMP_TABLE_FRAME, .family = SG_TABLE_FAMILY, .name = SG_TABLE_NAME};
	struct sg_error why = {0};

	for (unsigned int tries = 0; tries < 10; tries++) {
		const struct sg_table *table;

		why = (struct sg_error){0};
		if (sg_kernel_dump(kernel, &what, ret, err))
			return -1;
		table = sg_ruleset_table(ret, SG_TABLE_FAMILY, SG_TABLE_NAME);
		if (!table || !read_sets(contents, kernel, expected, ret, &ret->tables[table - ret->tables], &why)) {
			*ret_table = table;
			return 0;
		}
		sg_ruleset_clear(ret);
		if (why.kind != SG_ERROR_CHANGED)
			break;
	}
	if (err)
		*err = why;
	return -1;
}

/* ------------------------------------------------------------------ the file */

struct file_header {
	char magic[24], boot[BOOT_SIZE];
	uint64_t namespace;
	uint64_t count;
	uint64_t stored; /* seconds since boot, suspended ones too, when all entries were of the ruleset's generation */
};

static uint64_t seconds_since_boot(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec;
}

struct file_entry {
	uint64_t handle, keys;
	uint32_t generation, flags, key_type, key_length;
	char name[SG_NFT_NAME_SIZE];
};

static void file_name(const struct sg_contents *contents, char name[64])
{
	snprintf(name, 64, FOLDER "/contents-%" PRIx64, contents->namespace);
}

/* Takes `size` bytes from the front of what is left. */
static bool take(const char **at, size_t *left, void *to, size_t size)
{
	if (*left < size)
		return false;
	memcpy(to, *at, size);
	*at += size;
	*left -= size;
	return true;
}

static bool load_entry(struct sg_contents *contents, const char **at, size_t *left)
{
	struct file_entry saved;
	struct entry *entry;
	size_t size;

	if (!take(at, left, &saved, sizeof(saved)) || saved.key_length == 0 || saved.key_length > SG_NFT_DATA_SIZE ||
	    (saved.flags & ~SG_SET_INTERVAL) || !memchr(saved.name, '\0', sizeof(saved.name)) ||
	    sg_grow(&contents->entries, &contents->room, contents->count, 1, sizeof(*entry)))
		return false;
	entry = &contents->entries[contents->count];
	*entry = (struct entry){
		.generation = saved.generation,
		.handle = saved.handle,
		.set = {.flags = saved.flags, .key_type = saved.key_type, .key_length = saved.key_length}};
	size = sg_set_stride(&entry->set);
	if (saved.keys > *left / size)
		return false;
	entry->set.name = strdup(saved.name);
	entry->set.keys = malloc(size * saved.keys + 1);
	entry->set.count = entry->set.room = saved.keys;
	contents->count++;
	return entry->set.name && entry->set.keys && take(at, left, entry->set.keys, size * saved.keys);
}

static void forget_all(struct sg_contents *contents)
{
	for (size_t i = 0; i < contents->count; i++)
		sg_set_clear(&contents->entries[i].set);
	contents->count = 0;
}

static void load(struct sg_contents *contents)
{
	const struct sg_file_rules rules = {.max_size = MAX_FILE_SIZE, .trusted_only = true};
	sg_autofree char *data = NULL;
	struct file_header header;
	XXH128_canonical_t sum;
	XXH128_hash_t hash;
	char name[64];
	const char *at;
	size_t left;

	file_name(contents, name);
	if (sg_file_read(name, &rules, &data, &left, NULL) || left < sizeof(sum))
		return;
	left -= sizeof(sum);
	memcpy(&sum, data + left, sizeof(sum));
	hash = XXH3_128bits(data, left);
	at = data;
	if (!XXH128_isEqual(hash, XXH128_hashFromCanonical(&sum)) || !take(&at, &left, &header, sizeof(header)) ||
	    strncmp(header.magic, MAGIC, sizeof(header.magic)) != 0 || header.namespace != contents->namespace ||
	    memcmp(header.boot, contents->boot, sizeof(header.boot)) != 0 ||
	    seconds_since_boot() - header.stored > KEPT)
		return;
	for (uint64_t i = 0; i < header.count; i++)
		if (!load_entry(contents, &at, &left)) {
			forget_all(contents);
			return;
		}
	/* it was used: its age is told from that */
	utimensat(AT_FDCWD, name, NULL, 0);
}

/* Forgets the sets that were not there any more at the generation. */
static void prune(struct sg_contents *contents, uint32_t generation)
{
	size_t kept = 0;

	for (size_t i = 0; i < contents->count; i++) {
		if (contents->entries[i].generation == generation)
			contents->entries[kept++] = contents->entries[i];
		else
			sg_set_clear(&contents->entries[i].set);
	}
	contents->count = kept;
}

void sg_contents_store(struct sg_contents *contents, uint32_t generation)
{
	struct file_header header = {
		.magic = MAGIC, .namespace = contents->namespace, .stored = seconds_since_boot()};
	XXH128_canonical_t sum;
	struct sg_buf buf = {0};
	char name[64];

	if (!contents->namespace || !contents->changed)
		return;
	prune(contents, generation);
	contents->changed = false;
	header.count = contents->count;
	memcpy(header.boot, contents->boot, sizeof(header.boot));
	file_name(contents, name);
	if (!contents->count) {
		remove(name);
		return;
	}
	sg_buf_add(&buf, &header, sizeof(header));
	for (size_t i = 0; i < contents->count; i++) {
		const struct entry *entry = &contents->entries[i];
		struct file_entry saved = {.handle = entry->handle,
					   .keys = entry->set.count,
					   .generation = entry->generation,
					   .flags = entry->set.flags,
					   .key_type = entry->set.key_type,
					   .key_length = entry->set.key_length};

		snprintf(saved.name, sizeof(saved.name), "%s", entry->set.name);
		sg_buf_add(&buf, &saved, sizeof(saved));
		sg_buf_add(&buf, entry->set.keys, entry->set.count * sg_set_stride(&entry->set));
	}
	if (!buf.failed) {
		XXH128_canonicalFromHash(&sum, XXH3_128bits(buf.data, buf.size));
		sg_buf_add(&buf, &sum, sizeof(sum));
	}
	mkdir(FOLDER, 0755);
	if (!buf.failed)
		sg_file_replace(name, buf.data, buf.size, NULL);
	sg_buf_clear(&buf);
}

/* False: this boot cannot be told from another. */
static bool read_boot(char boot[BOOT_SIZE])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	size_t size = file ? fread(boot, 1, BOOT_SIZE, file) : 0;

	if (file)
		fclose(file);
	return size >= 36 && size < BOOT_SIZE;
}

struct sg_contents *sg_contents_open(struct sg_kernel *kernel)
{
	struct sg_contents *contents = calloc(1, sizeof(*contents));

	if (!contents)
		return NULL;
	contents->namespace = read_boot(contents->boot) ? sg_kernel_namespace(kernel) : 0;
	if (contents->namespace) {
		char name[64];

		file_name(contents, name);
		load(contents);
		sg_leftovers_tidy(FOLDER, name + sizeof(FOLDER), (int64_t)time(NULL));
	}
	return contents;
}

void sg_contents_free(struct sg_contents *contents)
{
	if (!contents)
		return;
	forget_all(contents);
	free(contents->entries);
	free(contents);
}
