/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format is that of sshd_config(5): a keyword in any case, blanks or one '=', the value, perhaps in quotes. */
#include "cli/sshd.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"

#define CONFIG   "/etc/ssh/sshd_config"
#define DROP_INS "/etc/ssh/sshd_config.d/*.conf"
#define LARGEST  ((size_t)1 << 20) /* bytes of a file */
#define BLANKS   " \t\r\f\""
#define SSH_PORT 22

static void add_port(uint64_t port, uint16_t ret[SSHD_PORTS_MAX], size_t *count)
{
	size_t at = 0;

	while (at < *count && ret[at] < port)
		at++;
	if (port == 0 || port == SSH_PORT || *count == SSHD_PORTS_MAX || (at < *count && ret[at] == port))
		return;
	memmove(ret + at + 1, ret + at, (*count - at) * sizeof(*ret));
	ret[at] = (uint16_t)port;
	++*count;
}

/* The port in "HOST:PORT" or "[ADDRESS]:PORT"; NULL: it has none. An address with more colons has no port. */
static const char *port_of_address(const char *value, size_t length)
{
	const char *bracket = memchr(value, ']', length), *colon;

	if (bracket)
		return bracket + 1 < value + length && bracket[1] == ':' ? bracket + 2 : NULL;
	colon = memchr(value, ':', length);
	if (!colon || memchr(colon + 1, ':', length - (size_t)(colon + 1 - value)))
		return NULL;
	return colon + 1;
}

static void read_line(const char *line, size_t length, uint16_t ret[SSHD_PORTS_MAX], size_t *count)
{
	const char *end = line + length, *value, *port = NULL;
	size_t word, size;
	uint64_t number;

	line += strspn(line, BLANKS);
	word = strcspn(line, BLANKS "=\n#");
	if (line + word >= end)
		return;
	value = line + word + strspn(line + word, BLANKS "=");
	size = value < end ? strcspn(value, BLANKS "\n#") : 0;
	if (word == strlen("Port") && !strncasecmp(line, "Port", word))
		port = value;
	else if (word == strlen("ListenAddress") && !strncasecmp(line, "ListenAddress", word) && size)
		port = port_of_address(value, size);
	if (port && port < value + size && sg_num_parse(port, (size_t)(value + size - port), UINT16_MAX, &number))
		add_port(number, ret, count);
}

void sshd_ports_of(const char *text, uint16_t ret[SSHD_PORTS_MAX], size_t *count)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		read_line(text, length, ret, count);
		text += length + (text[length] == '\n');
	}
}

static void read_config(const char *path, uint16_t ret[SSHD_PORTS_MAX], size_t *count)
{
	const struct sg_file_rules rules = {.max_size = LARGEST, .trusted_only = true, .no_made_up = true};
	sg_autofree char *text = NULL;
	size_t size;

	if (sg_file_read(path, &rules, &text, &size, NULL) == 0)
		sshd_ports_of(text, ret, count);
}

size_t sshd_ports(uint16_t ret[SSHD_PORTS_MAX])
{
	glob_t found = {0};
	size_t count = 0;

	read_config(CONFIG, ret, &count);
	if (glob(DROP_INS, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			read_config(found.gl_pathv[i], ret, &count);
	globfree(&found);
	return count;
}
