/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy that was drafted from listening sockets. */
#include "render/sockets.h"

void sg_render_learn_json(struct sg_buf *buf, const struct sg_listeners *listeners, const struct sg_learn *learn)
{
	struct sg_json json = {false};
	json_t *answer = sg_json_answer(&json, "learn"), *allowed = sg_json_list(&json),
	       *left_out = sg_json_list(&json);

	for (size_t i = 0; i < listeners->count; i++) {
		json_t *map = sg_json_map(&json);

		sg_sockets_put(&json, map, &listeners->items[i]);
		if (learn->learned[i] != SG_LEARNED_ALLOWED)
			sg_json_put(&json, map, "reason", sg_json_text(&json, sg_learned_name(learn->learned[i])));
		sg_json_push(&json, learn->learned[i] == SG_LEARNED_ALLOWED ? allowed : left_out, map);
	}
	sg_json_put(&json, answer, "policy", sg_json_text(&json, learn->text));
	sg_json_put(&json, answer, "listeners", allowed);
	sg_json_put(&json, answer, "left_out", left_out);
	sg_json_write(&json, buf, answer);
}
