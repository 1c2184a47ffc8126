/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "sockgate/kernel_local.h"

#define PORTS_PATH "/proc/sys/net/ipv4/ip_local_port_range" /* "32768\t60999\n"; holds for IPv6 too */

int sg_kernel_ephemeral_ports(uint16_t *ret_first, uint16_t *ret_last, struct sg_error *err)
{
	const struct sg_file_rules rules = {.max_size = 4096};
	sg_autofree char *text = NULL;
	size_t size, first_size, last_size;
	uint64_t first, last;
	const char *at;

	if (sg_file_read(PORTS_PATH, &rules, &text, &size, err) < 0)
		return sg_error_prefix(err, "'%s'", PORTS_PATH);
	first_size = strcspn(text, " \t");
	at = text + first_size + strspn(text + first_size, " \t");
	last_size = strcspn(at, "\n");
	if (!sg_num_parse(text, first_size, UINT16_MAX, &first) || !sg_num_parse(at, last_size, UINT16_MAX, &last) ||
	    first > last)
		return sg_error_set(err, SG_ERROR_SYSTEM, 0, "'%s' is not two ports", PORTS_PATH);
	*ret_first = (uint16_t)first;
	*ret_last = (uint16_t)last;
	return 0;
}
