/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * learn.c - a policy drafted from the sockets that listen.
 *
 * What listens is taken for what is meant, as narrow as the socket itself: its address, its device, its families. Left
 * out is what a policy need not say. UDP has no listening state; an unconnected socket on a port that the kernel hands
 * out is more likely a client's (a resolver waiting for its answer) than a server's, and the port will be another one
 * tomorrow, so it is shown but not allowed. That somebody listens on the same TCP port, or that the port is a known
 * service's, speaks for a server.
 */
#include "sockgate/learn.h"

#include <string.h>
#include <time.h>
#include "base/mem.h"
#include "check/learn.h"
#include "sockgate/proto.h"

#define FIRST_UNPRIVILEGED 1024
#define DHCPV6_CLIENT      546

const char *sg_learned_name(enum sg_learned learned)
{
	static const char *const names[] = {
		[SG_LEARNED_ALLOWED] = "allowed",     [SG_LEARNED_EPHEMERAL] = "ephemeral",
		[SG_LEARNED_LOOPBACK] = "loopback",   [SG_LEARNED_CONNECTED] = "connected",
		[SG_LEARNED_BASELINE] = "baseline",   [SG_LEARNED_RAW] = "raw",
		[SG_LEARNED_INTERFACE] = "interface",
	};

	return names[learned];
}

void sg_learn_clear(struct sg_learn *learn)
{
	free(learn->text);
	free(learn->learned);
	*learn = (struct sg_learn){0};
}

static void work_clear(struct learn_work *work)
{
	sg_regions_clear(&work->regions);
	free(work->learned);
	free(work->owners.records);
	free(work->interfaces.records);
	free(work->addresses.records);
	sg_memo_clear(&work->sets.index);
	free(work->sets.items);
	free(work->items);
}

/* ---- What becomes of a listener ---- */

/* A set of ports, for one protocol's listeners. */
struct learn_ports {
	uint64_t bits[1024];
};

static void ports_of_tcp(const struct sg_listeners *list, struct learn_ports *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].protocol == SG_PROTO_TCP && !list->items[i].raw)
			ret->bits[list->items[i].port / 64] |= UINT64_C(1) << list->items[i].port % 64;
	}
}

const char *sg_learn_interface(const struct learn_work *work, const struct sg_listener *listener)
{
	const struct sg_local_addresses *local = work->input->local;

	if (!listener->interface)
		return NULL;
	for (size_t i = 0; !*listener->interface_name && local && i < local->count; i++) {
		if (local->items[i].interface == listener->interface)
			return local->items[i].interface_name;
	}
	return listener->interface_name;
}

static bool learn_is_ephemeral(const struct learn_work *work, const struct sg_listener *listener,
			       const struct learn_ports *tcp)
{
	uint16_t port = listener->port;

	return listener->protocol == SG_PROTO_UDP && port >= FIRST_UNPRIVILEGED &&
	       port >= work->input->ephemeral_first && port <= work->input->ephemeral_last &&
	       !sg_service_name(SG_PROTO_UDP, port) && !(tcp->bits[port / 64] >> port % 64 & 1);
}

static enum sg_learned learn_judge(const struct learn_work *work, const struct sg_listener *listener,
				   enum sg_scope scope, const struct learn_ports *tcp)
{
	const char *interface = sg_learn_interface(work, listener);
	bool has_ports = sg_proto_has_ports(listener->protocol);

	if (scope != SG_SCOPE_OTHERS)
		return scope == SG_SCOPE_LOOPBACK ? SG_LEARNED_LOOPBACK : SG_LEARNED_CONNECTED;
	if (listener->raw && (listener->protocol == SG_PROTO_ICMP || listener->protocol == SG_PROTO_ICMPV6))
		return SG_LEARNED_BASELINE;
	if (listener->raw == has_ports || listener->raw == (listener->port != 0))
		return SG_LEARNED_RAW;
	if (listener->protocol == SG_PROTO_UDP && listener->family == SG_IPV6 && listener->port == DHCPV6_CLIENT)
		return SG_LEARNED_BASELINE;
	if (interface && !sg_learn_sayable(interface))
		return SG_LEARNED_INTERFACE;
	return learn_is_ephemeral(work, listener, tcp) ? SG_LEARNED_EPHEMERAL : SG_LEARNED_ALLOWED;
}

static int learn_judge_all(struct learn_work *work, size_t counts[SG_LEARNED_COUNT])
{
	const struct sg_listeners *list = work->input->listeners;
	struct learn_ports tcp;

	work->learned = calloc(list->count + 1, sizeof(*work->learned));
	if (!work->learned)
		return sg_error_nomem(work->err);
	ports_of_tcp(list, &tcp);
	for (size_t i = 0; i < list->count; i++) {
		struct sg_region region;

		if (sg_regions_get(&work->regions, &list->items[i], &region, work->err) < 0)
			return -1;
		work->learned[i] = learn_judge(work, &list->items[i], region.scope, &tcp);
		counts[work->learned[i]]++;
	}
	return 0;
}

/* ---- Text ---- */

static void learn_add_left_out(struct sg_buf *buf, const size_t counts[SG_LEARNED_COUNT])
{
	static const struct {
		enum sg_learned learned;
		const char *what;
	} rows[] = {
		{SG_LEARNED_LOOPBACK, "on loopback, for this host alone"},
		{SG_LEARNED_CONNECTED, "connected, for one peer alone"},
		{SG_LEARNED_BASELINE, "for what passes by the baseline (ICMP, the DHCPv6 client)"},
		{SG_LEARNED_EPHEMERAL, "like a client's own, commented out below"},
		{SG_LEARNED_RAW, "raw, of a protocol that is judged by its ports"},
		{SG_LEARNED_INTERFACE, "bound to an interface that is gone, or that no policy can name"},
	};
	const char *before = "#\n# Sockets that are left out:\n";

	for (size_t i = 0; i < SG_COUNT(rows); i++) {
		if (!counts[rows[i].learned])
			continue;
		sg_buf_addf(buf, "%s#   %zu %s\n", before, counts[rows[i].learned], rows[i].what);
		before = "";
	}
}

static void learn_add_head(const struct learn_work *work, const size_t counts[SG_LEARNED_COUNT], struct sg_buf *buf)
{
	size_t count = work->input->listeners->count;
	time_t now = (time_t)work->input->now;
	char date[64] = "an unknown day";
	struct tm utc;

	if (gmtime_r(&now, &utc))
		strftime(date, sizeof(date), "%Y-%m-%d at %H:%M UTC", &utc);
	sg_buf_addf(buf, "# A draft by 'sockgate learn': what listened on this host on %s, %zu socket%s.\n", date,
		    count, count == 1 ? "" : "s");
	sg_buf_adds(buf,
		    "#\n"
		    "# What other hosts could reach is allowed here, and from anywhere. Take away what none of them "
		    "needs;\n"
		    "# where not everyone should come in, say who may: {port: ssh, from: 192.0.2.0/24}.\n"
		    "# Ports that containers publish are judged by the same lines. A Kubernetes node, a load balancer\n"
		    "# or a router also needs the line 'published: ignore'.\n"
		    "# Then, with this text in policy.yaml, from the host that it is about:\n"
		    "#\n"
		    "#   sockgate check policy.yaml                  is it valid, has every line an effect?\n"
		    "#   sockgate -f policy.yaml diff                what would be decided otherwise than now?\n"
		    "#   sockgate -f policy.yaml apply --dry-run     the same, and the connection that it would cut\n"
		    "#   sockgate -f policy.yaml apply\n");
	learn_add_left_out(buf, counts);
	sg_buf_adds(buf, "\ndefault: drop\n");
}

int sg_learn(const struct sg_learn_input *input, struct sg_idd *idd, struct sg_learn *ret, struct sg_error *err)
{
	sg_cleanup(work_clear) struct learn_work work = {
		.input = input,
		.idd = idd,
		.regions = {.idd = idd, .local = input->local},
		.err = err,
	};
	sg_cleanup(sg_learn_clear) struct sg_learn learn = {0};
	sg_cleanup(sg_buf_clear) struct sg_buf buf = {0};

	if (learn_judge_all(&work, learn.counts) < 0 || sg_learn_items(&work) < 0)
		return -1;
	learn_add_head(&work, learn.counts, &buf);
	if (sg_learn_write(&work, &buf, &learn.lines) < 0)
		return -1;
	learn.text = sg_buf_steal(&buf, &learn.size, err);
	if (!learn.text || sg_learn_prove(&work, learn.text, learn.size) < 0)
		return -1;
	learn.learned = sg_steal(work.learned);
	*ret = learn;
	learn = (struct sg_learn){0};
	return 0;
}
