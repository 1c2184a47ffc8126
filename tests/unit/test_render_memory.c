/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that runs out at the first, the second, the third … allocation while an answer is written: the buffer says
 * that it failed, or the answer is there whole; never half an answer that looks like one.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/mem.h"
#include "sockgate/listing.h"
#include "sockgate/proto.h"
#include "sockgate/render.h"
#include "sockgate/rules.h"
#include "starve.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *pointer, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *pointer, size_t size);

/* ---- What there is to tell ---- */

static const char old_text[] =
	"name: old\n"
	"groups: {office: [192.0.2.0/24, \"2001:db8::/48\"]}\n"
	"allow:\n"
	"  tcp: [22, {port: 80, from: office, comment: \"web\"}, 5432, {port: 25, limit: 5/hour}]\n"
	"  udp: [53]\n"
	"block: {any: [{from: 203.0.113.0/24}]}\n";
static const char new_text[] =
	"published: enforce\n"
	"allow:\n"
	"  tcp:\n"
	"    - {port: 22, from: [192.0.2.0/24, 198.51.100.7], interface: eth1}\n"
	"    - {port: 9100, from: 10.0.0.0/8, except: 10.1.0.0/16, comment: \"node exporter\",\n"
	"       limit: 20/minute per source, connections: 5, unit: a.service, log: {label: x, group: 3},\n"
	"       until: 2099-12-31T18:00:01Z}\n"
	"    - {port: 25, limit: 6/hour, log: mail, until: 2099-01-01T00:00Z}\n"
	"log-blocked: 5/minute\n"
	"block: {icmp: [echo-request], tcp: [{port: 113, answer: reject}]}\n"
	"default: reject\n";
static const char bad_text[] = "allow:\n  tcp: [0, \"\xc3\xa9\", {port: 80, form: 1}]\nblock: {tcp: 22, tpc: 23}\n";

struct world {
	struct sg_files *files;
	struct sg_idd *idd;
	struct sg_policy *old, *new;
	struct sg_diags old_diags, new_diags, bad_diags;
	struct sg_decision old_decision, new_decision;
	struct sg_table table;
	struct sg_evaluation evaluation;
	struct sg_subject kernel, policy;
	struct sg_listener sockets[5];
	struct sg_listeners listeners;
	struct sg_connection peers[4];
	struct sg_connections connections;
	struct sg_local_addresses local;
	struct sg_explainer *explainer;
	struct sg_packet question;
	struct sg_explanation explanation;
	struct sg_diff diff;
	struct sg_affected affected;
	struct sg_verify_input input;
	struct sg_verify verify;
	struct sg_lockout lockout;
	struct sg_cuts cuts;
	struct sg_cuts_report cut;
	struct sg_diff_report difference;
	struct sg_explain_report explain;
	struct sg_learn learn;
	struct sg_buf listing;
	struct sg_error err;
};

static const struct sg_foreign foreign[] = {{"ip", "nat"}, {"inet", "firewalld\033[31m"}};
static struct sg_culprit culprits[] = {
	{.kind = SG_OUTSIDE_XDP, .seen = true, .where = "eth0", .name = "XDP program 3 on eth0\033[31m"},
	{.kind = SG_OUTSIDE_NETFILTER, .errnum = 1, .name = "whether a program is there\xff"},
};
static const struct sg_outside outside = {.items = culprits, .count = SG_COUNT(culprits)};
static const uint8_t digest[16] = {1, 2, 3};

static struct sg_policy *parse(struct world *world, const char *name, const char *text, struct sg_diags *diags)
{
	static const struct sg_policy_options options = {.trusted_only = false};

	return sg_policy_parse(name, ".", text, strlen(text), &options, world->files, diags, &world->err);
}

static void make_policies(struct world *world)
{
	world->files = sg_files_new();
	world->idd = sg_packet_context(0);
	world->old = parse(world, "old.yaml", old_text, &world->old_diags);
	world->new = parse(world, "new.yaml", new_text, &world->new_diags);
	assert_non_null(world->old);
	assert_non_null(world->new);
	assert_null(parse(world, "bad.yaml", bad_text, &world->bad_diags));
	assert_int_equal(sg_policy_lower(world->old, world->idd, &world->old_decision, NULL), 0);
	assert_int_equal(sg_policy_lower(world->new, world->idd, &world->new_decision, NULL), 0);
	assert_int_equal(sg_rules_of_policy(world->old, &world->old_decision, &world->table, NULL), 0);
	assert_int_equal(sg_evaluate(world->idd, &world->table, &world->evaluation, NULL), 0);
	assert_int_equal(sg_listing_table(&world->table, &world->listing, NULL), 0);
	world->kernel = sg_subject_of_kernel(&world->evaluation, 0, NULL);
	world->policy = sg_subject_of_policy(world->new, &world->new_decision, 0, NULL);
}

static void make_sockets(struct world *world)
{
	static const uint16_t ports[] = {22, 80, 5432, 53, 0};
	static const uint8_t protocols[] = {SG_PROTO_TCP, SG_PROTO_TCP, SG_PROTO_TCP, SG_PROTO_UDP, 89};
	static struct sg_local_address address = {.interface_name = "eth0", .address = 0xc6336414, .prefix_length = 24};

	for (size_t i = 0; i < SG_COUNT(world->sockets); i++)
		world->sockets[i] = (struct sg_listener){
			.protocol = protocols[i],
			.port = ports[i],
			.raw = !ports[i],
			.family = i % 2 ? SG_IPV6 : SG_IPV4,
			.inode = (uint32_t)i + 1,
			.owner = {.pid = 800 + (pid_t)i,
				  .process = "a\xff"
					     "b",
				  .unit = (char *)"x.service"},
		};
	world->sockets[4].interface = 3;
	memcpy(world->sockets[4].interface_name, "wg0", 4);
	world->listeners = (struct sg_listeners){.items = world->sockets, .count = SG_COUNT(world->sockets)};
	for (size_t i = 0; i < SG_COUNT(world->peers); i++)
		world->peers[i] = (struct sg_connection){
			.protocol = SG_PROTO_TCP,
			.local = 0xc6336414,
			.remote = 0xc6336501 + i / 2,
			.port = i == 3 ? 5432 : 22,
			.remote_port = (uint16_t)(50000 + i),
			.owner = {.pid = (pid_t)i, .process = "sshd", .container = (char *)"0123456789ab"},
		};
	world->connections = (struct sg_connections){.items = world->peers, .count = SG_COUNT(world->peers)};
	world->local = (struct sg_local_addresses){.items = &address, .count = 1};
}

static void make_answers(struct world *world)
{
	const struct sg_cuts_input cuts = {.from = &world->kernel,
					   .to = &world->policy,
					   .connections = &world->connections,
					   .listeners = &world->listeners,
					   .local = &world->local,
					   .untracked = true};
	const struct sg_learn_input learn = {.listeners = &world->listeners, .local = &world->local};

	world->question.field[SG_FIELD_PROTOCOL] = SG_PROTO_TCP;
	world->question.field[SG_FIELD_PORT] = 9100;
	world->question.fixed[SG_FIELD_PROTOCOL] = world->question.fixed[SG_FIELD_PORT] = true;
	world->explainer = sg_explainer_new(&world->policy, NULL);
	assert_non_null(world->explainer);
	assert_int_equal(sg_explain(world->explainer, &world->question, &world->explanation, NULL), 0);
	assert_int_equal(world->explanation.outcome, SG_OUTCOME_DEPENDS);
	assert_int_equal(sg_diff(&world->kernel, &world->policy, &world->diff, NULL), 0);
	assert_int_equal(
		sg_affected(&world->kernel, &world->policy, &world->listeners, &world->local, &world->affected, NULL),
		0);
	assert_true(world->diff.count > 3 && world->diff.sum.conditions && world->affected.count > 1);
	world->input = (struct sg_verify_input){.policy = world->new,
						.decision = &world->new_decision,
						.evaluation = &world->evaluation,
						.foreign = foreign,
						.foreign_count = SG_COUNT(foreign),
						.outside = &outside,
						.listeners = &world->listeners,
						.local = &world->local};
	assert_int_equal(sg_verify(&world->input, &world->verify, NULL), 0);
	assert_true(world->verify.count > 2);
	assert_int_equal(sg_lockout_check(&world->policy, &world->peers[0], &world->lockout, NULL), 0);
	assert_false(world->lockout.accepted);
	assert_int_equal(sg_cuts_find(&cuts, &world->cuts, NULL), 0);
	assert_true(world->cuts.count > 1);
	assert_int_equal(sg_learn(&learn, world->idd, &world->learn, NULL), 0);
}

static void make_reports(struct world *world)
{
	world->cut = (struct sg_cuts_report){.to = &world->policy,
					     .files = world->files,
					     .session = &world->peers[0],
					     .lockout = &world->lockout,
					     .connections = &world->connections,
					     .listeners = &world->listeners,
					     .cuts = &world->cuts};
	world->difference = (struct sg_diff_report){.from = &world->kernel,
						    .to = &world->policy,
						    .from_name = "the kernel",
						    .from_kernel = true,
						    .besides = {foreign, SG_COUNT(foreign), &outside},
						    .to_name = "new.yaml",
						    .files = world->files,
						    .diff = &world->diff,
						    .listeners = &world->listeners,
						    .affected = &world->affected,
						    .cut = world->cut};
	world->explain = (struct sg_explain_report){.subject = &world->policy,
						    .files = world->files,
						    .question = &world->question,
						    .explanation = &world->explanation,
						    .besides = {foreign, SG_COUNT(foreign), &outside}};
	sg_error_set(&world->err, SG_ERROR_SYSTEM, 5, "cannot read '%s'", "x\xffy");
}

static int make_world(void **state)
{
	static struct world world;

	make_policies(&world);
	make_sockets(&world);
	make_answers(&world);
	make_reports(&world);
	*state = &world;
	return 0;
}

static int clear_world(void **state)
{
	struct world *world = *state;

	sg_buf_clear(&world->listing);
	sg_learn_clear(&world->learn);
	sg_cuts_clear(&world->cuts);
	sg_verify_clear(&world->verify);
	sg_affected_clear(&world->affected);
	sg_diff_clear(&world->diff);
	sg_explanation_clear(&world->explanation);
	sg_explainer_free(world->explainer);
	sg_evaluation_clear(&world->evaluation);
	sg_table_clear(&world->table);
	sg_diags_clear(&world->old_diags);
	sg_diags_clear(&world->new_diags);
	sg_diags_clear(&world->bad_diags);
	sg_policy_free(world->old);
	sg_policy_free(world->new);
	sg_idd_free(world->idd);
	sg_files_free(world->files);
	return 0;
}

/* ---- The answers ---- */

typedef void answer(struct sg_buf *buf, const struct sg_style *style, const struct world *world);

static void check_report(const struct world *world, struct sg_check_report ret[2])
{
	ret[0] = (struct sg_check_report){"old.yaml", world->old, world->files, &world->old_diags, {3, 1}, 0, 1};
	ret[1] = (struct sg_check_report){"bad.yaml", NULL, world->files, &world->bad_diags, {0, 0}, 1, 2};
}

static void errors(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	sg_render_error(buf, style, &world->err);
	sg_render_error_line(buf, style, 7, &world->err);
}

static void errors_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	(void)style;
	sg_render_error_json(buf, "apply", &world->err);
	sg_render_error_line_json(buf, "apply", &world->err);
}

static void check(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_check_report reports[2];

	check_report(world, reports);
	sg_render_check(buf, style, &reports[0]);
	sg_render_check(buf, style, &reports[1]);
}

static void check_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_check_report reports[2];

	(void)style;
	check_report(world, reports);
	sg_render_check_json(buf, "check", reports, 2, true);
}

static void explain(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	sg_render_explain(buf, style, &world->explain);
	sg_render_explain_line(buf, style, &world->explain, 1);
}

static void explain_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	(void)style;
	sg_render_explain_json(buf, &world->explain, 1);
	sg_render_explain_json(buf, (struct sg_explain_report[]){world->explain, world->explain}, 2);
	sg_render_explain_line_json(buf, &world->explain, 1);
}

static void difference(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	sg_render_diff(buf, style, &world->difference);
	sg_render_cuts_sum(buf, &world->cuts);
}

static void difference_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	(void)style;
	sg_render_diff_json(buf, "diff", &world->difference);
	sg_render_lockout_json(buf, &world->cut);
}

static struct sg_listening_report listening_report(const struct world *world)
{
	return (struct sg_listening_report){.listeners = &world->listeners,
					    .reach = &world->verify.reach,
					    .policy = &world->verify.policy,
					    .enforcing = true,
					    .besides = {foreign, SG_COUNT(foreign), &outside}};
}

static void listening(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_listening_report report = listening_report(world);

	sg_render_listening(buf, style, &report);
}

static void listening_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_listening_report report = listening_report(world);

	(void)style;
	sg_render_listening_json(buf, &report);
	sg_render_learn_json(buf, &world->listeners, &world->learn);
}

static struct sg_verify_report verify_report(const struct world *world)
{
	return (struct sg_verify_report){.input = &world->input,
					 .verify = &world->verify,
					 .policy = &world->policy,
					 .kernel = &world->kernel,
					 .policy_name = "new.yaml",
					 .files = world->files};
}

static void verify(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_verify_report report = verify_report(world);

	sg_render_verify(buf, style, &report);
}

static void verify_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_verify_report report = verify_report(world);

	(void)style;
	sg_render_verify_json(buf, &report);
}

static struct sg_status_report status_report(const struct world *world)
{
	return (struct sg_status_report){.policy_file = "new.yaml",
					 .policy = world->new,
					 .digest = digest,
					 .loaded = true,
					 .equal = SG_REFUTED,
					 .applied_digest = digest,
					 .applied_file = "old\n.yaml",
					 .applied = 1700000000,
					 .now = 1700000100,
					 .besides = {foreign, SG_COUNT(foreign), &outside}};
}

static void status(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_status_report report = status_report(world);

	sg_render_status(buf, style, &report);
}

static void status_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_status_report report = status_report(world);

	(void)style;
	sg_render_status_json(buf, &report);
}

static struct sg_apply_report apply_report(const struct world *world)
{
	return (struct sg_apply_report){.file = "new.yaml",
					.outcome = "updated",
					.changed = true,
					.generation = 7,
					.attempts = 2,
					.elements_added = 12345,
					.sets = 1,
					.cut = &world->cut};
}

static void applied(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_apply_report report = apply_report(world);

	sg_render_apply(buf, style, &report);
	sg_render_table(buf, style, &world->table);
}

static void applied_json(struct sg_buf *buf, const struct sg_style *style, const struct world *world)
{
	struct sg_apply_report report = apply_report(world);

	(void)style;
	sg_render_apply_json(buf, &report);
	sg_render_clear_json(buf, true, &(const struct sg_besides){foreign, SG_COUNT(foreign), &outside});
	sg_render_table_json(buf, "kernel", &world->table, world->listing.data);
}

/* ---- Starving them ---- */

static void starve(const struct world *world, answer *write, const struct sg_style *style, bool recovers)
{
	struct sg_buf whole = {0}, buf = {0};
	size_t failures = 0;

	write(&whole, style, world);
	assert_false(whole.failed);
	assert_true(whole.size > 20);
	/* a long answer repeats itself: fewer of its later allocations */
	for (size_t count = 0;; count += 1 + count / 200) {
		buf = (struct sg_buf){0};
		starve_from(count + 1, recovers);
		write(&buf, style, world);
		starve_end();
		if (!starving.refused)
			break;
		if (!buf.failed && (buf.size != whole.size || memcmp(buf.data, whole.data, whole.size) != 0))
			fail_msg("allocation %zu: half an answer", count + 1);
		failures += buf.failed;
		sg_buf_clear(&buf);
	}
	assert_false(buf.failed);
	assert_string_equal(buf.data, whole.data);
	assert_true(failures > 3);
	sg_buf_clear(&buf);
	sg_buf_clear(&whole);
}

#define STARVED(name)                                                                                                  \
	static void starved_##name(void **state)                                                                       \
	{                                                                                                              \
		static const struct sg_style plain = {.width = 80};                                                    \
		static const struct sg_style rich = {.colour = true, .all = true, .verbose = true, .width = 200};      \
                                                                                                                       \
		starve(*state, name, &plain, false);                                                                   \
		starve(*state, name, &plain, true);                                                                    \
		starve(*state, name, &rich, true);                                                                     \
	}

STARVED(errors)
STARVED(errors_json)
STARVED(check)
STARVED(check_json)
STARVED(explain)
STARVED(explain_json)
STARVED(difference)
STARVED(difference_json)
STARVED(listening)
STARVED(listening_json)
STARVED(verify)
STARVED(verify_json)
STARVED(status)
STARVED(status_json)
STARVED(applied)
STARVED(applied_json)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starved_errors),     cmocka_unit_test(starved_errors_json),
		cmocka_unit_test(starved_check),      cmocka_unit_test(starved_check_json),
		cmocka_unit_test(starved_explain),    cmocka_unit_test(starved_explain_json),
		cmocka_unit_test(starved_difference), cmocka_unit_test(starved_difference_json),
		cmocka_unit_test(starved_listening),  cmocka_unit_test(starved_listening_json),
		cmocka_unit_test(starved_verify),     cmocka_unit_test(starved_verify_json),
		cmocka_unit_test(starved_status),     cmocka_unit_test(starved_status_json),
		cmocka_unit_test(starved_applied),    cmocka_unit_test(starved_applied_json),
	};

	json_set_alloc_funcs(malloc, free); /* our malloc: the library's own calls are not wrapped */
	return cmocka_run_group_tests(tests, make_world, clear_world);
}
