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
	text_adds(buf, chain->name);
	sg_buf_adds(buf, ": ");
	text_count(buf, chain->rule_count, "rule");
	if (chain->is_base)
		sg_buf_addf(buf, ", hook %s, priority %d, policy %s", hook_name(chain->hook), chain->priority,
			    chain->policy == NF_ACCEPT ? "accept" : "drop");
	sg_buf_addc(buf, '\n');
}

static void add_set(struct sg_buf *buf, const struct sg_set *set)
{
	sg_buf_adds(buf, set->flags & SG_SET_MAP ? "  map " : "  set ");
	text_adds(buf, set->name);
	sg_buf_adds(buf, ": ");
	text_count(buf, set->count, "element");
	if (set->comment) {
		sg_buf_adds(buf, " (");
		text_adds(buf, set->comment);
		sg_buf_addc(buf, ')');
	}
	sg_buf_addc(buf, '\n');
}

void sg_render_table(struct sg_buf *buf, const struct sg_style *style, const struct sg_table *table)
{
	text_colour(buf, style, TEXT_BOLD);
	sg_buf_addf(buf, "table %s ", sg_render_family(table->family));
	text_adds(buf, table->name);
	text_plain(buf, style);
	sg_buf_addc(buf, '\n');
	for (size_t i = 0; i < table->chain_count; i++)
		add_chain(buf, &table->chains[i]);
	for (size_t i = 0; i < table->set_count; i++)
		if (!(table->sets[i].flags & SG_SET_ANONYMOUS))
			add_set(buf, &table->sets[i]);
}

static json_t *chain_json(struct json *json, const struct sg_chain *chain)
{
	json_t *map = json_map(json);

	json_put(json, map, "name", json_text(json, chain->name));
	json_put(json, map, "hook", json_text(json, chain->is_base ? hook_name(chain->hook) : NULL));
	json_put(json, map, "priority", chain->is_base ? json_integer(chain->priority) : json_null());
	json_put(json, map, "policy",
		 json_text(json, !chain->is_base              ? NULL
				 : chain->policy == NF_ACCEPT ? "accept"
							      : "drop"));
	json_put(json, map, "rules", json_number(json, chain->rule_count));
	json_put(json, map, "comment", json_text(json, chain->comment));
	return map;
}

static json_t *set_json(struct json *json, const struct sg_set *set)
{
	json_t *map = json_map(json);

	json_put(json, map, "name", json_text(json, set->name));
	json_put(json, map, "map", json_boolean(set->flags & SG_SET_MAP));
	json_put(json, map, "elements", json_number(json, set->count));
	json_put(json, map, "comment", json_text(json, set->comment));
	return map;
}

static json_t *table_json(struct json *json, const struct sg_table *table)
{
	json_t *map = json_map(json), *chains = json_list(json), *sets = json_list(json);

	for (size_t i = 0; i < table->chain_count; i++)
		json_push(json, chains, chain_json(json, &table->chains[i]));
	for (size_t i = 0; i < table->set_count; i++)
		if (!(table->sets[i].flags & SG_SET_ANONYMOUS))
			json_push(json, sets, set_json(json, &table->sets[i]));
	json_put(json, map, "family", json_text(json, sg_render_family(table->family)));
	json_put(json, map, "name", json_text(json, table->name));
	json_put(json, map, "chains", chains);
	json_put(json, map, "sets", sets);
	return map;
}

void sg_render_table_json(struct sg_buf *buf, const char *source, const struct sg_table *table, const char *text)
{
	struct json json = {false};
	json_t *answer = json_answer(&json, "show");

	json_put(&json, answer, "source", json_text(&json, source));
	json_put(&json, answer, "table", table ? table_json(&json, table) : json_null());
	json_put(&json, answer, "nft", json_text(&json, text));
	json_write(&json, buf, answer);
}
