/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * learn_names.c - names that processes, units and interfaces were given by others, as a policy may hold them.
 *
 * In a comment anything but a line end would do; but what YAML refuses (control characters, what is not UTF-8) would
 * make the policy unreadable, and what turns the direction of writing would make it read otherwise than it is.
 */
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "check/learn.h"
#include "policy/doc.h"

#define NAME_MOST 64 /* bytes of one name */

/* Bytes of the code point at text, or 0 when a policy may not hold it, also not in a comment. */
static size_t names_point(const char *text, size_t size)
{
	size_t offset;

	for (size_t length = 1; length <= 4 && length <= size; length++) {
		if (sg_text_utf8(text, length, &offset))
			return sg_doc_scan_text(text, length) ? 0 : length;
	}
	return 0;
}

/* Adds to a text with room for `room` bytes and a NUL; what a policy may not hold becomes \xNN. */
static void names_add(char *buf, size_t room, const char *text)
{
	size_t used = strlen(buf), size = strlen(text), most = used + NAME_MOST < room ? used + NAME_MOST : room,
	       length;

	for (size_t i = 0; i < size; i += length) {
		char piece[8];
		size_t count = names_point(text + i, size - i);

		length = count ? count : 1;
		if (count)
			snprintf(piece, sizeof(piece), "%.*s", (int)count, text + i);
		else
			snprintf(piece, sizeof(piece), "\\x%02x", (unsigned char)text[i]);
		if (used + strlen(piece) + strlen("…") > most) {
			memcpy(buf + used, "…", sizeof("…"));
			return;
		}
		memcpy(buf + used, piece, strlen(piece) + 1);
		used += strlen(piece);
	}
}

/* "nginx.service (nginx)", "container 0123456789ab (node)", "process sshd". */
void sg_learn_owner(const struct sg_owner *owner, uint32_t uid, struct learn_owner *ret)
{
	size_t room = sizeof(ret->text) - 1;
	char process[sizeof(owner->process) + 1] = "", id[13] = "";

	memset(ret, 0, sizeof(*ret));
	snprintf(process, sizeof(process), "%.*s", (int)sizeof(owner->process), owner->process);
	if (owner->container) {
		bool digest = strlen(owner->container) == 64;

		/* twelve digits of an id say as much as sixty-four */
		snprintf(id, sizeof(id), "%.12s", owner->container);
		names_add(ret->text, room, "container ");
		names_add(ret->text, room, digest ? id : owner->container);
	} else if (owner->unit) {
		names_add(ret->text, room, owner->unit);
	} else if (*process) {
		names_add(ret->text, room, "process ");
		names_add(ret->text, room, process);
		return;
	} else {
		snprintf(ret->text, sizeof(ret->text), "process not known, user id %u", uid);
		return;
	}
	if (!*process)
		return;
	names_add(ret->text, room, " (");
	names_add(ret->text, room, process);
	names_add(ret->text, room, ")");
}

bool sg_learn_sayable(const char *interface)
{
	size_t size = strnlen(interface, SG_INTERFACE_NAME_SIZE), length;

	for (size_t i = 0; i < size; i += length) {
		length = names_point(interface + i, size - i);
		if (!length)
			return false;
	}
	return size < SG_INTERFACE_NAME_SIZE && sg_policy_takes_interface(interface);
}
