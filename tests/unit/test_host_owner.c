/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/text.h"
#include "sockgate/listener.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

struct row {
	const char *path, *unit, *container;
};

static void expect(const struct row *row)
{
	char *unit = (char *)1, *container = (char *)1;

	assert_int_equal(sg_owner_from_cgroup(row->path, &unit, &container, NULL), 0);
	if (!row->unit != !unit || (unit && strcmp(unit, row->unit) != 0))
		fail_msg("'%s': unit is '%s'", row->path, unit ? unit : "-");
	if (!row->container != !container || (container && strcmp(container, row->container) != 0))
		fail_msg("'%s': container is '%s'", row->path, container ? container : "-");
	free(unit);
	free(container);
}

static void units(void **state)
{
	static const struct row rows[] = {
		{"/system.slice/nginx.service", "nginx.service", NULL},
		{"/system.slice/nginx.service/", "nginx.service", NULL},
		{"//system.slice//nginx.service", "nginx.service", NULL},
		{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", NULL},
		{"/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service",
		 NULL},
		{"/system.slice/ssh.socket", "ssh.socket", NULL},
		{"/system.slice/dev-hugepages.mount", "dev-hugepages.mount", NULL},
		{"/system.slice/dev-disk-by\\x2duuid-1.swap", "dev-disk-by\\x2duuid-1.swap", NULL},
		{"/init.scope", "init.scope", NULL},
		{"/nginx.service", "nginx.service", NULL},
		{"/-.slice/nginx.service", "nginx.service", NULL},
		{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope", NULL},
		/* what a service makes below itself is still that service */
		{"/system.slice/evil.service/sshd.service", "evil.service", NULL},
		{"/system.slice/containerd.service/payload", "containerd.service", NULL},
		{"/system.slice/foo.service (deleted)", "foo.service", NULL},
		{"/../../system.slice/nginx.service", "nginx.service", NULL},
		/* escapes of names that would collide with files of the kernel's */
		{"/system.slice/_cpu.service", "cpu.service", NULL},
		{"/system.slice/__x.service", "_x.service", NULL},
		/* users' own managers */
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service",
		 "user@1000.service/syncthing.service", NULL},
		{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome\\x2dterminal.slice/"
		 "vte-spawn-1.scope",
		 "user@1000.service/vte-spawn-1.scope", NULL},
		{"/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service/init.scope", NULL},
		{"/user.slice/user-1000.slice/user@1000.service", "user@1000.service", NULL},
		{"/user.slice/user-1000.slice/user@1000.service/x/sshd.service", "user@1000.service", NULL},
		{"/user.slice/user-1000.slice/user@1000.service/a.service/b.service", "user@1000.service/a.service",
		 NULL},
		/* no unit at all */
		{"", NULL, NULL},
		{"/", NULL, NULL},
		{"/..", NULL, NULL},
		{"/system.slice", NULL, NULL},
		{"/.service", NULL, NULL},
		{"/foo/bar.service", NULL, NULL},
		{"/system.slice/a b.service", NULL, NULL},
		{"/system.slice/a\x1b[31m.service", NULL, NULL},
		{" (deleted)", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++)
		expect(&rows[i]);
}

static void containers(void **state)
{
	static const struct row rows[] = {
		{"/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID},
		{"/docker/" ID, NULL, ID},
		{"/docker/" ID "/system.slice/nginx.service", NULL, ID},
		{"/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", ID},
		{"/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", NULL},
		{"/libpod_parent/libpod-" ID, NULL, ID},
		{"/libpod_parent/conmon-" ID, NULL, NULL},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
		 "user@1000.service/libpod-" ID ".scope", ID},
		{"/machine.slice/crio-" ID ".scope", "crio-" ID ".scope", ID},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-" ID ".scope",
		 "cri-containerd-" ID ".scope", ID},
		{"/kubepods/besteffort/pod1-2/" ID, NULL, ID},
		{"/kubepods/besteffort/pod1-2/" ID "/" ID2, NULL, ID},
		{"/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:" ID,
		 "containerd.service", ID},
		{"/system.slice/docker-" ID ".scope/kubelet.slice/cri-containerd-" ID2 ".scope", "docker-" ID ".scope",
		 ID},
		{"/default/" ID, NULL, ID},
		/* machines */
		{"/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service",
		 "systemd-nspawn@web.service", "web"},
		{"/machine.slice/systemd-nspawn@a\\x2db.service", "systemd-nspawn@a\\x2db.service", "a-b"},
		{"/machine.slice/machine-web.scope/payload", "machine-web.scope", "web"},
		{"/machine.slice/machine-qemu\\x2d1\\x2dguest.scope/libvirt/emulator",
		 "machine-qemu\\x2d1\\x2dguest.scope", "qemu-1-guest"},
		{"/lxc/101/ns/system.slice/ssh.service", NULL, "101"},
		{"/lxc.payload.mail/init.scope", NULL, "mail"},
		{"/lxc.payload/mail", NULL, "mail"},
		{"/lxc.monitor.mail", NULL, NULL},
		/* escapes of what is not printable stay escapes */
		{"/machine.slice/machine-a\\x1b\\x0a\\x20\\x7f.scope", "machine-a\\x1b\\x0a\\x20\\x7f.scope",
		 "a\\x1b\\x0a\\x20\\x7f"},
		{"/machine.slice/machine-a\\x2.scope", "machine-a\\x2.scope", "a\\x2"},
		{"/machine.slice/machine-.scope", "machine-.scope", NULL},
		/* not ids */
		{"/system.slice/docker-0123456789ab.scope", "docker-0123456789ab.scope", NULL},
		{"/docker/0" ID, NULL, NULL},
		{"/docker/x" ID, NULL, NULL},
		{"/docker/G123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++)
		expect(&rows[i]);
}

/* Long names, and whatever can be put together: valid text of bounded length comes out, or nothing. */
static void anything_at_all(void **state)
{
	static const char *const pieces[] = {
		"/",   "a",  "\\x2d",        "\\x", ".service", ".scope", ".slice",     "user@", "machine-",
		"lxc", ID,   "docker-",      "..",  "_",        ":",      " (deleted)", "\x80",  "systemd-nspawn@",
		"-",   "\n", "lxc.payload.",
	};
	char *path = malloc(100000);

	(void)state;
	memset(path, 'a', 99999);
	path[99999] = '\0';
	expect(&(struct row){path, NULL, NULL});
	memcpy(path, "/lxc/", 5);
	expect(&(struct row){path, NULL, NULL});
	memcpy(path + 99999 - 8, ".service", 8);
	memcpy(path, "/", 1);
	expect(&(struct row){path, NULL, NULL});
	srandom(1);
	for (int round = 0; round < 100000; round++) {
		char *unit, *container;
		size_t bad;

		path[0] = '\0';
		for (long i = random() % 12; i > 0; i--)
			strcat(path, pieces[(size_t)random() % SG_COUNT(pieces)]); /* 12 pieces fit */
		assert_int_equal(sg_owner_from_cgroup(path, &unit, &container, NULL), 0);
		assert_true(!unit || (*unit && sg_text_utf8(unit, strlen(unit), &bad) && !strpbrk(unit, "\n\x1b ")));
		assert_true(!container || (*container && !strpbrk(container, "\n\x1b /")));
		free(unit);
		free(container);
	}
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(containers),
		cmocka_unit_test(anything_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
