/* SPDX-License-Identifier: GPL-2.0-or-later */
/* decode_read.c - members of expressions. */
#include <string.h>
#include <linux/netfilter/nf_tables.h>

#include "base/mem.h"
#include "nft/decode_read.h"

uint32_t sg_read_u32(struct decode_reader *in, uint16_t type)
{
	uint32_t value = 0;

	if (sg_decode_u32(&in->attrs, type, &value, in->err) < 0)
		in->failed = true;
	return value;
}

uint64_t sg_read_u64(struct decode_reader *in, uint16_t type)
{
	uint64_t value = 0;

	if (sg_decode_u64(&in->attrs, type, &value, in->err) < 0)
		in->failed = true;
	return value;
}

uint8_t sg_read_register(struct decode_reader *in, uint16_t type)
{
	uint32_t number = sg_read_u32(in, type);

	if (number == NFT_REG_VERDICT)
		return SG_REG_VERDICT;
	if (number <= NFT_REG_4)
		return (uint8_t)((number - NFT_REG_1) * 4);
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (uint8_t)(number - NFT_REG32_00);
	if (!in->failed)
		sg_decode_malformed("register that does not exist", in->err);
	in->failed = true;
	return 0;
}

uint8_t sg_read_data_register(struct decode_reader *in, uint16_t type)
{
	uint8_t slot = sg_read_register(in, type);

	if (slot == SG_REG_VERDICT && !in->failed) {
		sg_decode_malformed("verdict register where there is data", in->err);
		in->failed = true;
		return 0;
	}
	return slot;
}

uint8_t sg_read_data(struct decode_reader *in, uint16_t type, uint8_t ret[SG_NFT_DATA_SIZE])
{
	struct attr_list list = sg_attr_nest(&in->attrs.at[type]);
	struct attr value;

	if (in->failed)
		return 0;
	if (!sg_decode_has(&in->attrs, type) || !sg_attr_next(&list, &value) || value.type != NFTA_DATA_VALUE ||
	    !value.size || value.size > SG_NFT_DATA_SIZE || list.left) {
		sg_decode_malformed("value missing or of a length that is not possible", in->err);
		in->failed = true;
		return 0;
	}
	memcpy(ret, value.data, value.size);
	return (uint8_t)value.size;
}

void sg_read_name(struct decode_reader *in, uint16_t type)
{
	char name[SG_NFT_NAME_SIZE];

	if (sg_decode_name(&in->attrs, type, name, in->err) < 0) {
		in->failed = true;
		return;
	}
	free(in->expr->name);
	in->expr->name = strdup(name);
	if (!in->expr->name) {
		sg_error_nomem(in->err);
		in->failed = true;
	}
}

bool sg_read_among(const struct decode_reader *in, uint64_t required, uint64_t optional)
{
	for (uint16_t type = 0; type < DECODE_ATTRS; type++) {
		bool has = sg_decode_has(&in->attrs, type);

		if (has ? !((required | optional) & DECODE_BIT(type)) : (required & DECODE_BIT(type)) != 0)
			return false;
	}
	return !in->attrs.unknown;
}
