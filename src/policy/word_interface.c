/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * word_interface.c - names of interfaces.
 *
 * A name that no interface can have never matches, so it is an error. Some names that the kernel would take are how
 * other firewalls write a wildcard, a list, an exception or an address. They are refused, too: taken as a name they
 * would match nothing, and without a word.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "policy/word.h"
#include "sockgate/addr.h"

#define HINT_SIZE 160

/* What is wrong with it, in the order in which it is looked for. */
struct word_interface {
	const char *text;
	size_t size;
	char hint[HINT_SIZE];
};

static void interface_say(struct word_interface *word, const char *hint)
{
	snprintf(word->hint, sizeof(word->hint), "%s", hint);
}

/* The bytes of the text that may begin a name: letters, digits and the signs that names have. */
static size_t interface_stem(const char *text)
{
	size_t size = 0;

	while (sg_word_is_alphanumeric(text[size]) || (text[size] && strchr("-_.", text[size])))
		size++;
	return size < 15 ? size : 15;
}

/* "eth0,eth1", "eth0 eth1", "eth0|eth1": the names are put into a list. False: they are none. */
static bool interface_is_list(struct word_interface *word)
{
	static const char between[] = " ,;|\t\n";
	size_t used, names = 0;
	const char *at = word->text;

	used = (size_t)snprintf(word->hint, sizeof(word->hint), "write a list: [");
	while (*at) {
		size_t size = interface_stem(at);

		size += at[size] == '*';
		if (!size || (at[size] && !strchr(between, at[size])))
			return false;
		if (used + size + 8 < sizeof(word->hint))
			used += (size_t)snprintf(word->hint + used, sizeof(word->hint) - used, "%s%s%.*s%s",
						 names ? ", " : "", at[size - 1] == '*' ? "\"" : "", (int)size, at,
						 at[size - 1] == '*' ? "\"" : "");
		names++;
		at += size;
		at += strspn(at, between);
	}
	snprintf(word->hint + used, sizeof(word->hint) - used, "]");
	return names > 1;
}

/* "52:54:00:12:34:56", as Ethernet has addresses. */
static bool interface_is_ethernet(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

		if (i % 3 == 2 ? c != ':' : !hex)
			return false;
	}
	return size == 17;
}

static bool interface_is_address(const struct word_interface *word)
{
	enum sg_family family;
	struct sg_range range;
	enum sg_addr_problem problem = sg_range_parse(word->text, word->size, &family, &range);

	return problem == SG_ADDR_OK || problem == SG_ADDR_HOST_BITS || interface_is_ethernet(word->text, word->size);
}

static bool interface_is_exception(const char *text)
{
	return *text == '!' || *text == '^' || *text == '~' || !strncasecmp(text, "not ", 4);
}

/* "eth+", "eth?", "eth[0-9]", "eth%d", "eth.*", "eth0..3": wildcards of others. */
static bool interface_is_wildcard(struct word_interface *word)
{
	size_t stem = interface_stem(word->text);
	const char *rest = word->text + stem, *dots = strstr(word->text, "..");
	bool plus = word->size > 0 && word->text[word->size - 1] == '+';

	if (!plus && !strpbrk(word->text, "?[]{}()\\$%") && !(dots && dots > word->text && dots[2]))
		return false;
	if (dots && dots < rest)
		stem = (size_t)(dots - word->text);
	while (stem && (plus ? 0 : dots && word->text[stem - 1] >= '0' && word->text[stem - 1] <= '9'))
		stem--;
	if (!stem)
		interface_say(word, "leave 'interface' out for every interface, or name them in a list: [eth0, eth1]");
	else
		snprintf(word->hint, sizeof(word->hint),
			 "write \"%.*s*\" for all names that begin so, or a list: [%.*s0, %.*s1]", (int)stem,
			 word->text, (int)stem, word->text, (int)stem, word->text);
	return true;
}

/* "eth0:1", "eth0@if7": what stands behind is not a part of the name. */
static bool interface_is_marked(struct word_interface *word)
{
	size_t stem = interface_stem(word->text);
	char mark = word->text[stem];

	if (!stem || (mark != ':' && mark != '@'))
		return false;
	if (mark == '@')
		snprintf(word->hint, sizeof(word->hint),
			 "write %.*s: behind the '@', ip shows the interface that it belongs to", (int)stem,
			 word->text);
	else
		snprintf(word->hint, sizeof(word->hint),
			 "'%s' is the label of an address: write %.*s, and name the address by 'to'", word->text,
			 (int)stem, word->text);
	return true;
}

/* How others write what is no name. False: it may be one, as far as that goes. */
static bool interface_is_foreign(struct word_interface *word)
{
	static const char *const every[] = {"any", "all", "every", "-", "+"};

	for (size_t i = 0; i < SG_COUNT(every); i++) {
		if (strcasecmp(word->text, every[i]) != 0)
			continue;
		interface_say(word, "leave 'interface' out for every interface");
		return true;
	}
	if (interface_is_address(word)) {
		interface_say(word,
			      "that is an address: 'from' and 'to' name addresses, 'interface' an interface as eth0");
		return true;
	}
	if (interface_is_exception(word->text)) {
		interface_say(word,
			      "there is no \"all but\": name the interfaces that are meant, as in [eth0, \"br*\"]");
		return true;
	}
	if (strpbrk(word->text, " ,;|\t\n") && interface_is_list(word))
		return true;
	return interface_is_wildcard(word) || interface_is_marked(word);
}

bool sg_policy_takes_interface(const char *name)
{
	struct word_interface word = {.text = name, .size = strlen(name)};
	struct sg_range range;

	return !interface_is_foreign(&word) && sg_interface_possible(name, word.size) &&
	       !sg_doc_scan_text(name, word.size) && sg_interface_range(name, word.size, &range) &&
	       range.first == range.last;
}

bool sg_word_interface(struct reader *reader, uint32_t node, struct sg_range *ret)
{
	struct word_interface word = {.text = doc_text(&reader->doc, node), .size = doc_node(&reader->doc, node)->size};
	struct report_quote quote;

	if (interface_is_foreign(&word)) {
		reader_error(reader, node, "policy/bad-interface", "'%s' is not the name of an interface",
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, "%s", word.hint);
		return false;
	}
	if (!sg_interface_possible(word.text, word.size) || sg_doc_scan_text(word.text, word.size)) {
		reader_error(reader, node, "policy/bad-interface", "'%s' cannot be the name of an interface",
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader, memchr(word.text, '*', word.size)
					    ? "a '*' stands only at the end, for any characters"
					    : "as in eth0, wg0, \"br*\"");
		return false;
	}
	if (!sg_interface_range(word.text, word.size, ret)) {
		reader_error(reader, node, "policy/bad-interface", "'%s' is too long for the name of an interface",
			     sg_reader_quote(reader, node, &quote));
		reader_hint(reader,
			    "the kernel has at most %d characters; rules do not match alternative names, which may be "
			    "longer",
			    SG_INTERFACE_NAME_SIZE - 1);
		return false;
	}
	return true;
}
