/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood.c - sends UDP datagrams or TCP SYNs to two ports in turn, as fast as the device takes them, until its standard input ends.
 *
 *     flood OUTER udp|tcp SOURCE TARGET DEVICE INNER-MAC PORT PORT
 *
 * Prints how many were sent to each. It stops by itself after 20 minutes.
 */
#include "frame.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BETWEEN_LOOKS 128
#define LONGEST       1200 /* seconds */

int main(int argc, char **argv)
{
	static struct frame_link link;
	unsigned char frames[2][FRAME_SIZE];
	size_t sizes[2];
	unsigned long sent = 0;
	time_t begin = time(NULL);

	if (argc != 9) {
		fprintf(stderr, "usage: flood OUTER udp|tcp SOURCE TARGET DEVICE INNER-MAC PORT PORT\n");
		return 2;
	}
	frame_link_open(&link, argv[1], argv[2], argv[3], argv[4], argv[5], argv[6]);
	for (int i = 0; i < 2; i++)
		sizes[i] = frame_write(&link, (uint16_t)strtoul(argv[7 + i], NULL, 10), frames[i]);
	for (;;) {
		struct pollfd input = {STDIN_FILENO, POLLIN, 0};

		for (int i = 0; i < BETWEEN_LOOKS; i++) {
			frame_send(&link, frames[0], sizes[0]);
			frame_send(&link, frames[1], sizes[1]);
		}
		sent += BETWEEN_LOOKS;
		if (poll(&input, 1, 0) > 0 || time(NULL) - begin > LONGEST)
			break;
	}
	printf("%lu\n", sent);
	return fflush(stdout) != 0;
}
