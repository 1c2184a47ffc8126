/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

_Noreturn void frame_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

int frame_socket(const char *netns, int family, int type, int protocol)
{
	static int home = -1;
	int there = open(netns, O_RDONLY | O_CLOEXEC), fd, size = 64 << 20, on = 1;

	if (home < 0)
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET) < 0)
		frame_die(netns);
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		frame_die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	if (setns(home, CLONE_NEWNET) < 0)
		frame_die("setns");
	close(there);
	return fd;
}

static uint16_t checksum(const void *data, size_t size, uint32_t sum)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i + 1 < size; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (size & 1)
		sum += (uint32_t)bytes[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t pseudo_sum(const struct frame_link *link, size_t size)
{
	unsigned char header[40] = {0};
	size_t width = link->family == AF_INET ? 4 : 16;

	memcpy(header, link->source, width);
	memcpy(header + width, link->target, width);
	header[2 * width + 1] = (unsigned char)link->protocol;
	header[2 * width + 3] = (unsigned char)size;
	return (uint16_t)~checksum(header, sizeof(header), 0);
}

/* The transport header at `out`; its size. */
static size_t write_transport(const struct frame_link *link, uint16_t port, unsigned char *out)
{
	if (link->protocol == IPPROTO_TCP) {
		struct tcphdr tcp = {.source = htons(FRAME_SOURCE_PORT),
				     .dest = htons(port),
				     .seq = htonl(1),
				     .doff = 5,
				     .syn = 1,
				     .window = htons(1024)};

		memcpy(out, &tcp, sizeof(tcp));
		tcp.check = htons(checksum(out, sizeof(tcp), pseudo_sum(link, sizeof(tcp))));
		memcpy(out, &tcp, sizeof(tcp));
		return sizeof(tcp);
	}
	struct udphdr udp = {.source = htons(FRAME_SOURCE_PORT), .dest = htons(port), .len = htons(sizeof(udp))};

	memcpy(out, &udp, sizeof(udp));
	udp.check = htons(checksum(out, sizeof(udp), pseudo_sum(link, sizeof(udp))));
	if (!udp.check)
		udp.check = 0xffff;
	memcpy(out, &udp, sizeof(udp));
	return sizeof(udp);
}

size_t frame_write(const struct frame_link *link, uint16_t port, unsigned char out[FRAME_SIZE])
{
	struct ethhdr eth = {.h_proto = htons(link->family == AF_INET ? ETH_P_IP : ETH_P_IPV6)};
	unsigned char transport[64];
	size_t size = write_transport(link, port, transport);
	size_t at = sizeof(eth);

	memcpy(eth.h_dest, link->mac, 6);
	memcpy(eth.h_source, link->device.sll_addr, 6);
	memcpy(out, &eth, sizeof(eth));
	if (link->family == AF_INET) {
		struct iphdr ip = {.version = 4,
				   .ihl = 5,
				   .tot_len = htons((uint16_t)(sizeof(ip) + size)),
				   .ttl = 64,
				   .protocol = (uint8_t)link->protocol};

		memcpy(&ip.saddr, link->source, 4);
		memcpy(&ip.daddr, link->target, 4);
		ip.check = htons(checksum(&ip, sizeof(ip), 0));
		memcpy(out + at, &ip, sizeof(ip));
		at += sizeof(ip);
	} else {
		struct ip6_hdr ip6 = {.ip6_flow = htonl(6U << 28),
				      .ip6_plen = htons((uint16_t)size),
				      .ip6_nxt = (uint8_t)link->protocol,
				      .ip6_hlim = 64};

		memcpy(&ip6.ip6_src, link->source, 16);
		memcpy(&ip6.ip6_dst, link->target, 16);
		memcpy(out + at, &ip6, sizeof(ip6));
		at += sizeof(ip6);
	}
	memcpy(out + at, transport, size);
	return at + size;
}

void frame_link_open(struct frame_link *link, const char *netns, const char *protocol, const char *source,
		     const char *target, const char *device, const char *mac)
{
	struct sockaddr_ll *ll = &link->device;
	struct ifreq request = {0};

	link->protocol = strcmp(protocol, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	link->family = strchr(source, ':') ? AF_INET6 : AF_INET;
	errno = EINVAL;
	if (inet_pton(link->family, source, link->source) != 1 || inet_pton(link->family, target, link->target) != 1)
		frame_die("address");
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &link->mac[0], &link->mac[1], &link->mac[2], &link->mac[3],
		   &link->mac[4], &link->mac[5]) != 6)
		frame_die("hardware address");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	link->socket = frame_socket(netns, AF_PACKET, SOCK_RAW, 0);
	if (ioctl(link->socket, SIOCGIFHWADDR, &request) < 0)
		frame_die(device);
	memcpy(ll->sll_addr, request.ifr_hwaddr.sa_data, 6);
	if (ioctl(link->socket, SIOCGIFINDEX, &request) < 0)
		frame_die(device);
	ll->sll_family = AF_PACKET;
	ll->sll_ifindex = request.ifr_ifindex;
	ll->sll_halen = 6;
}

void frame_send(const struct frame_link *link, const unsigned char *frame, size_t size)
{
	while (sendto(link->socket, frame, size, 0, (const struct sockaddr *)&link->device, sizeof(link->device)) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN)
			frame_die("send");
		usleep(1000);
	}
}
