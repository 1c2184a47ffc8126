/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fields.h - packets, sets of packets and who decides them, as text and as JSON: the parts of every answer. */
#ifndef SG_RENDER_FIELDS_H
#define SG_RENDER_FIELDS_H

#include "render/json.h"
#include "render/say.h"
#include "sockgate/render.h"
#include "sockgate/subject.h"
#include "sockgate/verify.h"
#include "sockgate/where.h"

/* [{"name": …, "bytes": …}] of the files from `first` to before `end`. */
json_t *sg_fields_files_json(struct sg_json *json, const struct sg_files *files, uint32_t first, uint32_t end);
/* How many items of a list stand in a line before the rest is only counted. */
size_t sg_fields_fold(const struct sg_style *style);

/* "tcp", "tcp+udp", "any protocol", "protocol 99". */
void sg_fields_protocols(struct sg_buf *buf, const struct sg_where *where);
/* "22, 80-90" or ICMP types by name; "any port" when all. */
void sg_fields_ports(struct sg_buf *buf, const struct sg_style *style, const struct sg_where *where);
/* "anywhere", "192.0.2.0/24, 2001:db8::/32, … and 12 more", "anywhere except …"; families: bit 1 << enum sg_family. */
void sg_fields_addresses(struct sg_buf *buf, const struct sg_style *style, const struct sg_address_set *set,
			 unsigned int families);
/* "from … to … on …": what the set says beside protocol and port. */
void sg_fields_ends(struct sg_buf *buf, const struct sg_style *style, const struct sg_where *where);
/* The whole: "tcp 22, 80 from 192.0.2.0/24 on eth1". */
void sg_fields_where(struct sg_buf *buf, const struct sg_style *style, const struct sg_where *where);
/* "tcp 9100 from 192.0.2.9 to 198.51.100.20 interface eth1", as explain --stdin reads it. */
void sg_fields_packet(struct sg_buf *buf, const struct sg_packet *packet);

/* "policy.yaml:24 allow.tcp[3]", "default drop", "inet sockgate, chain input, rule 3". */
void sg_fields_because(struct sg_buf *buf, const struct sg_subject *subject, const struct sg_files *files,
		       uint32_t origin);
/* The comment that stands beside it, or NULL. */
const char *sg_fields_comment(const struct sg_subject *subject, uint32_t origin);
/* "policy.yaml:12, policy.yaml:40, … and 3 more", "" for none. */
void sg_fields_lines(struct sg_buf *buf, const struct sg_style *style, const struct sg_subject *subject,
		     const struct sg_files *files, const uint32_t *origins, size_t count);

/* "ip filter, inet firewalld": tables that are not ours. */
void sg_fields_foreign(struct sg_buf *buf, const struct sg_style *style, const struct sg_foreign *foreign,
		       size_t count);
json_t *sg_fields_foreign_json(struct sg_json *json, const struct sg_foreign *foreign, size_t count);
enum sg_colour sg_fields_outcome_colour(enum sg_outcome outcome);

/* The same as JSON, in the shapes that the manual gives. */
json_t *sg_fields_where_json(struct sg_json *json, const struct sg_where *where);
json_t *sg_fields_packet_json(struct sg_json *json, const struct sg_packet *packet);
/* The question of explain: direction first, and null for what is left open. */
json_t *sg_fields_question_json(struct sg_json *json, const struct sg_packet *packet);
json_t *sg_fields_direction_json(struct sg_json *json, enum sg_direction direction); /* "in", "out", … */
/* Fewest prefixes, exact. */
json_t *sg_fields_prefixes_json(struct sg_json *json, const struct sg_address_set *set, unsigned int families);
json_t *sg_fields_because_json(struct sg_json *json, const struct sg_subject *subject, const struct sg_files *files,
			       uint32_t origin);
json_t *sg_fields_origins_json(struct sg_json *json, const struct sg_subject *subject, const struct sg_files *files,
			       const uint32_t *origins, size_t count);

/* The address of a packet's end, "" when it is not fixed; and the name of its interface. */
bool sg_fields_packet_address(const struct sg_packet *packet, enum sg_field v4, char text[SG_ADDR_TEXT_SIZE]);
bool sg_fields_packet_interface(const struct sg_packet *packet, char name[SG_INTERFACE_NAME_SIZE + 1]);

#endif
