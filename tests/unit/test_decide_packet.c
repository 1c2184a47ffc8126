// SPDX-License-Identifier: GPL-2.0-or-later
/* test_decide_packet.c - the packet's levels, the packets that can exist, interface names as numbers. */
#include "decide_space.h"
#include "sockgate/packet.h"
#include "sockgate/proto.h"

static void test_universe(void **unused)
{
	struct sg_idd *idd = sg_packet_context(0);
	sg_ref universe = sg_packet_universe(idd);
	sg_u128 point[SG_FIELD_COUNT] = {0};

	(void)unused;
	assert_int_equal(sg_idd_levels(idd), SG_FIELD_COUNT + 1); /* the time */
	assert_int_equal(sg_idd_check(idd, universe, NULL), 0);
	for (unsigned int protocol = 0; protocol < 256; protocol++) {
		bool icmp = protocol == 1 || protocol == 58;
		bool ports = protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;

		for (sg_u128 port = 0; port <= SG_PORT_ABSENT; port += port < 300 || port > 65500 ? 1 : 97) {
			point[SG_FIELD_PROTOCOL] = protocol;
			point[SG_FIELD_PORT] = port;
			assert_int_equal(sg_idd_lookup(idd, universe, point),
					 ports || port == SG_PORT_ABSENT || (icmp && port < 256));
		}
	}
	for (unsigned int direction = 0; direction < SG_DIRECTIONS; direction++) {
		for (unsigned int ct = 0; ct < SG_CT_COUNT; ct++) {
			point[SG_FIELD_DIRECTION] = direction;
			point[SG_FIELD_STATE] = ct;
			point[SG_FIELD_PROTOCOL] = SG_PROTO_TCP;
			assert_int_equal(sg_idd_lookup(idd, universe, point),
					 direction != SG_PUBLISHED || (ct != SG_CT_INVALID && ct != SG_CT_UNTRACKED));
		}
	}
	/* nothing else is asked of a packet */
	for (enum sg_field field = 0; field <= SG_FIELD_PORT; field++)
		universe = sg_idd_exists(idd, universe, field);
	assert_int_equal(universe, SG_IDD_FULL);
	assert_true(sg_idd_level_max(idd, SG_FIELD_DIRECTION) == SG_PUBLISHED);
	assert_true(sg_idd_level_max(idd, SG_FIELD_STATE) == SG_CT_UNTRACKED);
	assert_true(sg_idd_level_max(idd, SG_FIELD_PORT) == SG_PORT_ABSENT);
	assert_true(sg_idd_level_max(idd, SG_FIELD_REMOTE4) == UINT32_MAX);
	assert_true(sg_idd_level_max(idd, SG_FIELD_LOCAL6) == ~(sg_u128)0);
	sg_idd_free(idd);
}

static struct sg_range key(const char *name)
{
	struct sg_range range = {1, 0};

	assert_true(sg_interface_range(name, strlen(name), &range));
	assert_true(range.first <= range.last);
	return range;
}

static void test_interface_names(void **unused)
{
	static const char *const names[] = {
		"lo",           "eth0", "br-0123456789ab", "eth*", "*", "abcdefghijklmn*", "abcdefghijklmno*",
		"\x7f\xc3\xbc", "a"};
	char text[SG_INTERFACE_NAME_SIZE + 1];

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sg_range range = key(names[i]);

		memset(text, 'x', sizeof(text));
		assert_true(sg_interface_name(&range, text));
		assert_string_equal(text, names[i]);
	}
	assert_true(key("lo").first == (sg_u128)0x6c6f << 112 && key("lo").last == key("lo").first);
	assert_true(key("*").first == 0 && key("*").last == ~(sg_u128)0);
	assert_true(key("eth*").first == key("eth").first);
	assert_true(key("eth*").last > key("eth99999").last && key("eth*").last < key("eti").first);
	assert_true(key("eth1*").first > key("eth*").first && key("eth1*").last < key("eth*").last);
}

static void test_bad_interface_names(void **unused)
{
	static const char *const possible[] = {"eth0", "br-lan", "eth0.10", "eth*", "*", "wg_0", "\xc3\xbcn", "a+b"};
	static const char *const impossible[] = {"",	"a/b", "a:b",	 "a b",	    ".",     "..",
						 "a\tb", "a%d", "all", "default", "a*b", "\xc3\xa0"};
	struct sg_range range = {5, 6}, none;
	char text[SG_INTERFACE_NAME_SIZE + 1] = "untouched";

	(void)unused;
	assert_false(sg_interface_range("", 0, &range));
	assert_false(sg_interface_range("abcdefghijklmnop", 16, &range));
	assert_false(sg_interface_range("abcdefghijklmnop*", 17, &range));
	assert_false(sg_interface_range("a\0b", 3, &range));
	assert_true(range.first == 5 && range.last == 6);

	for (size_t i = 0; i < sizeof(possible) / sizeof(*possible); i++)
		assert_true(sg_interface_possible(possible[i], strlen(possible[i])));
	for (size_t i = 0; i < sizeof(impossible) / sizeof(*impossible); i++)
		assert_false(sg_interface_possible(impossible[i], strlen(impossible[i])));
	assert_false(sg_interface_possible("a\0b", 3));
	none = (struct sg_range){0, 0}; /* the empty name */
	assert_false(sg_interface_name(&none, text));
	none = (struct sg_range){key("eth0").first, key("eth1").first};
	assert_false(sg_interface_name(&none, text));
	none = (struct sg_range){key("eth0").first, key("eth0*").last - 1};
	assert_false(sg_interface_name(&none, text));
	none = (struct sg_range){key("a").first | 1, key("a").first | 1}; /* something behind the padding */
	assert_false(sg_interface_name(&none, text));
	none = (struct sg_range){~(sg_u128)0, ~(sg_u128)0}; /* no room for the NUL */
	assert_false(sg_interface_name(&none, text));
	assert_string_equal(text, "untouched");
}

static void test_verdict_names(void **unused)
{
	(void)unused;
	assert_string_equal(sg_verdict_name(SG_VERDICT_NONE), "none");
	assert_string_equal(sg_verdict_name(SG_VERDICT_ACCEPT), "accept");
	assert_string_equal(sg_verdict_name(SG_VERDICT_DROP), "drop");
	assert_string_equal(sg_verdict_name(SG_VERDICT_REJECT), "reject");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_universe),
		cmocka_unit_test(test_interface_names),
		cmocka_unit_test(test_bad_interface_names),
		cmocka_unit_test(test_verdict_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
