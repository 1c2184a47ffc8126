// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * keys_foreign.c - keys of other firewalls: what they are called here, or why there is nothing like them and what to do
 * instead.
 */
#include <string.h>
#include "base/mem.h"
#include "policy/keys.h"

#define TOP  SG_KEY_TOP
#define LINE SG_KEY_LINE
#define ALL  (SG_KEY_TOP | SG_KEY_LINE | SG_KEY_SECTION | SG_KEY_OUTBOUND)

/* How other firewalls call a key. */
static const char *const renamed[][2] = {
	{"accept", "allow"},
	{"permit", "allow"},
	{"allowed", "allow"},
	{"deny", "block"},
	{"drop", "block"},
	{"reject", "block"},
	{"blocked", "block"},
	{"policy", "default"},
	{"default-policy", "default"},
	{"default_policy", "default"},
	{"defaults", "default"},
	{"sets", "groups"},
	{"ipsets", "groups"},
	{"ipset", "groups"},
	{"aliases", "groups"},
	{"zones", "interfaces"},
	{"ports", "port"},
	{"dport", "port"},
	{"dports", "port"},
	{"destination-port", "port"},
	{"source", "from"},
	{"sources", "from"},
	{"src", "from"},
	{"saddr", "from"},
	{"source-address", "from"},
	{"not-from", "except"},
	{"exclude", "except"},
	{"destination", "to"},
	{"dst", "to"},
	{"dest", "to"},
	{"daddr", "to"},
	{"iface", "interface"},
	{"dev", "interface"},
	{"device", "interface"},
	{"iif", "interface"},
	{"iifname", "interface"},
	{"in-interface", "interface"},
	{"zone", "interface"},
	{"ipversion", "family"},
	{"ip-version", "family"},
	{"types", "type"},
	{"icmp-type", "type"},
	{"icmpv4", "icmp"},
	{"description", "comment"},
	{"name", "comment"},
	{"group", "groups"},
	{"rate", "limit"},
	{"ratelimit", "limit"},
	{"rate-limit", "limit"},
	{"connlimit", "connections"},
	{"expires", "until"},
	{"prefix", "label"},
	{"log-prefix", "log"},
	{"logging", "log-blocked"},
	{"output", "outbound"},
	{"outgoing", "outbound"},
	{"egress", "outbound"},
	{"includes", "include"},
};

/* What there is nothing like, by the places where it is looked for: what the language says of it, what to do. */
static const struct unsupported {
	const char *word;
	unsigned int places;
	const char *says, *hint;
} unsupported[] = {
#define FORWARD                                                                                                        \
	"the ports of this host are judged, and packets that are only routed are left alone",                          \
		"rules for routed packets belong in a table of your own, which is never touched; ports that DNAT "     \
		"publishes obey 'allow' and 'block' (see 'published')"
#define NAT                                                                                                            \
	"no address is rewritten here", "keep it in a table of your own, which is never touched; what comes to "       \
					"ports that DNAT publishes is judged here (see 'published')"
#define HELPER                                                                                                         \
	"no connection tracking helper is set here",                                                                   \
		"set it in a table of your own ('ct helper set'); the connections that it expects pass by "            \
		"'baseline.established'"
#define USER                                                                                                           \
	"packets are not judged by the user of a process",                                                             \
		"'unit' binds a line to the systemd unit that holds the socket: 'unit: nginx.service'"
#define ACTION                                                                                                         \
	"where a line stands says what it does", "write it under 'allow' or 'block'; how a block refuses is "          \
						 "'answer: drop' or 'answer: reject'"
#define ORDER   "the order of lines means nothing", "'block' wins over 'allow', and 'except' takes sources out of a line"
#define INBOUND "it is what 'allow' and 'block' are about", "move 'allow' and 'block' to the top of the file"
#define LISTED  "addresses are named by lines", "as in 'block: {any: [{from: 203.0.113.0/24}]}', or 'allow' likewise"
#define SERVICE                                                                                                        \
	"a service is named by 'port'",                                                                                \
		"as in 'port: ssh'; the systemd unit that holds the socket is 'unit: ssh.service'"
#define FROM_PORT "ports of one line are a range", "as in 'port: 8000-8099'"
#define PROTOCOL  "the protocol is the key above a line", "as in 'tcp: [{port: 22, from: 192.0.2.0/24}]'"
	{"forward", ALL, FORWARD},
	{"forwarding", ALL, FORWARD},
	{"forwarded", ALL, FORWARD},
	{"route", ALL, FORWARD},
	{"routed", ALL, FORWARD},
	{"nat", ALL, NAT},
	{"snat", ALL, NAT},
	{"dnat", ALL, NAT},
	{"masquerade", ALL, NAT},
	{"redirect", ALL, NAT},
	{"port-forward", ALL, NAT},
	{"forward-port", ALL, NAT},
	{"forward-ports", ALL, NAT},
	{"prerouting", ALL, NAT},
	{"postrouting", ALL, NAT},
	{"helper", ALL, HELPER},
	{"helpers", ALL, HELPER},
	{"user", ALL, USER},
	{"users", ALL, USER},
	{"uid", ALL, USER},
	{"owner", ALL, USER},
	{"skuid", ALL, USER},
	{"gid", ALL, USER},
	{"process", ALL, USER},
	{"program", ALL, USER},
	{"action", LINE, ACTION},
	{"target", LINE, ACTION},
	{"jump", LINE, ACTION},
	{"verdict", LINE, ACTION},
	{"policy", LINE, ACTION},
	{"priority", ALL, ORDER},
	{"order", ALL, ORDER},
	{"position", ALL, ORDER},
	{"index", LINE, ORDER},
	{"input", TOP, INBOUND},
	{"inbound", TOP, INBOUND},
	{"incoming", TOP, INBOUND},
	{"ingress", TOP, INBOUND},
	{"rules", ALL, "lines stand under 'allow' and 'block', by protocol", "as in 'allow: {tcp: [22, 443]}'"},
	{"direction", LINE, "what leaves has a part of its own",
	 "put the line under 'outbound', in 'allow' or 'block'"},
	{"protocol", LINE, PROTOCOL},
	{"proto", LINE, PROTOCOL},
	{"trusted", TOP, LISTED},
	{"whitelist", TOP, LISTED},
	{"allowlist", TOP, LISTED},
	{"blacklist", TOP, LISTED},
	{"blocklist", TOP, LISTED},
	{"denylist", TOP, LISTED},
	{"service", LINE, SERVICE},
	{"services", LINE, SERVICE},
	{"app", LINE, SERVICE},
	{"application", LINE, SERVICE},
	{"from-port", LINE, FROM_PORT},
	{"from_port", LINE, FROM_PORT},
	{"to-port", LINE, FROM_PORT},
	{"to_port", LINE, FROM_PORT},
	{"sport", LINE, "the port that a packet comes from is not judged", "who sends it chooses that: take it away"},
	{"source-port", LINE, "the port that a packet comes from is not judged",
	 "who sends it chooses that: take it away"},
	{"state", LINE, "lines are about new connections", "replies pass by 'baseline.established': take it away"},
	{"ctstate", LINE, "lines are about new connections", "replies pass by 'baseline.established': take it away"},
	{"mac", LINE, "hardware addresses are not judged", "say which addresses in 'from', or which 'interface'"},
	{"mark", LINE, "marks are not judged", "say which addresses in 'from', or which 'interface'"},
	{"country", LINE, "countries are not known here",
	 "put the country's prefixes into a list: 'groups: {there: {file: lists/there.txt}}'"},
	{"geoip", LINE, "countries are not known here",
	 "put the country's prefixes into a list: 'groups: {there: {file: lists/there.txt}}'"},
	{"schedule", LINE, "a line holds always, or up to an instant", "as in 'until: 2099-12-31T18:00Z'"},
	{"time", LINE, "a line holds always, or up to an instant", "as in 'until: 2099-12-31T18:00Z'"},
	{"enabled", LINE, "a line that is there holds", "take the line away, or make it a comment"},
	{"disabled", LINE, "a line that is there holds", "take the line away, or make it a comment"},
};

const char *sg_keys_renamed(const char *word, enum sg_key_place place)
{
	enum key_id id;

	for (size_t i = 0; i < SG_COUNT(renamed); i++)
		if (!strcmp(word, renamed[i][0]) && sg_keys_find(renamed[i][1], place, &id))
			return renamed[i][1];
	return NULL;
}

bool sg_keys_refuse_unsupported(struct reader *reader, uint32_t key, enum sg_key_place place)
{
	const char *text = doc_text(&reader->doc, key);
	struct report_quote quote;

	for (size_t i = 0; i < SG_COUNT(unsupported); i++) {
		if (!(unsupported[i].places & place) || strcmp(text, unsupported[i].word) != 0)
			continue;
		reader_error(reader, key, "policy/unsupported-key", "'%s' is not part of the policy language: %s",
			     sg_reader_quote(reader, key, &quote), unsupported[i].says);
		reader_hint(reader, "%s", unsupported[i].hint);
		return true;
	}
	return false;
}
