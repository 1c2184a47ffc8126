#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints the generation of the nf_tables ruleset of the network namespace that it runs in (NFT_MSG_GETGEN)."""
import socket
import struct

NETLINK_NETFILTER = 12
NFT_MSG_GETGEN = (10 << 8) | 16
NFTA_GEN_ID = 1
NLMSG_ERROR = 2


def main():
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    sock.send(struct.pack("=IHHIIBBH", 20, NFT_MSG_GETGEN, 1, 1, 0, 0, 0, 0))
    answer = sock.recv(65536)
    if struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR:
        raise SystemExit("GETGEN refused: errno %d" % -struct.unpack_from("=i", answer, 16)[0])
    offset = 20
    while offset + 4 <= len(answer):
        length, kind = struct.unpack_from("=HH", answer, offset)
        if kind == NFTA_GEN_ID:
            print(struct.unpack_from(">I", answer, offset + 4)[0])
            return
        offset += (length + 3) & ~3
    raise SystemExit("no generation in the answer")


main()
