/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces that lines name, on hosts of several kinds. */
#include "check_world.h"
#include "base/mem.h"
#include "sockgate/named.h"

static struct sg_policy *read_policy(const char *text)
{
	static const struct sg_policy_options options = {.trusted_only = false};
	struct sg_files *files = sg_files_new();
	struct sg_diags diags = {0};
	struct sg_error err = {0};
	struct sg_policy *policy =
		sg_policy_parse("policy.yaml", ".", text, strlen(text), &options, files, &diags, &err);

	if (!policy)
		fail_msg("%s %s", diags.count ? diags.items[0].message : "", err.message);
	sg_diags_clear(&diags);
	sg_files_free(files);
	return policy;
}

static void add_link(struct sg_local_addresses *list, struct sg_link link)
{
	assert_int_equal(sg_local_addresses_add_link(list, &link, NULL), 0);
}

static void add_altname(struct sg_local_addresses *list, uint32_t index, const char *name)
{
	struct sg_altname altname = {.index = index};

	snprintf(altname.name, sizeof(altname.name), "%s", name);
	assert_int_equal(sg_local_addresses_add_altname(list, &altname, NULL), 0);
}

static struct sg_local_addresses host(void)
{
	struct sg_local_addresses list = {0};

	add_link(&list, (struct sg_link){.index = 1, .name = "lo", .loopback = true});
	add_link(&list, (struct sg_link){.index = 2, .name = "eth0", .master = 4, .port_kind = "bridge"});
	add_link(&list, (struct sg_link){.index = 3, .name = "eth1"});
	add_link(&list, (struct sg_link){.index = 4, .name = "br0"});
	add_link(&list, (struct sg_link){.index = 5, .name = "od\x1b[1m", .master = 9});
	add_link(&list, (struct sg_link){.index = 9, .name = "ovs-system"});
	add_altname(&list, 3, "enp3s0");
	add_altname(&list, 3, "enxa-very-long-alternative-name");
	return list;
}

/* Ids and lines, with a space between them. */
static void assert_named(const struct sg_local_addresses *local, const char *text, const char *wanted)
{
	struct sg_policy *policy = read_policy(text);
	struct sg_named_list list = {0};
	struct sg_error err = {0};
	char found[512] = "";
	size_t used = 0;

	assert_int_equal(sg_named_find(policy, local, &list, &err), 0);
	for (size_t i = 0; i < list.count; i++) {
		used += (size_t)snprintf(found + used, sizeof(found) - used, "%s%s", i ? " " : "",
					 sg_named_id(list.items[i].problem) + strlen("interface/"));
		if (list.items[i].line != SG_NO_LINE)
			used += (size_t)snprintf(found + used, sizeof(found) - used, ":%zu", list.items[i].line);
		for (const char *c = list.items[i].message; *c; c++)
			assert_true((unsigned char)*c >= ' ');
	}
	assert_string_equal(found, wanted);
	sg_named_clear(&list);
	sg_policy_free(policy);
}

static void test_names(void **state)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host();

	(void)state;
	assert_named(&local, "allow: {tcp: [22, {port: 23, interface: [eth1, br0, lo]}]}\n", "");
	assert_named(&local, "allow: {tcp: [{port: 22, interface: eth0}, {port: 23, interface: eth9}]}\n",
		     "port:0 absent:1");
	assert_named(&local, "allow: {tcp: [{port: 22, interface: enp3s0}]}\n", "altname:0");
	assert_named(&local, "allow: {tcp: [{port: 22, interface: [\"enx*\", \"wg*\"]}]}\n", "altname:0 absent:0");
	/* a wildcard that something else matches, too */
	assert_named(&local, "allow: {tcp: [{port: 22, interface: \"eth*\"}]}\n", "");
	assert_named(&local, "allow: {tcp: [{port: 22, interface: \"*\"}]}\n", "");
	assert_named(&local, "allow: {tcp: [{port: 22, interface: \"od*\"}]}\n", "port:0");
	assert_named(&local, "interfaces: {lan: [eth0, eth9]}\nblock: {any: [{interface: lan}]}\n", "port:0 absent:0");
	assert_named(&local, "outbound: {allow: {tcp: [{port: 22, interface: eth0}]}}\n", "port:0");
}

static void test_loopback(void **state)
{
	sg_cleanup(sg_local_addresses_clear) struct sg_local_addresses local = host(), none = {0};

	(void)state;
	snprintf(local.links[0].name, sizeof(local.links[0].name), "inner");
	assert_named(&local, "allow: {tcp: [22]}\n", "loopback-renamed");
	snprintf(local.links[2].name, sizeof(local.links[2].name), "lo");
	assert_named(&local, "allow: {tcp: [22]}\n", "loopback loopback-renamed");
	assert_named(&local, "baseline: {loopback: false}\nallow: {tcp: [22]}\n", "");
	/* nothing is known of the interfaces */
	assert_named(&none, "allow: {tcp: [22]}\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
