/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.c - sends a recorded nf_tables batch, and nothing else: the least that loading it can cost.
 *
 *     replay FILE
 *
 * The batch's tie to a ruleset generation (NFNL_BATCH_GENID) is taken off. Waits until the kernel echoes the commit
 * (the recorded batch asks for it) and prints the milliseconds from the first system call to then.
 */
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* where BEGIN's first attribute stands, and its value */
#define ATTR_AT  (sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg))
#define VALUE_AT (ATTR_AT + sizeof(struct nlattr))

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "replay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static char *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	char *data = NULL;
	long size;

	if (!file || fseek(file, 0, SEEK_END) < 0 || (size = ftell(file)) < 28 || fseek(file, 0, SEEK_SET) < 0)
		die(path);
	data = malloc((size_t)size);
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
		die(path);
	fclose(file);
	*ret_size = (size_t)size;
	return data;
}

/* BEGIN is a header, a struct nfgenmsg and perhaps the generation's attribute; generation 0 is not checked. */
static void untie(char *batch)
{
	struct nlmsghdr begin;
	struct nlattr attr;

	memcpy(&begin, batch, sizeof(begin));
	if (begin.nlmsg_len < VALUE_AT + 4)
		return;
	memcpy(&attr, batch + ATTR_AT, sizeof(attr));
	if (attr.nla_type == NFNL_BATCH_GENID)
		memset(batch + VALUE_AT, 0, 4);
}

/* Reads until the commit's NEWGEN, or an error. */
static void wait_for_commit(int fd)
{
	static char buffer[1 << 17];

	for (;;) {
		ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
		size_t left = size > 0 ? (size_t)size : 0;

		if (size < 0)
			die("recv");
		for (const struct nlmsghdr *h = (const void *)buffer; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			struct nlmsgerr error = {0};

			if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
				return;
			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			memcpy(&error, NLMSG_DATA(h), sizeof(error));
			errno = -error.error;
			if (error.error)
				die("the kernel refused the batch");
		}
	}
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	size_t size;

	if (argc != 2) {
		fprintf(stderr, "usage: replay FILE\n");
		return 2;
	}
	char *batch = read_file(argv[1], &size);

	untie(batch);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), room = 1 << 30;
	struct timeval patience = {60, 0};

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		die("socket");
	if (send(fd, batch, size, 0) != (ssize_t)size)
		die("send");
	wait_for_commit(fd);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.3f\n", (double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6);
	free(batch);
	return fflush(stdout) != 0;
}
