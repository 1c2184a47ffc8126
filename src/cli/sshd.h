/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sshd.h - the ports on which the SSH server of this host is to listen, as its configuration says. */
#ifndef SG_CLI_SSHD_H
#define SG_CLI_SSHD_H

#include <stddef.h>
#include <stdint.h>

#define SSHD_PORTS_MAX 16

/*
 * The ports that `Port` and `ListenAddress` name in /etc/ssh/sshd_config and in the files NAME.conf of
 * /etc/ssh/sshd_config.d, in ascending order, each once. Returns how many. The configuration is read because nothing listens
 * yet before the network is up. A file that does not exist, cannot be read, or that others than root may change is passed
 * over, as is a line that is not understood. Port 22, sshd's default, is left out.
 */
size_t sshd_ports(uint16_t ret[SSHD_PORTS_MAX]);
/* The same from the text of one file: adds to the *count ports of ret. */
void sshd_ports_of(const char *text, uint16_t ret[SSHD_PORTS_MAX], size_t *count);

#endif
