/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <string.h>
#include <linux/netlink.h>

#include "nft/attr.h"

bool sg_attr_next(struct attr_list *list, struct attr *ret)
{
	struct nlattr header;

	if (!list->left || list->torn)
		return false;
	if (list->left < sizeof(header))
		goto torn;
	memcpy(&header, list->at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > list->left)
		goto torn;

	size_t step = ((size_t)header.nla_len + NLA_ALIGNTO - 1) & ~(size_t)(NLA_ALIGNTO - 1);

	*ret = (struct attr){
		.type = header.nla_type & (uint16_t)NLA_TYPE_MASK,
		.data = list->at + sizeof(header),
		.size = header.nla_len - sizeof(header),
	};
	if (step > list->left)
		step = list->left;
	list->at += step;
	list->left -= step;
	return true;
torn:
	list->torn = true;
	return false;
}

uint32_t sg_attr_be32(const struct attr *attr)
{
	uint32_t number;

	memcpy(&number, attr->data, sizeof(number));
	return be32toh(number);
}

uint64_t sg_attr_be64(const struct attr *attr)
{
	uint64_t number;

	memcpy(&number, attr->data, sizeof(number));
	return be64toh(number);
}

size_t sg_attr_string(const struct attr *attr, size_t max)
{
	size_t length = strnlen((const char *)attr->data, attr->size);

	if (length >= max || attr->size > length + 1)
		return 0;
	return length;
}

void sg_attr_text(const struct attr *attr, char *ret, size_t size)
{
	size_t length = strnlen((const char *)attr->data, attr->size);

	if (length >= size)
		length = size - 1;
	memcpy(ret, attr->data, length);
	ret[length] = '\0';
}
