/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check/prove.h"

/* Neighbours first, then pairs of pairs: each set takes part in as many unions as a balanced tree is high. */
int sg_prove_union(struct sg_idd *idd, sg_ref *sets, size_t count, sg_ref wanted, struct sg_error *err)
{
	sg_ref whole;

	for (size_t width = 1; width < count; width *= 2) {
		for (size_t i = 0; i + width < count; i += 2 * width) {
			bool disjoint = sg_idd_disjoint(idd, sets[i], sets[i + width]);
			sg_ref both = sg_idd_or(idd, sets[i], sets[i + width]);

			if (sg_idd_check(idd, both, err) < 0)
				return -1;
			if (!disjoint)
				return sg_error_set(err, SG_ERROR_UNPROVEN, 0,
						    "internal: two parts of an answer overlap");
			sets[i] = both;
		}
	}
	whole = count ? sets[0] : SG_IDD_EMPTY;
	if (sg_idd_check(idd, wanted, err) < 0 || sg_idd_check(idd, whole, err) < 0)
		return -1;
	if (whole == wanted)
		return 0;
	return sg_error_set(err, SG_ERROR_UNPROVEN, 0, "internal: the parts of an answer are not the whole of it");
}
