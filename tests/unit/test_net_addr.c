/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/addr.h"

static uint64_t random_bits(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^ (uint64_t)random();
}

/* Addresses with many zero groups, ones, and everything between. */
static sg_u128 random_address(enum sg_family family)
{
	sg_u128 bits = 0;

	if (family == SG_IPV4)
		return (uint32_t)random_bits();
	for (int i = 0; i < 8; i++) {
		unsigned int group = (unsigned int)random_bits() & 0xffff;

		switch (random() % 4) {
		case 0: group = 0; break;
		case 1: group &= 0xf; break;
		case 2: group &= 0xff; break;
		}
		bits = bits << 16 | group;
	}
	return random() % 8 ? bits : (sg_u128)0xffff << 32 | (uint32_t)bits;
}

/* The system's own reading. */
static bool system_parse(const char *text, struct sg_addr *ret)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		ret->family = SG_IPV4;
	} else if (inet_pton(AF_INET6, text, bytes) == 1) {
		ret->family = SG_IPV6;
	} else {
		return false;
	}
	ret->bits = 0;
	for (int i = 0; i < (ret->family == SG_IPV4 ? 4 : 16); i++)
		ret->bits = ret->bits << 8 | bytes[i];
	return true;
}

static void expect_as_the_system(const char *text)
{
	size_t size = strlen(text);
	sg_autofree char *exact = malloc(size ? size : 1); /* the sanitizer sees a read behind it */
	struct sg_addr ours = {SG_IPV4, 0}, theirs = {SG_IPV4, 0};
	bool valid = system_parse(text, &theirs);

	memcpy(exact, text, size);
	if (sg_addr_parse(exact, size, &ours) != valid)
		fail_msg("'%s' is %s", text, valid ? "refused" : "taken");
	if (valid && (ours.family != theirs.family || ours.bits != theirs.bits))
		fail_msg("'%s' is another address", text);
}

static void takes_what_the_system_takes(void **state)
{
	static const char *const texts[] = {
		"",
		".",
		":",
		"::",
		":::",
		"::1",
		"1::",
		"1:",
		":1",
		"::1:",
		":1::",
		"1::2::3",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8::",
		"::1:2:3:4:5:6:7:8",
		"1:2:3:4::5:6:7:8",
		"1::2:3:4:5:6:7",
		"12345::",
		"fffff::",
		"g::",
		"ffff::FFFF",
		"::ffff:1.2.3.4",
		"::1.2.3.4",
		"1.2.3.4::",
		"1:2:3:4:5:6:1.2.3.4",
		"1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4:5:1.2.3.4",
		"::1.2.3",
		"::1.2.3.4.5",
		"::01.2.3.4",
		"::1.2.3.256",
		"::1.2.3.4:5",
		"::a.2.3.4",
		"1.2.3.4",
		"0.0.0.0",
		"255.255.255.255",
		"256.1.1.1",
		"1.1.1.256",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.4.",
		".1.2.3.4",
		"1..2.3",
		"01.2.3.4",
		"1.02.3.4",
		"1.2.3.00",
		"1.2.3.0",
		"0x1.2.3.4",
		" 1.2.3.4",
		"1.2.3.4 ",
		"1.2.3.4\n",
		"+1.2.3.4",
		"-1.2.3.4",
		"1.2.3.-4",
		"1.2.3.999999999999",
		"1,2,3,4",
		"1.2.3.4/8",
		"fe80::1%eth0",
		"[::1]",
		"::%",
		"1:2",
		"deadbeef",
		"0:0:0:0:0:0:0:0",
		"0000:0000::0000",
		"00000::",
	};
	char text[40];

	(void)state;
	for (size_t i = 0; i < SG_COUNT(texts); i++)
		expect_as_the_system(texts[i]);
	/* and whatever else can be made of these characters */
	srandom(2);
	for (int i = 0; i < 300000; i++) {
		static const char near[] = "0123456789abcfF:::..1", far[] = "12.::";
		size_t size = (size_t)random() % 20;

		for (size_t j = 0; j < size; j++)
			text[j] = i & 1 ? near[(size_t)random() % (sizeof(near) - 1)]
					: far[(size_t)random() % (sizeof(far) - 1)];
		text[size] = '\0';
		expect_as_the_system(text);
	}
	assert_false(sg_addr_parse("1.2.3.4\0", 8, &(struct sg_addr){SG_IPV4, 0}));
	assert_false(sg_addr_parse("1.2.3\xff.4", 8, &(struct sg_addr){SG_IPV4, 0}));
}

/* One change to a good address: still as the system reads it. */
static void survives_mutation(void **state)
{
	(void)state;
	srandom(3);
	for (int i = 0; i < 200000; i++) {
		enum sg_family family = random() % 2 ? SG_IPV6 : SG_IPV4;
		char text[SG_ADDR_TEXT_SIZE];
		size_t size = sg_addr_format(family, random_address(family), text);

		text[(size_t)random() % size] = "0123456789abcdef:./-% \x80"[random() % 22];
		expect_as_the_system(text);
	}
}

static void writes_what_rfc_5952_says(void **state)
{
	static const char *const texts[] = {
		"::",
		"::1",
		"1::",
		"2001:db8::1",
		"2001:db8::1:0:0:1",
		"2001:db8:0:1:1:1:1:1",
		"2001:0:0:1::1",
		"::ffff:192.0.2.1",
		"::ffff:0.0.0.0",
		"::fffe:c000:201",
		"::1:ffff:c000:201",
		"64:ff9b::c000:201",
		"ff02::1:ff00:1",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:0",
		"0:2:3:4:5:6:7:8",
		"1:2:3::7:8",
		"a:b:c:d:e:f:0:1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"0.0.0.0",
		"255.255.255.255",
		"10.0.0.1",
		"::c000:201",
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(texts); i++) {
		char text[SG_ADDR_TEXT_SIZE];
		struct sg_addr addr;

		assert_true(sg_addr_parse(texts[i], strlen(texts[i]), &addr));
		assert_int_equal(sg_addr_format(addr.family, addr.bits, text), strlen(texts[i]));
		assert_string_equal(text, texts[i]);
	}
}

static void reads_what_it_writes(void **state)
{
	(void)state;
	srandom(4);
	for (int i = 0; i < 200000; i++) {
		enum sg_family family = random() % 2 ? SG_IPV6 : SG_IPV4;
		sg_u128 bits = random_address(family);
		char text[SG_ADDR_TEXT_SIZE], theirs[INET6_ADDRSTRLEN];
		struct sg_addr back;
		size_t size = sg_addr_format(family, bits, text);

		assert_true(size < sizeof(text) && strlen(text) == size);
		assert_true(sg_addr_parse(text, size, &back));
		assert_true(back.family == family && back.bits == bits);
		/* the C library writes dotted quads behind 96 zero bits as well, which RFC 5952 does not ask for */
		if (family == SG_IPV6 && bits >> 32) {
			unsigned char bytes[16];

			for (int j = 0; j < 16; j++)
				bytes[j] = (unsigned char)(bits >> (120 - 8 * j));
			assert_string_equal(text, inet_ntop(AF_INET6, bytes, theirs, sizeof(theirs)));
		}
	}
}

static void reads_ranges_and_prefixes(void **state)
{
	static const struct {
		const char *text;
		enum sg_addr_problem problem;
		const char *result; /* as written again */
	} rows[] = {
		{"192.0.2.1", SG_ADDR_OK, "192.0.2.1"},
		{"192.0.2.1/32", SG_ADDR_OK, "192.0.2.1"},
		{"192.0.2.0/24", SG_ADDR_OK, "192.0.2.0/24"},
		{"0.0.0.0/0", SG_ADDR_OK, "0.0.0.0/0"},
		{"0.0.0.0-255.255.255.255", SG_ADDR_OK, "0.0.0.0/0"},
		{"::/0", SG_ADDR_OK, "::/0"},
		{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", SG_ADDR_OK, "::/0"},
		{"::1/128", SG_ADDR_OK, "::1"},
		{"8000::/1", SG_ADDR_OK, "8000::/1"},
		{"2001:db8::/32", SG_ADDR_OK, "2001:db8::/32"},
		{"192.0.2.1-192.0.2.9", SG_ADDR_OK, "192.0.2.1-192.0.2.9"},
		{"192.0.2.0-192.0.2.255", SG_ADDR_OK, "192.0.2.0/24"},
		{"192.0.2.7-192.0.2.7", SG_ADDR_OK, "192.0.2.7"},
		{"2001:db8::5-2001:db8::6", SG_ADDR_OK, "2001:db8::5-2001:db8::6"},
		{"::ffff:192.0.2.1", SG_ADDR_OK, "::ffff:192.0.2.1"},
		{"::ffff:192.0.2.0/120", SG_ADDR_OK, "::ffff:192.0.2.0/120"},
		{"192.0.2.1/24", SG_ADDR_HOST_BITS, "192.0.2.0/24"},
		{"192.0.2.1/0", SG_ADDR_HOST_BITS, "0.0.0.0/0"},
		{"2001:db8::1/64", SG_ADDR_HOST_BITS, "2001:db8::/64"},
		{"::1/0", SG_ADDR_HOST_BITS, "::/0"},
		{"::1/127", SG_ADDR_HOST_BITS, "::/127"},
		{"192.0.2.0/33", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0/", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0/024", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0/+24", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0/24 ", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0/255.255.255.0", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0/99999999999999999999", SG_ADDR_BAD_LENGTH, NULL},
		{"::/129", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.9-192.0.2.1", SG_ADDR_REVERSED, NULL},
		{"::2-::1", SG_ADDR_REVERSED, NULL},
		{"192.0.2.1-::1", SG_ADDR_MIXED, NULL},
		{"::1-192.0.2.1", SG_ADDR_MIXED, NULL},
		{"", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"-", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"/24", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"192.0.2.1-", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"-192.0.2.1", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"192.0.2.1-9", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"192.0.2.1 - 192.0.2.9", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"192.0.2.0/24-192.0.3.0/24", SG_ADDR_BAD_LENGTH, NULL},
		{"192.0.2.0-192.0.3.0/24", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"192.0.2.1x", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"192.0.2.1:80", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"office", SG_ADDR_NOT_AN_ADDRESS, NULL},
		{"fe80::1%eth0", SG_ADDR_NOT_AN_ADDRESS, NULL},
	};

	(void)state;
	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		size_t size = strlen(rows[i].text);
		sg_autofree char *exact = malloc(size ? size : 1);
		struct sg_range range = {5, 3};
		enum sg_family family = 77;
		char text[SG_RANGE_TEXT_SIZE];
		enum sg_addr_problem problem;

		memcpy(exact, rows[i].text, size);
		problem = sg_range_parse(exact, size, &family, &range);
		if (problem != rows[i].problem)
			fail_msg("'%s': %s", rows[i].text, sg_addr_problem_text(problem));
		if (!rows[i].result) {
			assert_true(family == 77 && range.first == 5 && range.last == 3);
			continue;
		}
		assert_int_equal(sg_range_format(family, &range, text), strlen(rows[i].result));
		assert_string_equal(text, rows[i].result);
	}
}

static void every_length_of_prefix(void **state)
{
	(void)state;
	srandom(5);
	for (enum sg_family family = SG_IPV4; family <= SG_IPV6; family++) {
		unsigned int width = sg_addr_width(family);

		for (unsigned int length = 0; length <= width; length++) {
			sg_u128 size = length ? (sg_u128)1 << (width - length) : 0; /* 0 stands for everything */
			sg_u128 first = length ? random_address(family) & ~(size - 1) : 0;
			struct sg_range range, prefix;
			char text[SG_RANGE_TEXT_SIZE];
			enum sg_family back = 77;
			size_t used = sg_addr_format(family, first, text);

			used += (size_t)snprintf(text + used, sizeof(text) - used, "/%u", length);
			assert_int_equal(sg_range_parse(text, used, &back, &range), SG_ADDR_OK);
			assert_int_equal(back, family);
			assert_true(range.first == first);
			assert_true(range.last == (length ? first + (size - 1) : sg_addr_max(family)));
			assert_int_equal(sg_range_first_prefix(family, &range, &prefix), length);
			assert_true(prefix.first == range.first && prefix.last == range.last);
		}
	}
}

/* Walking a range by prefixes covers it exactly, with no two that could be one. */
static void fewest_prefixes(void **state)
{
	(void)state;
	srandom(6);
	for (int i = 0; i < 2000; i++) {
		enum sg_family family = random() % 2 ? SG_IPV6 : SG_IPV4;
		sg_u128 a = random_address(family), b = random_address(family);
		struct sg_range left = {a < b ? a : b, a < b ? b : a}, prefix;
		unsigned int count = 0, before = 0;
		sg_u128 next = left.first;

		if (i % 3 == 0)
			left.last = sg_addr_max(family);
		if (i % 5 == 0)
			next = left.first = 0;
		for (;;) {
			unsigned int length = sg_range_first_prefix(family, &left, &prefix);

			assert_true(prefix.first == next && prefix.last >= prefix.first && prefix.last <= left.last);
			assert_true(!count || before != length || !(prefix.first & (prefix.last - prefix.first + 1)));
			before = length;
			count++;
			if (prefix.last == left.last)
				break;
			next = left.first = prefix.last + 1;
		}
		assert_true(count <= 2 * sg_addr_width(family));
	}
}

static void problems_have_words(void **state)
{
	(void)state;
	for (enum sg_addr_problem problem = SG_ADDR_OK; problem <= SG_ADDR_MIXED; problem++) {
		for (enum sg_addr_problem other = SG_ADDR_OK; other < problem; other++)
			assert_string_not_equal(sg_addr_problem_text(problem), sg_addr_problem_text(other));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_the_system_takes),
		cmocka_unit_test(survives_mutation),
		cmocka_unit_test(writes_what_rfc_5952_says),
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(reads_ranges_and_prefixes),
		cmocka_unit_test(every_length_of_prefix),
		cmocka_unit_test(fewest_prefixes),
		cmocka_unit_test(problems_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
