/* SPDX-License-Identifier: GPL-2.0-or-later */
/* process.c - what a process's environment and name tell. */
#include "sockgate/process.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/num.h"
#include "sockgate/proto.h"

struct word {
	const char *text;
	size_t size;
};

void sg_process_clear(struct sg_process *process)
{
	free(process->sockets);
	*process = (struct sg_process){0};
}

/* Takes the zone off a link-local address. False: it is no name of an interface. */
static bool process_zone(struct word *word, char ret[16])
{
	const char *zone = memchr(word->text, '%', word->size);
	size_t size;

	if (!zone)
		return true;
	size = word->size - (size_t)(zone + 1 - word->text);
	word->size = (size_t)(zone - word->text);
	if (!size || size > 15)
		return false;
	memset(ret, 0, 16);
	memcpy(ret, zone + 1, size);
	return true;
}

bool sg_ssh_connection_parse(const char *text, struct sg_connection *ret)
{
	struct sg_connection connection = {.protocol = SG_PROTO_TCP};
	struct word words[4];
	struct sg_addr remote, local;
	uint64_t port, remote_port;

	for (size_t i = 0; i < SG_COUNT(words); i++) {
		words[i].text = text + strspn(text, " ");
		words[i].size = strcspn(words[i].text, " ");
		text = words[i].text + words[i].size;
	}
	for (size_t i = 0; i < SG_COUNT(words); i += 2)
		if (!process_zone(&words[i], connection.interface_name))
			return false;
	if (!sg_addr_parse(words[0].text, words[0].size, &remote) ||
	    !sg_addr_parse(words[2].text, words[2].size, &local) || remote.family != local.family ||
	    !sg_num_parse(words[1].text, words[1].size, 65535, &remote_port) ||
	    !sg_num_parse(words[3].text, words[3].size, 65535, &port))
		return false;
	connection.family = remote.family;
	connection.local = local.bits;
	connection.remote = remote.bits;
	connection.port = (uint16_t)port;
	connection.remote_port = (uint16_t)remote_port;
	if (connection.family == SG_IPV6 && connection.local >> 32 == 0xffff && connection.remote >> 32 == 0xffff) {
		connection.family = SG_IPV4;
		connection.local &= UINT32_MAX;
		connection.remote &= UINT32_MAX;
	}
	*ret = connection;
	return true;
}

void sg_process_set_session(struct sg_process *process, const char *text)
{
	process->has_session = *text && sg_ssh_connection_parse(text, &process->session);
	process->session_unknown = *text && !process->has_session;
}

static bool process_begins(const char *name, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strncmp(name, words[i], strlen(words[i])))
			return true;
	return false;
}

bool sg_process_is_login(const char *name)
{
	static const char *const words[] = {"sshd",       "dropbear", "tinyssh",    "etserver", "telnetd",
					    "in.telnetd", "rlogind",  "in.rlogind", "teleport"};

	return process_begins(name, words, SG_COUNT(words));
}

bool sg_process_is_roaming(const char *name)
{
	static const char *const words[] = {"mosh-server"};

	return process_begins(name, words, SG_COUNT(words));
}

bool sg_process_is_multiplexer(const char *name)
{
	static const char *const words[] = {"tmux", "screen", "SCREEN", "zellij", "dtach", "abduco", "shpool"};

	return process_begins(name, words, SG_COUNT(words));
}
