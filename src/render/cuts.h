/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cuts.h - live connections that would be cut off, as a part of an answer. */
#ifndef SG_RENDER_CUTS_H
#define SG_RENDER_CUTS_H

#include "render/fields.h"

/* All of them, the session first. */
json_t *sg_cuts_json(struct sg_json *json, const struct sg_cuts_report *report);

#endif
