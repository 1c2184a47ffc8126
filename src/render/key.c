/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A key of the policy language. */
#include "render/json.h"
#include "sockgate/render_language.h"

void sg_render_key(struct sg_buf *buf, const struct sg_key *key)
{
	bool first = true;

	sg_buf_addf(buf, "%s: %s\n", key->name, key->doc);
	for (unsigned int place = SG_KEY_TOP; place < SG_KEY_PLACES_END; place <<= 1) {
		if (!(key->places & place))
			continue;
		sg_buf_addf(buf, "  %s %s\n", first ? "stands  " : "        ", sg_key_place_text(place));
		first = false;
	}
	sg_buf_addf(buf, "  takes    %s", sg_key_type_text(key->type));
	if (key->choices) {
		sg_buf_adds(buf, ": ");
		for (const char *at = key->choices; *at; at++)
			sg_buf_adds(buf, *at == '|' ? ", " : (const char[]){*at, '\0'});
	} else if (key->type == SG_KEY_BOOLEAN) {
		sg_buf_adds(buf, ": true, false");
	}
	sg_buf_addc(buf, '\n');
	if (key->unset)
		sg_buf_addf(buf, "  unset    %s\n", key->unset);
	sg_buf_addf(buf, "  example  %s\n", key->example);
}

void sg_render_key_json(struct sg_buf *buf, const struct sg_key *key)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "check"), *places = sg_json_list(&json), *map = sg_json_map(&json);

	for (unsigned int place = SG_KEY_TOP; place < SG_KEY_PLACES_END; place <<= 1)
		if (key->places & place)
			sg_json_push(&json, places, sg_json_text(&json, sg_key_place_text(place)));
	sg_json_put(&json, map, "name", sg_json_text(&json, key->name));
	sg_json_put(&json, map, "says", sg_json_text(&json, key->doc));
	sg_json_put(&json, map, "stands", places);
	sg_json_put(&json, map, "takes", sg_json_text(&json, sg_key_type_text(key->type)));
	sg_json_put(&json, map, "choices", sg_json_text(&json, key->choices));
	sg_json_put(&json, map, "unset", sg_json_text(&json, key->unset));
	sg_json_put(&json, map, "example", sg_json_text(&json, key->example));
	sg_json_put(&json, answer, "key", map);
	sg_json_write(&json, buf, answer);
}
