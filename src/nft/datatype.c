/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/datatype.h"

static const struct datatype datatypes[] = {
	{DATATYPE_NF_PROTO, 1, 1, "nf_proto"},     {DATATYPE_IPV4_ADDR, 4, 2, "ipv4_addr"},
	{DATATYPE_IPV6_ADDR, 16, 2, "ipv6_addr"},  {DATATYPE_ETHER_ADDR, 6, 2, "ether_addr"},
	{DATATYPE_INET_PROTO, 1, 2, "inet_proto"}, {DATATYPE_INET_SERVICE, 2, 2, "inet_service"},
	{DATATYPE_ICMP_TYPE, 1, 2, "icmp_type"},   {DATATYPE_MARK, 4, 1, "mark"},
	{DATATYPE_CT_STATE, 4, 1, "ct_state"},     {DATATYPE_ICMPV6_TYPE, 1, 2, "icmpv6_type"},
	{DATATYPE_IFNAME, 16, 1, "ifname"},        {DATATYPE_CT_DIRECTION, 1, 1, "ct_dir"},
	{DATATYPE_CT_STATUS, 4, 1, "ct_status"},   {DATATYPE_TIME, 8, 1, "time"},
	{DATATYPE_CGROUP, 8, 1, "cgroupsv2"},
};

const struct datatype *sg_datatype_find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(datatypes) / sizeof(datatypes[0]); i++) {
		if (datatypes[i].number == number)
			return &datatypes[i];
	}
	return NULL;
}

size_t sg_datatype_split(uint32_t key_type, const struct datatype *ret_fields[DATATYPE_FIELDS])
{
	size_t count = 0;

	for (uint32_t rest = key_type; rest; rest >>= DATATYPE_BITS)
		count++;
	if (!count || count > DATATYPE_FIELDS)
		return 0;
	for (size_t i = count; i-- > 0; key_type >>= DATATYPE_BITS) {
		ret_fields[i] = sg_datatype_find(key_type & ((1U << DATATYPE_BITS) - 1));
		if (!ret_fields[i])
			return 0;
	}
	return count;
}
