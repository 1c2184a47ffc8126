/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frame.h - Ethernet frames with one TCP SYN or one empty UDP datagram, and the socket that sends them. */
#ifndef TESTS_FRAME_H
#define TESTS_FRAME_H

#include <linux/if_packet.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_SIZE        128 /* no frame is longer */
#define FRAME_SOURCE_PORT 40000

struct frame_link {
	int family, protocol;                 /* AF_INET or AF_INET6; IPPROTO_TCP or IPPROTO_UDP */
	unsigned char source[16], target[16]; /* addresses */
	unsigned char mac[6];                 /* of the target */
	struct sockaddr_ll device;            /* that sends */
	int socket;
};

/* Ends the program with what failed and errno. */
_Noreturn void frame_die(const char *what);
/* A socket in the network namespace at a path; with large buffers. */
int frame_socket(const char *netns, int family, int type, int protocol);
/* From words: "tcp" or "udp", two addresses of one family, a device in the namespace, a hardware address. */
void frame_link_open(struct frame_link *link, const char *netns, const char *protocol, const char *source,
		     const char *target, const char *device, const char *mac);
/* A frame to a port, checksums included; its size. */
size_t frame_write(const struct frame_link *link, uint16_t port, unsigned char frame[FRAME_SIZE]);
void frame_send(const struct frame_link *link, const unsigned char *frame, size_t size);

#endif
