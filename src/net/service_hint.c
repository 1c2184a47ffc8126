// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * service_hint.c - what to say of a word that is no built-in service name.
 *
 * A name that is near in spelling helps only when the word is a mistyped one. 'rtelnet' is one letter from 'telnet',
 * and it is a service with a port of its own: a hint would lead to the wrong port. So a word that IANA's registry, or
 * the list below, knows as something else never gets a near name. It gets its port, or the reason why it has none.
 *
 * Example: 'htpps' gets 'https'; 'rtelnet' gets "107/tcp and 107/udp"; 'sftp' gets 'ssh', not 'ftp'; 'xmpp' gets
 * 'xmpp-client' and 'xmpp-server'; 'nts' gets nothing, since it is one letter from 'ntp' and from 'nfs'.
 */
#include <ctype.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "sockgate/buf.h"
#include "sockgate/proto.h"

#define HINT_SHORT       3 /* so many letters are near to too much for the usual rule */
#define HINT_ONE_EDIT    7 /* up to so many letters one edit, beyond two */
#define HINT_FAMILY_MOST 4 /* names told of those that begin with the word */
#define HINT_FAMILY_WORD 3 /* letters of a word that is told them */

/* ---- Words that are no names here ---- */

enum { ROW_TCP = 1, ROW_UDP = 2, ROW_SCTP = 4, ROW_DCCP = 8 };

static const struct registered {
	char name[16]; /* RFC 6335: at most 15 letters */
	uint16_t port; /* 0: the name has none */
	uint8_t protocols;
} registered[] = {
#define ROW(name, port, protocols) {name, port, protocols},
#include "net/registered.def"
#undef ROW
};

/* Words that people type, and that stand for something else than their spelling suggests. NULL: nothing to add. */
static const struct {
	const char *word, *hint;
} words[] = {
	{"sftp", "SFTP runs over SSH: write 'ssh'"},
	{"scp", "SCP runs over SSH: write 'ssh'"},
	{"sntp", "SNTP uses the port of NTP: write 'ntp'"},
	{"sstp", "SSTP runs over HTTPS: write 'https'"},
	{"web", "write 'http' and 'https'"},
	{"mail", "write the ports that are meant: 'smtp', 'submission', 'imaps' …"},
	{"ping", "ping is ICMP and has no port: write 'icmp: [echo-request]'"},
	{"any", "every port is 1-65535; every protocol and port is 'any', as in 'any: [{from: 192.0.2.0/24}]'"},
	{"all", "every port is 1-65535; every protocol and port is 'any', as in 'any: [{from: 192.0.2.0/24}]'"},
	{"nmbd", "write 'netbios-ns' and 'netbios-dgm', under 'udp'"},
	{"lldp", "LLDP frames are no IP packets, and no rule here sees them"},
	{"arp", "ARP is no IP packet, and no rule here sees it"},
	{"nat", "addresses are not translated here: a table of your own does that"},
	{"ssl", "write the service that uses TLS: 'https', 'imaps', 'ldaps' …"},
	{"tls", "write the service that uses TLS: 'https', 'imaps', 'ldaps' …"},
	{"ips", NULL},
	{"rtp", NULL},
	{"rtcp", NULL},
	{"srtp", NULL},
	{"rtps", NULL},
	{"lmtp", NULL},
	{"rspamd", NULL},
	{"quake3", NULL},
};

static bool hint_same(const char *a, const char *b)
{
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
		a++, b++;
	return !*a && !*b;
}

static void hint_ports(const char *word, const struct registered *row, struct sg_buf *ret)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} protocols[] = {{ROW_TCP, "tcp"}, {ROW_UDP, "udp"}, {ROW_SCTP, "sctp"}, {ROW_DCCP, "dccp"}};
	const char *between = "";

	sg_buf_adds(ret, "it is registered as ");
	for (; row < registered + SG_COUNT(registered) && hint_same(row->name, word); row++) {
		for (size_t i = 0; i < SG_COUNT(protocols); i++) {
			if (!(row->protocols & protocols[i].bit))
				continue;
			sg_buf_addf(ret, "%s%u/%s", between, (unsigned int)row->port, protocols[i].name);
			between = ", ";
		}
	}
	sg_buf_adds(ret, ", and not built in: write the number");
}

/* The first row of the word; NULL: it is not registered. */
static const struct registered *hint_registered(const char *word)
{
	for (size_t i = 0; i < SG_COUNT(registered); i++) {
		if (hint_same(registered[i].name, word))
			return &registered[i];
	}
	return NULL;
}

static bool hint_is_word(const char *word)
{
	for (size_t i = 0; i < SG_COUNT(words); i++) {
		if (hint_same(words[i].word, word))
			return true;
	}
	return false;
}

bool sg_service_is_other(const char *word)
{
	uint8_t protocol;

	return hint_is_word(word) || hint_registered(word) || sg_proto_parse(word, strlen(word), &protocol);
}

/* What the lists say. False: they do not have the word. */
static bool hint_listed(const char *word, struct sg_buf *ret)
{
	const struct registered *row;
	uint8_t protocol;

	for (size_t i = 0; i < SG_COUNT(words); i++) {
		if (!hint_same(words[i].word, word))
			continue;
		if (words[i].hint)
			sg_buf_adds(ret, words[i].hint);
		return true;
	}
	if (sg_proto_parse(word, strlen(word), &protocol)) {
		sg_buf_addf(ret, "it is a protocol, not a port: write '%s:' beside 'tcp:'",
			    protocol == SG_PROTO_ICMPV6 ? "icmp" : word);
		return true;
	}
	row = hint_registered(word);
	if (row && row->port)
		hint_ports(word, row, ret);
	else if (row)
		sg_buf_adds(ret, "it is a registered name without a port of its own: write the port's number");
	return row != NULL;
}

/* ---- Names that may be meant ---- */

/* The row that has its name in the table for the first time. */
static bool hint_is_first(size_t row, const char *name)
{
	for (size_t i = 0; i < row; i++) {
		if (!strcmp(sg_service_at(i)->name, name))
			return false;
	}
	return true;
}

/* 'xmpp' for 'xmpp-client' and 'xmpp-server'. False: there are not two of them at least. */
static bool hint_family(const char *word, struct sg_buf *ret)
{
	const char *names[HINT_FAMILY_MOST + 1];
	const struct sg_service *service;
	size_t size = strlen(word), count = 0;

	for (size_t i = 0; size >= HINT_FAMILY_WORD && (service = sg_service_at(i)); i++) {
		if (strncmp(service->name, word, size) != 0 || service->name[size] != '-' ||
		    !hint_is_first(i, service->name))
			continue;
		names[count++] = service->name;
		if (count == SG_COUNT(names))
			break;
	}
	if (count < 2)
		return false;
	sg_buf_adds(ret, "did you mean ");
	for (size_t i = 0; i < count && i < HINT_FAMILY_MOST; i++)
		sg_buf_addf(ret, "%s'%s'",
			    !i                                            ? ""
			    : i + 1 == count || i + 1 == HINT_FAMILY_MOST ? " or "
									  : ", ",
			    names[i]);
	sg_buf_adds(ret, "?");
	return true;
}

/* Whether the words are the same, case aside, but for two neighbours that changed places. */
static bool hint_is_swap(const char *a, const char *b)
{
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
		a++, b++;
	return *a && a[1] && *b && tolower((unsigned char)a[0]) == tolower((unsigned char)b[1]) &&
	       tolower((unsigned char)a[1]) == tolower((unsigned char)b[0]) && hint_same(a + 2, b + 2);
}

/* Whether one letter differs, and it is not the first. */
static bool hint_is_slip(const char *a, const char *b)
{
	size_t differ = 0;

	if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
		return false;
	for (; *a && *b; a++, b++)
		differ += tolower((unsigned char)*a) != tolower((unsigned char)*b);
	return !*a && !*b && differ == 1;
}

/* Of a short word: two letters that changed places, or a wrong letter where only one name can be meant. */
static const char *hint_nearest_short(const char *word)
{
	const char *name, *near = NULL;

	for (size_t i = 0; (name = sg_service_next_name(i, NULL)); i++) {
		if (hint_is_swap(word, name))
			return name;
	}
	for (size_t i = 0; strlen(word) == HINT_SHORT && (name = sg_service_next_name(i, NULL)); i++) {
		if (!hint_is_slip(word, name) || (near && !strcmp(near, name)))
			continue;
		if (near)
			return NULL;
		near = name;
	}
	return near;
}

static const char *hint_nearest(const char *word)
{
	size_t size = strlen(word);

	if (size <= HINT_SHORT)
		return hint_nearest_short(word);
	return sg_text_nearest_within(word, size <= HINT_ONE_EDIT ? 1 : 2, sg_service_next_name, NULL);
}

/* The built-in name that the word is in another case. */
static const char *hint_lower(const char *word)
{
	const char *name;

	for (size_t i = 0; (name = sg_service_next_name(i, NULL)); i++) {
		if (hint_same(word, name))
			return name;
	}
	return NULL;
}

bool sg_service_hint(const char *word, struct sg_buf *ret)
{
	const char *near = hint_lower(word);
	size_t before = ret->size;

	if (!near && hint_listed(word, ret))
		return ret->size > before;
	if (!near && hint_family(word, ret))
		return true;
	if (!near)
		near = hint_nearest(word);
	if (near)
		sg_buf_addf(ret, "did you mean '%s'?", near);
	return near != NULL;
}
