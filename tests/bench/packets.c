/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packets.c - what a packet costs from the device to the verdict.
 *
 *     packets OUTER SOURCE TARGET DEVICE INNER-MAC PORT COUNT
 *
 * Sends COUNT UDP datagrams by a veth whose other end judges them. The receiving side runs in the sender's own time
 * (the veth hands the packet over, and the soft interrupt is served before the system call returns), so the time of a
 * send is the time of sending and judging. Prints nanoseconds per packet.
 */
#include "../system/frame.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	static struct frame_link link;
	unsigned char frame[FRAME_SIZE];
	struct timespec begin, end;
	cpu_set_t cpu;

	if (argc != 8) {
		fprintf(stderr, "usage: packets OUTER SOURCE TARGET DEVICE INNER-MAC PORT COUNT\n");
		return 2;
	}
	frame_link_open(&link, argv[1], "udp", argv[2], argv[3], argv[4], argv[5]);
	size_t size = frame_write(&link, (uint16_t)strtoul(argv[6], NULL, 10), frame);
	unsigned long count = strtoul(argv[7], NULL, 10);
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) < 0)
		frame_die("sched_setaffinity");
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned long i = 0; i < count; i++)
		frame_send(&link, frame, size);
	clock_gettime(CLOCK_MONOTONIC, &end);
	double elapsed = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);

	printf("%.1f\n", elapsed / (double)count);
	return fflush(stdout) != 0;
}
