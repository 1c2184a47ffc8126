/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SSH connection that we are run from.
 *
 * sshd tells it to the session in SSH_CONNECTION: "client-address client-port server-address server-port" (ssh(1)).
 * sudo takes the variable away, so the environments of the processes above us are looked into too, as far as we may.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/num.h"
#include "cli/host.h"
#include "sockgate/proto.h"

#define VARIABLE         "SSH_CONNECTION="
#define ANCESTORS_MOST   64
#define ENVIRONMENT_MOST (2 << 20)

struct word {
	const char *text;
	size_t size;
};

static bool parse(const char *text, struct sg_connection *ret)
{
	struct word words[4];
	struct sg_addr remote, local;
	uint64_t port, remote_port;

	for (size_t i = 0; i < SG_COUNT(words); i++) {
		words[i].text = text + strspn(text, " ");
		words[i].size = strcspn(words[i].text, " ");
		text = words[i].text + words[i].size;
	}
	/* a link-local address has its zone behind it */
	for (size_t i = 0; i < SG_COUNT(words); i += 2) {
		const char *zone = memchr(words[i].text, '%', words[i].size);

		if (zone)
			words[i].size = (size_t)(zone - words[i].text);
	}
	if (!sg_addr_parse(words[0].text, words[0].size, &remote) ||
	    !sg_addr_parse(words[2].text, words[2].size, &local) || remote.family != local.family ||
	    !sg_num_parse(words[1].text, words[1].size, 65535, &remote_port) ||
	    !sg_num_parse(words[3].text, words[3].size, 65535, &port))
		return false;
	*ret = (struct sg_connection){
		.protocol = SG_PROTO_TCP,
		.family = remote.family,
		.local = local.bits,
		.remote = remote.bits,
		.port = (uint16_t)port,
		.remote_port = (uint16_t)remote_port,
	};
	return true;
}

/* A small file of /proc, NUL-terminated; NULL when it cannot be read. */
static char *read_proc(pid_t pid, const char *name, size_t most, size_t *ret_size)
{
	char path[64];
	char *data = NULL;
	size_t size = 0, room = 0;
	ssize_t got = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	while (got > 0 && size < most) {
		if (sg_grow(&data, &room, size, 4096, 1) < 0)
			break;
		got = read(fd, data + size, 4095);
		if (got > 0)
			size += (size_t)got;
	}
	close(fd);
	if (!data)
		return NULL;
	data[size] = '\0';
	*ret_size = size;
	return data;
}

static bool parse_environment(pid_t pid, struct sg_connection *ret)
{
	size_t size = 0;
	sg_autofree char *data = read_proc(pid, "environ", ENVIRONMENT_MOST, &size);

	for (size_t i = 0; data && i < size; i += strlen(data + i) + 1)
		if (!strncmp(data + i, VARIABLE, sizeof(VARIABLE) - 1))
			return parse(data + i + sizeof(VARIABLE) - 1, ret);
	return false;
}

/* /proc/PID/stat: "PID (name) state parent …" (proc(5)); the name may hold anything, brackets too. 0: not known. */
static pid_t parent_of(pid_t pid)
{
	size_t size = 0;
	sg_autofree char *data = read_proc(pid, "stat", 4096, &size);
	const char *at = data ? strrchr(data, ')') : NULL;
	uint64_t parent;

	if (!at || strlen(at) < 4 || at[1] != ' ' || at[3] != ' ')
		return 0;
	at += 4;
	return sg_num_parse(at, strcspn(at, " "), INT_MAX, &parent) ? (pid_t)parent : 0;
}

static bool find(struct sg_connection *ret)
{
	const char *own = getenv("SSH_CONNECTION");
	pid_t pid = getppid();

	if (own && *own)
		return parse(own, ret);
	for (int i = 0; i < ANCESTORS_MOST && pid > 1; i++, pid = parent_of(pid))
		if (parse_environment(pid, ret))
			return true;
	return false;
}

bool ssh_connection(struct sg_connection *ret, const struct sg_local_addresses *local)
{
	struct sg_connection connection;
	const char *interface;

	if (!find(&connection))
		return false;
	/* v4-mapped addresses are how a dual-stack socket speaks of IPv4 */
	if (connection.family == SG_IPV6 && connection.local >> 32 == 0xffff && connection.remote >> 32 == 0xffff) {
		connection.family = SG_IPV4;
		connection.local &= UINT32_MAX;
		connection.remote &= UINT32_MAX;
	}
	/* of another network namespace, or a session whose address is gone: our rules do not judge it */
	if (!sg_local_addresses_find(local, connection.family, connection.local, &interface))
		return false;
	if (interface)
		memcpy(connection.interface_name, interface, sizeof(connection.interface_name));
	*ret = connection;
	return true;
}
