/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose session it is, by process trees and connections that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/caller.h"
#include "sockgate/proto.h"

#define HOST  0xc6336414U /* 198.51.100.20 */
#define HERE  0xc0000207U /* 192.0.2.7 */
#define THERE 0xc0000208U /* 192.0.2.8 */
#define HIDDEN UINT32_MAX /* in place of an inode: the sockets of the process cannot be seen */

struct row {
	pid_t pid, parent;
	const char *name, *session; /* SSH_CONNECTION */
	uint32_t socket, socket2;
	bool terminal;
};

struct world {
	const struct row *rows;
	size_t row_count;
	struct sg_connection connections[8];
	struct sg_connections list;
	struct sg_listener listeners[4];
	struct sg_listeners listening;
	struct sg_caller caller;
};

static int process_of(pid_t pid, struct sg_process *ret, void *data, struct sg_error *err)
{
	const struct world *world = data;
	struct sg_process process = {0};

	(void)err;
	for (size_t i = 0; i < world->row_count; i++) {
		const struct row *row = &world->rows[i];

		if (row->pid != pid)
			continue;
		process.pid = pid;
		process.parent = row->parent;
		process.terminal = row->terminal;
		snprintf(process.name, sizeof(process.name), "%s", row->name);
		if (row->session)
			sg_process_set_session(&process, row->session);
		process.sockets = calloc(2, sizeof(*process.sockets));
		assert_non_null(process.sockets);
		process.sockets_known = row->socket != HIDDEN;
		if (row->socket && row->socket != HIDDEN)
			process.sockets[process.socket_count++] = row->socket;
		if (row->socket2)
			process.sockets[process.socket_count++] = row->socket2;
	}
	*ret = process;
	return 0;
}

static int holder_of(const struct sg_connection *connection, pid_t *ret, void *data, struct sg_error *err)
{
	const struct world *world = data;

	(void)err;
	*ret = 0;
	for (size_t i = 0; i < world->row_count; i++)
		if (world->rows[i].socket == connection->inode || world->rows[i].socket2 == connection->inode)
			*ret = world->rows[i].pid;
	return 0;
}

static bool local_of(enum sg_family family, sg_u128 address, void *data)
{
	(void)data;
	return family == SG_IPV4 && (address == HOST || address >> 24 == 127);
}

static int inside_of(const struct sg_connection *connection, bool *ret, void *data, struct sg_error *err)
{
	(void)err;
	*ret = local_of(connection->family, connection->remote, data);
	return 0;
}

/* The container's 10.9.0.2:22 is our port 2222, to connections that it sees come from THERE. */
static int published_of(const struct sg_connection *inside, struct sg_connection *ret, bool *ret_found, void *data,
			struct sg_error *err)
{
	(void)data, (void)err;
	*ret_found = inside->local == 0x0a090002 && inside->remote == THERE;
	*ret = *inside;
	ret->local = HOST;
	ret->port = 2222;
	ret->published = true;
	return 0;
}

/* Two live sessions (inodes 11 from HERE and 12 from THERE), an inner one (21 its server's end, 22 its client's), a
 * connection that is forwarded (13), sshd listening, and mosh-server's socket (31). */
static void make(struct world *world, const struct row *rows, size_t count)
{
	static const struct sg_connection connections[] = {
		{.local = HOST, .port = 22, .remote = HERE, .remote_port = 5001, .inode = 11},
		{.local = HOST, .port = 22, .remote = THERE, .remote_port = 5002, .inode = 12},
		{.local = 0x7f000001, .port = 22, .remote = 0x7f000001, .remote_port = 5003, .inode = 21},
		{.local = 0x7f000001, .port = 5003, .remote = 0x7f000001, .remote_port = 22, .inode = 22},
		{.local = HOST, .port = 40000, .remote = 0xcb007109, .remote_port = 5432, .inode = 13},
		{.local = HOST, .port = 80, .remote = 0xcb007109, .remote_port = 5004, .inode = 14},
	};

	*world = (struct world){.rows = rows, .row_count = count};
	for (size_t i = 0; i < SG_COUNT(connections); i++) {
		world->connections[i] = connections[i];
		world->connections[i].protocol = SG_PROTO_TCP;
	}
	world->list = (struct sg_connections){.items = world->connections, .count = SG_COUNT(connections)};
	world->listeners[0] = (struct sg_listener){.protocol = SG_PROTO_TCP, .port = 22, .inode = 1};
	world->listeners[1] = (struct sg_listener){.protocol = SG_PROTO_TCP, .port = 80, .inode = 2};
	world->listeners[2] =
		(struct sg_listener){.protocol = SG_PROTO_UDP, .port = 60001, .address = HOST, .inode = 31};
	snprintf(world->listeners[2].owner.process, sizeof(world->listeners[2].owner.process), "mosh-server");
	world->listening = (struct sg_listeners){.items = world->listeners, .count = 3};
}

/* As text: "ssh 192.0.2.7:5001 …", with '?' at the end where it is uncertain. */
static const char *found(struct world *world)
{
	static const char *const kinds[] = {"ssh", "tcp", "mosh"};
	static char text[512];
	const struct sg_caller_source source = {process_of, holder_of, local_of, inside_of, published_of, world};
	const struct sg_caller_input input = {100, &world->list, &world->listening, &source};
	struct sg_caller caller = {0};
	size_t at = 0;

	assert_int_equal(sg_caller_find(&input, &caller, NULL), 0);
	if (caller.uncertain)
		assert_int_equal(sg_caller_widen(&input, &caller, NULL), 0);
	text[0] = '\0';
	for (size_t i = 0; i < caller.count; i++) {
		char remote[SG_ADDR_TEXT_SIZE];

		sg_addr_format(caller.items[i].connection.family, caller.items[i].connection.remote, remote);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s %s:%u", i ? ", " : "",
				       caller.items[i].live ? "" : "ended ", kinds[caller.items[i].kind],
				       caller.items[i].remote_known ? remote : "-",
				       caller.items[i].connection.remote_port);
	}
	snprintf(text + at, sizeof(text) - at, "%s", caller.uncertain ? "?" : "");
	sg_caller_clear(&caller);
	return text;
}

#define FOUND(wanted, ...)                                                                                             \
	do {                                                                                                           \
		static const struct row rows[] = {__VA_ARGS__};                                                        \
		struct world world;                                                                                    \
		make(&world, rows, SG_COUNT(rows));                                                                    \
		assert_string_equal(found(&world), wanted);                                                            \
	} while (0)

#define HERE_LIVE  "192.0.2.7 5001 198.51.100.20 22"
#define THERE_LIVE "192.0.2.8 5002 198.51.100.20 22"
#define ENDED      "192.0.2.9 5009 198.51.100.20 22"
#define INNER      "127.0.0.1 5003 127.0.0.1 22"
#define ALL        "ssh 192.0.2.7:5001, ssh 192.0.2.8:5002, mosh -:0?"

static void the_tree_tells(void **state)
{
	(void)state;
	FOUND("ssh 192.0.2.7:5001", {100, 90, "sockgate", HERE_LIVE, 0, 0, false},
	      {90, 80, "bash", HERE_LIVE, 0, 0, false}, {80, 1, "sshd", NULL, 11, 0, false});
	/* sudo took the variable away, or an older session left another one */
	FOUND("ssh 192.0.2.7:5001", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 80, "sudo", NULL, 0, 0, false},
	      {80, 1, "sshd", NULL, 11, 0, false});
	FOUND("ssh 192.0.2.7:5001", {100, 90, "sockgate", ENDED, 0, 0, false},
	      {90, 1, "sshd-session", NULL, 11, 0, false});
	/* what the session forwards is no session */
	FOUND("ssh 192.0.2.7:5001", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "sshd", NULL, 13, 11, false});
	/* the server of a web terminal; but what a process made itself is no session of whom it runs */
	FOUND("tcp 203.0.113.9:5004", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "ttyd", NULL, 14, 0, false});
	FOUND("", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "agent", NULL, 13, 0, false});
	FOUND("", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "cron", NULL, 0, 0, false});
}

static void variables_only_claim(void **state)
{
	(void)state;
	/* of an ended session, as tmux keeps it: any live one may be the caller's */
	FOUND(ALL, {100, 90, "sockgate", ENDED, 0, 0, false}, {90, 1, "tmux: server", ENDED, 0, 0, false});
	/* of a live one from which tmux was started: others may have attached */
	FOUND("ssh 192.0.2.8:5002, ssh 192.0.2.7:5001, mosh -:0?", {100, 90, "sockgate", THERE_LIVE, 0, 0, false},
	      {90, 1, "tmux: server", THERE_LIVE, 0, 0, false});
	/* taken away, and still in the environment of one above */
	FOUND(ALL, {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "sh", ENDED, 0, 0, false});
	FOUND(ALL, {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "screen", NULL, 0, 0, false});
	FOUND(ALL, {100, 1, "sockgate", "UNKNOWN 65535 UNKNOWN 65535", 0, 0, false});
	/* a server above us whose sockets cannot be seen may hold any */
	FOUND(ALL, {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "sshd", NULL, HIDDEN, 0, false});
	FOUND(ALL, {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "mosh-server", NULL, HIDDEN, 0, true});
	FOUND("", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "cron", NULL, HIDDEN, 0, false});
	/* of a container, by a port of ours that is published, or by a proxy that has the other end */
	FOUND("ssh 192.0.2.8:5009", {100, 1, "sockgate", "192.0.2.8 5009 10.9.0.2 22", 0, 0, false});
	FOUND("ssh 192.0.2.7:5001", {100, 1, "sockgate", "198.51.100.20 40000 203.0.113.9 5432", 0, 0, false},
	      {60, 1, "docker-proxy", NULL, 13, 11, false});
	/* of another network namespace */
	FOUND("", {100, 1, "sockgate", "192.0.2.9 5009 203.0.113.77 22", 0, 0, false});
}

static void without_live_ones_the_variable_is_all(void **state)
{
	static const struct row rows[] = {{100, 1, "sockgate", ENDED, 0, 0, false}};
	struct world world;

	(void)state;
	make(&world, rows, SG_COUNT(rows));
	world.list.count = 0;
	world.listening.count = 1;
	assert_string_equal(found(&world), "ended ssh 192.0.2.9:5009?");
}

static void inner_sessions_are_followed(void **state)
{
	(void)state;
	FOUND("ssh 127.0.0.1:5003, ssh 192.0.2.7:5001", {100, 90, "sockgate", INNER, 0, 0, false},
	      {90, 1, "sshd", NULL, 21, 0, false}, {70, 60, "ssh", HERE_LIVE, 22, 0, false},
	      {60, 1, "sshd", NULL, 11, 0, false});
	/* forwarded by the outer session's own sshd */
	FOUND("ssh 127.0.0.1:5003, ssh 192.0.2.8:5002", {100, 90, "sockgate", INNER, 0, 0, false},
	      {90, 1, "sshd", NULL, 21, 0, false}, {60, 1, "sshd", NULL, 12, 22, false});
	/* nobody to be seen at its other end, or nothing above who is there */
	FOUND("ssh 127.0.0.1:5003, ssh 192.0.2.7:5001, ssh 192.0.2.8:5002, mosh -:0?",
	      {100, 90, "sockgate", INNER, 0, 0, false}, {90, 1, "sshd", NULL, 21, 0, false});
	FOUND("ssh 127.0.0.1:5003, ssh 192.0.2.7:5001, ssh 192.0.2.8:5002, mosh -:0?",
	      {100, 90, "sockgate", INNER, 0, 0, false}, {90, 1, "sshd", NULL, 21, 0, false},
	      {70, 1, "ssh", NULL, 22, 0, false});
	/* an inner session that ended */
	FOUND(ALL, {100, 1, "sockgate", "127.0.0.1 5555 127.0.0.1 22", 0, 0, false});
}

static void mosh_is_a_session(void **state)
{
	(void)state;
	FOUND("mosh 192.0.2.9:0", {100, 90, "sockgate", ENDED, 0, 0, false}, {90, 80, "bash", ENDED, 0, 0, false},
	      {80, 1, "mosh-server", ENDED, 31, 0, true});
	FOUND("mosh -:0", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "terminals", NULL, 31, 0, true});
	FOUND("", {100, 90, "sockgate", NULL, 0, 0, false}, {90, 1, "resolver", NULL, 31, 0, false});
}

static void strange_trees_end(void **state)
{
	(void)state;
	FOUND("", {100, 100, "sockgate", NULL, 0, 0, false});
	FOUND("", {100, 99, "sockgate", NULL, 0, 0, false}, {99, 100, "sh", NULL, 0, 0, false});
	FOUND("", {100, 50, "sockgate", NULL, 0, 0, false});
	FOUND("", {1, 0, "init", NULL, 0, 0, false});
}

static void variables_are_read(void **state)
{
	static const char *const bad[] = {"",
					  "192.0.2.1",
					  "192.0.2.1 1 192.0.2.2",
					  "192.0.2.1 1 ::1 22",
					  "192.0.2.1 65536 192.0.2.2 22",
					  "192.0.2.1 -1 192.0.2.2 22",
					  "fe80::1%aninterfacenametoolong 1 fe80::2%v0 22",
					  "fe80::1% 1 fe80::2% 22"};
	struct sg_connection connection;

	(void)state;
	for (size_t i = 0; i < SG_COUNT(bad); i++)
		assert_false(sg_ssh_connection_parse(bad[i], &connection));
	assert_true(sg_ssh_connection_parse("::ffff:192.0.2.7 5001 ::ffff:198.51.100.20 22", &connection));
	assert_int_equal(connection.family, SG_IPV4);
	assert_true(connection.remote == HERE && connection.local == HOST && connection.port == 22);
	assert_true(sg_ssh_connection_parse("fe80::1%v0 5001 fe80::2%v0 2222", &connection));
	assert_string_equal(connection.interface_name, "v0");
	assert_int_equal(connection.port, 2222);
}

static void listeners_of_logins(void **state)
{
	struct sg_listener listener = {.protocol = SG_PROTO_TCP, .port = 2222};

	(void)state;
	assert_false(sg_listener_is_login(&listener));
	listener.owner.unit = (char *)(uintptr_t) "ssh.socket";
	assert_true(sg_listener_is_login(&listener));
	listener.owner.unit = (char *)(uintptr_t) "sshguard.service";
	assert_false(sg_listener_is_login(&listener));
	snprintf(listener.owner.process, sizeof(listener.owner.process), "dropbear");
	assert_true(sg_listener_is_login(&listener));
	listener.protocol = SG_PROTO_UDP;
	assert_false(sg_listener_is_login(&listener));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_tells),
		cmocka_unit_test(variables_only_claim),
		cmocka_unit_test(without_live_ones_the_variable_is_all),
		cmocka_unit_test(inner_sessions_are_followed),
		cmocka_unit_test(mosh_is_a_session),
		cmocka_unit_test(strange_trees_end),
		cmocka_unit_test(variables_are_read),
		cmocka_unit_test(listeners_of_logins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
