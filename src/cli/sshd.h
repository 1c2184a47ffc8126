/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sshd.h - the ports on which the SSH server of this host is to listen, as its configuration says. */
#ifndef SG_CLI_SSHD_H
#define SG_CLI_SSHD_H

#include <stddef.h>
#include <stdint.h>

#define SSHD_PORTS_MAX 16

/*
 * The ports that `Port` and `ListenAddress` name in /etc/ssh/sshd_config and the files /etc/ssh/sshd_config.d/NAME.conf, sorted, each
 * once; how many. Configuration is what there is before the network: nothing listens yet. Files that are not there, not
 * readable or that others than root may change name none, and so do lines that are not understood. Port 22, which
 * sshd takes where no port is named, is left out. A port too many is one on which root wants SSH but none listens.
 */
size_t sshd_ports(uint16_t ret[SSHD_PORTS_MAX]);
/* The same from the text of one file: adds to the *count ports of ret. */
void sshd_ports_of(const char *text, uint16_t ret[SSHD_PORTS_MAX], size_t *count);

#endif
