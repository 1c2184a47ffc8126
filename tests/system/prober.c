/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prober.c - what a namespace does with a packet to every port, learnt from real packets.
 *
 *     prober OUTER INNER PROTOCOL SOURCE TARGET DEVICE INNER-MAC
 *
 * sends one packet (a TCP SYN or a UDP datagram, PROTOCOL is tcp or udp) from SOURCE to TARGET's ports 0 to 65535 by
 * DEVICE, which lies in the network namespace OUTER (a path) and is one end of a veth into the namespace INNER. Prints
 * one line for each run of ports with the same answer: `FIRST LAST accept|reject|drop`.
 *
 * How an answer is learnt, without anything that listens:
 *   accept  a raw socket in INNER received the packet. Raw sockets are served behind the input hook, so only what every
 *           chain there let through gets to them.
 *   reject  it did not, and a TCP reset or an ICMP error that quotes it came back to OUTER. (An accepted packet is
 *           answered too, since nothing listens; that answer does not count.)
 *   drop    neither.
 * "Neither" must not mean "lost": the caller counts with nftables, ahead of the rules under test, that all packets
 * reached the input hook, and sets the sysctls so that ICMP errors are not rate limited. Sockets that overflow end the
 * run with an error. Connections do not remain: conntrack is flushed on the way.
 */
#include "frame.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PORTS       65536
#define BATCH       64    /* packets sent before the sockets are emptied */
#define FLUSH_EVERY 16384 /* packets sent before conntrack is emptied */
#define QUIET_MS    150   /* after the last packet: so long without an answer */

enum { ACCEPTED = 1, REFUSED = 2 };

struct probe {
	struct frame_link link;
	int receive, answers, conntrack;
	unsigned char seen[PORTS];
};

/* A transport header that the target sent or received: is it one of ours, and which port is it about? */
static bool port_of(const unsigned char *transport, size_t size, bool backwards, uint16_t *ret)
{
	uint16_t ports[2];

	if (size < sizeof(ports))
		return false;
	memcpy(ports, transport, sizeof(ports));
	if (ntohs(ports[backwards]) != FRAME_SOURCE_PORT)
		return false;
	*ret = ntohs(ports[!backwards]);
	return true;
}

/* A packet that the raw socket in the inner namespace got: IPv4 comes with its header, IPv6 without. */
static void note_accepted(struct probe *probe, const unsigned char *data, size_t size)
{
	size_t skip = probe->link.family == AF_INET ? (size_t)(data[0] & 15) * 4 : 0;
	uint16_t port;

	if (size > skip && port_of(data + skip, size - skip, false, &port))
		probe->seen[port] |= ACCEPTED;
}

/* An Ethernet frame that came back to the outer namespace. */
static void note_answer(struct probe *probe, const unsigned char *data, size_t size)
{
	bool v4 = probe->link.family == AF_INET;
	size_t network = sizeof(struct ethhdr), header = v4 ? 20 : 40;
	const unsigned char *inner = data + network + header;
	uint8_t protocol;
	uint16_t port;

	if (size < network + header + 20 || ((data[12] << 8) | data[13]) != (v4 ? ETH_P_IP : ETH_P_IPV6))
		return;
	if (memcmp(data + network + (v4 ? 16 : 24), probe->link.source, v4 ? 4 : 16) != 0)
		return;
	protocol = data[network + (v4 ? 9 : 6)];
	size -= network + header;
	if (protocol == IPPROTO_TCP && probe->link.protocol == IPPROTO_TCP) {
		if (inner[13] & 0x04 && port_of(inner, size, true, &port))
			probe->seen[port] |= REFUSED;
	} else if (protocol == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && size >= 8 + header + 4) {
		bool unreachable = v4 ? inner[0] == ICMP_DEST_UNREACH : inner[0] == ICMP6_DST_UNREACH;

		if (unreachable && port_of(inner + 8 + header, size - 8 - header, false, &port))
			probe->seen[port] |= REFUSED;
	}
}

/* Reads all that waits in a socket; whether anything did. */
static bool drain(struct probe *probe, int fd, void (*note)(struct probe *, const unsigned char *, size_t))
{
	bool any = false;

	for (;;) {
		unsigned char data[2048];
		union {
			char bytes[CMSG_SPACE(sizeof(uint32_t))];
			struct cmsghdr align;
		} control;
		struct iovec iov = {data, sizeof(data)};
		struct msghdr message = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
		ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);

		if (size < 0)
			return any;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
			uint32_t lost;

			if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL)
				continue;
			memcpy(&lost, CMSG_DATA(c), sizeof(lost));
			if (lost) {
				errno = ENOBUFS;
				frame_die("a socket overflowed");
			}
		}
		any = true;
		note(probe, data, (size_t)size);
	}
}

static void flush_conntrack(const struct probe *probe)
{
	struct {
		struct nlmsghdr header;
		struct nfgenmsg family;
	} request = {
		{sizeof(request), NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST | NLM_F_ACK, 1, 0},
		{AF_UNSPEC, NFNETLINK_V0, 0}};
	union {
		struct nlmsghdr header;
		char bytes[512];
	} answer;
	struct nlmsgerr error;

	if (send(probe->conntrack, &request, sizeof(request), 0) < 0 ||
	    recv(probe->conntrack, &answer, sizeof(answer), 0) < (ssize_t)(sizeof(answer.header) + sizeof(error)))
		frame_die("conntrack flush");
	memcpy(&error, NLMSG_DATA(&answer.header), sizeof(error));
	errno = -error.error;
	if (error.error)
		frame_die("conntrack flush");
}

static void open_sockets(struct probe *probe, const char *outer, const char *inner)
{
	int on = 1;

	probe->answers = frame_socket(outer, AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (setsockopt(probe->answers, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0)
		frame_die("PACKET_IGNORE_OUTGOING");
	probe->receive = frame_socket(inner, probe->link.family, SOCK_RAW, probe->link.protocol);
	probe->conntrack = frame_socket(inner, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static void send_all(struct probe *probe)
{
	for (unsigned int port = 0; port < PORTS; port++) {
		unsigned char frame[FRAME_SIZE];
		size_t size = frame_write(&probe->link, (uint16_t)port, frame);

		frame_send(&probe->link, frame, size);
		if (port % BATCH == BATCH - 1) {
			drain(probe, probe->receive, note_accepted);
			drain(probe, probe->answers, note_answer);
		}
		if (port % FLUSH_EVERY == FLUSH_EVERY - 1)
			flush_conntrack(probe);
	}
	for (int quiet = 0; quiet < QUIET_MS; quiet += 10) {
		struct pollfd fds[2] = {{probe->receive, POLLIN, 0}, {probe->answers, POLLIN, 0}};

		poll(fds, 2, 10);
		if (drain(probe, probe->receive, note_accepted) || drain(probe, probe->answers, note_answer))
			quiet = 0;
	}
}

static const char *answer_name(unsigned char seen)
{
	return seen & ACCEPTED ? "accept" : seen & REFUSED ? "reject" : "drop";
}

static void print_answers(const struct probe *probe)
{
	unsigned int first = 0;

	for (unsigned int port = 1; port <= PORTS; port++) {
		const char *name = answer_name(probe->seen[first]);

		if (port < PORTS && answer_name(probe->seen[port]) == name)
			continue;
		printf("%u %u %s\n", first, port - 1, name);
		first = port;
	}
}

int main(int argc, char **argv)
{
	static struct probe probe;

	if (argc != 8) {
		fprintf(stderr, "usage: prober OUTER INNER tcp|udp SOURCE TARGET DEVICE INNER-MAC\n");
		return 2;
	}
	frame_link_open(&probe.link, argv[1], argv[3], argv[4], argv[5], argv[6], argv[7]);
	open_sockets(&probe, argv[1], argv[2]);
	flush_conntrack(&probe);
	send_all(&probe);
	flush_conntrack(&probe);
	print_answers(&probe);
	return fflush(stdout) != 0;
}
