/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services of the policy's own: numbers and ranges under the protocols that have ports. */
#include <string.h>
#include "base/mem.h"
#include "policy/keys.h"
#include "policy/ports.h"
#include "policy/sets.h"
#include "policy/word.h"
#include "sockgate/proto.h"

size_t sg_services_protocols(const char *key, uint8_t protocols[2])
{
	if (!strcmp(key, sg_keys_name(KEY_TCP_UDP))) {
		protocols[0] = SG_PROTO_TCP;
		protocols[1] = SG_PROTO_UDP;
		return 2;
	}
	return sg_proto_parse(key, strlen(key), &protocols[0]) ? 1 : 0;
}

static bool service_ports(struct reader *reader, enum key_id id, uint32_t value, struct model_service_ports *ret)
{
	sg_cleanup(sg_ranges_clear) struct sg_ranges ports = {0};

	if (!sg_keys_only_words(reader, value, id) || !sg_ports_numbers(reader, value, &ports))
		return false;
	ret->key = sg_keys_name(id);
	ret->protocol_count = sg_services_protocols(ret->key, ret->protocols);
	if (!sg_reader_spend(reader, value, ports.count) || !sg_reader_words(reader, value, &ret->words))
		return false;
	if (!sg_arena_keep(&reader->policy->arena, &ports))
		return sg_reader_nomem(reader);
	ret->ports = ports;
	ports = (struct sg_ranges){0};
	return true;
}

/* {tcp: [9100, 9256], udp: …}. False: no memory. */
static bool service_read(struct reader *reader, uint32_t key, uint32_t value, struct model_service *service)
{
	const struct doc_node *node = doc_node(&reader->doc, value);
	struct keys_values values;
	struct report_quote quote;

	if (node->bad)
		return true;
	if (node->kind != DOC_MAPPING || !node->first) {
		reader_error(reader, sg_word_is_null(&reader->doc, value) ? key : value, "policy/wrong-type",
			     "service '%s' takes a mapping of protocols", sg_reader_quote(reader, key, &quote));
		reader_hint(reader, "as in '%s: {tcp: [9100, 9256]}'", quote.text);
		return true;
	}
	sg_keys_read(reader, value, SG_KEY_SERVICE, &values, NULL, NULL);
	service->ports = sg_arena_alloc(&reader->policy->arena, KEYS_PORTS, sizeof(*service->ports));
	if (!service->ports)
		return sg_reader_nomem(reader);
	for (unsigned int id = KEY_TCP; id <= KEY_UDPLITE; id++)
		if (values.value[id] &&
		    service_ports(reader, (enum key_id)id, values.value[id], &service->ports[service->count]))
			service->count++;
	return !reader->failed;
}

bool sg_services_read(struct reader *reader, uint32_t mapping)
{
	struct sg_policy *policy = reader->policy;
	const struct doc *doc = &reader->doc;

	for (uint32_t key = doc_node(doc, mapping)->first, value; key; key = doc_next(doc, value)) {
		struct model_service *service;

		value = doc_next(doc, key);
		if (sg_grow(&policy->services, &policy->service_room, policy->service_count, 1,
			    sizeof(*policy->services)))
			return sg_reader_nomem(reader);
		service = &policy->services[policy->service_count];
		*service = (struct model_service){.span = doc_span(doc, key)};
		if (doc_node(doc, key)->bad || !sg_word_name(reader, key, "service", &service->name)) {
			if (reader->failed)
				return false;
			continue;
		}
		if (!sg_names_add(&reader->services, service->name, policy->service_count))
			return sg_reader_nomem(reader);
		policy->service_count++;
		if (!service_read(reader, key, value, service))
			return false;
	}
	sg_names_sort(&reader->services);
	return true;
}

bool sg_services_ports(struct reader *reader, size_t service, uint8_t protocol, struct sg_ranges *ret)
{
	const struct model_service *from = &reader->policy->services[service];

	for (size_t i = 0; i < from->count; i++) {
		const struct model_service_ports *ports = &from->ports[i];

		if (!memchr(ports->protocols, protocol, ports->protocol_count))
			continue;
		for (size_t j = 0; j < ports->ports.count; j++)
			if (sg_ranges_add(ret, &ports->ports.items[j], NULL))
				return sg_reader_nomem(reader);
	}
	return true;
}
