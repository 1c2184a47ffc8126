// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers that hold something else than the expressions in front of a test seem to say: what was taken for the
 * packet's port, or for the same value twice, would prove rules that the kernel does not follow.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "random_rules.h"
#include "sockgate/evaluate.h"

enum { ACCEPTED = 1 << SG_VERDICT_ACCEPT, DROPPED = 1 << SG_VERDICT_DROP };

/* A table that drops what no rule accepts. */
static struct sg_chain *begin(struct sg_ruleset *ruleset)
{
	struct sg_chain *chain = sg_table_add_chain(sg_ruleset_add_table(ruleset, NFPROTO_INET, "t", NULL), "c", NULL);

	chain->is_base = true;
	chain->hook = NF_INET_LOCAL_IN;
	chain->policy = NF_DROP;
	chain->type = strdup("filter");
	return chain;
}

static int see_verdict(uint32_t value, void *data)
{
	*(unsigned int *)data |= 1U << value;
	return 0;
}

/* Clears the rules. What may become of an established packet to tcp port `port`, whatever is around. */
static unsigned int judge(struct sg_ruleset *ruleset, uint32_t port)
{
	struct sg_idd *idd = sg_packet_context(0);
	sg_u128 point[SG_FIELD_COUNT] = {0};
	struct sg_evaluation evaluation;
	unsigned int may = 0;
	sg_ref ref;

	point[SG_FIELD_STATE] = SG_CT_ESTABLISHED;
	point[SG_FIELD_PROTOCOL] = 6;
	point[SG_FIELD_PORT] = port;
	assert_int_equal(sg_evaluate(idd, &ruleset->tables[0], &evaluation, NULL), 0);
	ref = evaluation.decision.verdict;
	for (size_t level = 0; level < SG_FIELD_COUNT; level++)
		ref = sg_idd_restrict(idd, ref, level, point[level]);
	assert_int_equal(sg_idd_terminals(idd, ref, see_verdict, &may), 0);
	sg_evaluation_clear(&evaluation);
	sg_ruleset_clear(ruleset);
	sg_idd_free(idd);
	return may;
}

/* The id of a cgroup is written over the port, and has the port's bytes in front. */
static void a_cgroup_over_a_port(void **state)
{
	static const uint8_t cgroup[8] = {0, 22};

	(void)state;
	for (unsigned int compared = 0; compared < 2; compared++) {
		struct sg_ruleset ruleset = {0};
		struct sg_rule *rule = sg_chain_add_rule(begin(&ruleset), NULL);
		struct sg_expr *socket;

		add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0);
		socket = add(rule, SG_EXPR_SOCKET);
		socket->key = NFT_SOCKET_CGROUPV2;
		socket->base = 2;
		if (compared)
			add_cmp(rule, 0, NFT_CMP_EQ, cgroup, sizeof(cgroup));
		add_cmp(rule, 0, NFT_CMP_EQ, cgroup, 2);
		add_verdict(rule, SG_CODE_ACCEPT, NULL);
		assert_int_equal(judge(&ruleset, 80), ACCEPTED | DROPPED);
	}
}

static void add_time(struct sg_rule *rule, bool swapped, const uint8_t *mask)
{
	static const uint8_t zero[8];
	struct sg_expr *swap;

	add_meta(rule, NFT_META_TIME_NS, 0);
	if (swapped) {
		swap = add(rule, SG_EXPR_BYTEORDER);
		swap->length = swap->size = 8;
	}
	if (mask)
		add_bitwise(rule, 0, 0, mask, zero, 8);
}

/* Accepts where the first bytes are less than 128, and where they are not, which is not all there is. */
static void a_time_that_goes_on(void **state)
{
	static const uint8_t first[8], last[8] = {127}, mask[8] = {0xff, 0, 0, 0, 0, 0, 0, 0xff};

	(void)state;
	for (unsigned int way = 0; way < 3; way++) {
		struct sg_ruleset ruleset = {0};
		struct sg_chain *chain = begin(&ruleset);

		for (unsigned int above = 0; above < 2; above++) {
			struct sg_rule *rule = sg_chain_add_rule(chain, NULL);

			/* the nanoseconds of two loads; once in one order, once in the other; parts of both ends */
			add_time(rule, way == 2 || (way == 1 && above), way ? mask : NULL);
			add_range(rule, 0, above, first, last, 8);
			add_verdict(rule, SG_CODE_ACCEPT, NULL);
		}
		assert_int_equal(judge(&ruleset, 80), ACCEPTED | DROPPED);
	}
}

static void add_status(struct sg_chain *chain, uint32_t key, const void *mask, const void *turned, const void *value,
		       size_t size)
{
	struct sg_rule *rule = sg_chain_add_rule(chain, NULL);

	add_ct(rule, key, -1, 0);
	if (mask)
		add_bitwise(rule, 0, 0, mask, turned, size);
	add_cmp(rule, 0, NFT_CMP_EQ, value, size);
	add_verdict(rule, SG_CODE_ACCEPT, NULL);
}

/* "In the original direction", with its bit turned round. */
static void a_direction_turned_round(void **state)
{
	static const uint8_t one = 1, zero = 0;

	(void)state;
	for (unsigned int way = 0; way < 4; way++) {
		struct sg_ruleset ruleset = {0};
		struct sg_chain *chain = begin(&ruleset);

		/* once as it is and once turned: together that is every packet of a connection */
		if (way & 2)
			add_status(chain, NFT_CT_DIRECTION, NULL, NULL, &zero, 1);
		add_status(chain, NFT_CT_DIRECTION, &one, way & 1 ? &one : &zero, &zero, 1);
		assert_int_equal(judge(&ruleset, 80), way == 3 ? ACCEPTED : ACCEPTED | DROPPED);
	}
}

/* A status that has one bit may have others, too. */
static void a_status_of_one_bit(void **state)
{
	static const uint32_t dnat = 32, none = 0;

	(void)state;
	for (unsigned int masked = 0; masked < 2; masked++) {
		struct sg_ruleset ruleset = {0};
		struct sg_chain *chain = begin(&ruleset);

		add_status(chain, NFT_CT_STATUS, masked ? &dnat : NULL, &none, &dnat, 4);
		add_status(chain, NFT_CT_STATUS, &dnat, &none, &none, 4);
		assert_int_equal(judge(&ruleset, 80), masked ? ACCEPTED : ACCEPTED | DROPPED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cgroup_over_a_port),
		cmocka_unit_test(a_time_that_goes_on),
		cmocka_unit_test(a_direction_turned_round),
		cmocka_unit_test(a_status_of_one_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
