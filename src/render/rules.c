/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a table of rules consists of. */
#include "render/fields.h"

#include <linux/netfilter.h>
#include "base/mem.h"

static const char *hook_name(uint32_t hook)
{
	static const char *const names[] = {"prerouting", "input", "forward", "output", "postrouting", "ingress"};

	return hook < SG_COUNT(names) ? names[hook] : "unknown";
}

static void add_chain(struct sg_buf *buf, const struct sg_chain *chain)
{
	sg_buf_adds(buf, "  chain ");
	sg_say_adds(buf, chain->name);
	sg_buf_adds(buf, ": ");
	sg_say_count(buf, chain->rule_count, "rule");
	if (chain->is_base)
		sg_buf_addf(buf, ", hook %s, priority %d, policy %s", hook_name(chain->hook), chain->priority,
			    chain->policy == NF_ACCEPT ? "accept" : "drop");
	sg_buf_addc(buf, '\n');
}

static void add_set(struct sg_buf *buf, const struct sg_set *set)
{
	sg_buf_adds(buf, set->flags & SG_SET_MAP ? "  map " : "  set ");
	sg_say_adds(buf, set->name);
	sg_buf_adds(buf, ": ");
	sg_say_count(buf, set->count, "element");
	if (set->comment) {
		sg_buf_adds(buf, " (");
		sg_say_adds(buf, set->comment);
		sg_buf_addc(buf, ')');
	}
	sg_buf_addc(buf, '\n');
}

void sg_render_table(struct sg_buf *buf, const struct sg_style *style, const struct sg_table *table)
{
	sg_say_colour(buf, style, SG_BOLD);
	sg_buf_addf(buf, "table %s ", sg_render_family(table->family));
	sg_say_adds(buf, table->name);
	sg_say_plain(buf, style);
	sg_buf_addc(buf, '\n');
	for (size_t i = 0; i < table->chain_count; i++)
		add_chain(buf, &table->chains[i]);
	for (size_t i = 0; i < table->set_count; i++)
		if (!(table->sets[i].flags & SG_SET_ANONYMOUS))
			add_set(buf, &table->sets[i]);
}

static json_t *chain_json(struct sg_json *json, const struct sg_chain *chain)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "name", sg_json_text(json, chain->name));
	sg_json_put(json, map, "hook", sg_json_text(json, chain->is_base ? hook_name(chain->hook) : NULL));
	sg_json_put(json, map, "priority", chain->is_base ? json_integer(chain->priority) : json_null());
	sg_json_put(json, map, "policy",
		    sg_json_text(json, !chain->is_base              ? NULL
				       : chain->policy == NF_ACCEPT ? "accept"
								    : "drop"));
	sg_json_put(json, map, "rules", sg_json_number(json, chain->rule_count));
	sg_json_put(json, map, "comment", sg_json_text(json, chain->comment));
	return map;
}

static json_t *set_json(struct sg_json *json, const struct sg_set *set)
{
	json_t *map = sg_json_map(json);

	sg_json_put(json, map, "name", sg_json_text(json, set->name));
	sg_json_put(json, map, "map", json_boolean(set->flags & SG_SET_MAP));
	sg_json_put(json, map, "elements", sg_json_number(json, set->count));
	sg_json_put(json, map, "comment", sg_json_text(json, set->comment));
	return map;
}

static json_t *table_json(struct sg_json *json, const struct sg_table *table)
{
	json_t *map = sg_json_map(json), *chains = sg_json_list(json), *sets = sg_json_list(json);

	for (size_t i = 0; i < table->chain_count; i++)
		sg_json_push(json, chains, chain_json(json, &table->chains[i]));
	for (size_t i = 0; i < table->set_count; i++)
		if (!(table->sets[i].flags & SG_SET_ANONYMOUS))
			sg_json_push(json, sets, set_json(json, &table->sets[i]));
	sg_json_put(json, map, "family", sg_json_text(json, sg_render_family(table->family)));
	sg_json_put(json, map, "name", sg_json_text(json, table->name));
	sg_json_put(json, map, "chains", chains);
	sg_json_put(json, map, "sets", sets);
	return map;
}

void sg_render_table_json(struct sg_buf *buf, const char *source, const struct sg_table *table, const char *text)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "show");

	sg_json_put(&json, answer, "source", sg_json_text(&json, source));
	sg_json_put(&json, answer, "table", table ? table_json(&json, table) : json_null());
	sg_json_put(&json, answer, "nft", sg_json_text(&json, text));
	sg_json_write(&json, buf, answer);
}
