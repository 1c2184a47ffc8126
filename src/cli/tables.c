/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of verbs and options: all that the command line knows. */
#include "cli/options.h"

#include "base/mem.h"
#include "cli/verbs.h"

/* The order of the verbs in the table. */
enum verb_number { CHECK, DIFF, APPLY, VERIFY, STATUS, LISTENING, EXPLAIN, SHOW, LEARN, SERVICES, CLEAR, HELP };
#define OF(verb) (1U << (verb))

// clang-format off
const struct verb verbs[] = {
	[CHECK] = {
		"check", "[FILE…]", 0, 10000, "read a policy, report every error in it, prove its own tests",
		"Reads the policy (or each FILE), warns of what may not be meant (--list-lints), and proves the policy's own\n"
		"tests for every packet that they speak of. Touches nothing and needs no rights.",
		"sockgate check\n"
		"sockgate check policies/*.yaml\n"
		"sockgate check --explain interface",
		verb_check, true, true,
	},
	[DIFF] = {
		"diff", "[OLD] [NEW]", 0, 2, "say which packets would be decided otherwise",
		"Without a file: from what the kernel does now to the policy. With one file: from the kernel to that file.\n"
		"With two files: from OLD to NEW, which needs no rights. Then the listening sockets whose reach changes, and\n"
		"the live connections that the change would cut off. Exits with 1 when there is a difference.",
		"sockgate diff\n"
		"sockgate diff old.yaml new.yaml",
		verb_diff, true, false,
	},
	[APPLY] = {
		"apply", "[FILE]", 0, 1, "load the policy into the kernel and prove that it holds",
		"Checks the policy, proves its tests, loads it without losing a packet on its way, reads the rules back,\n"
		"and proves that they decide as the policy does. Touches no table but its own. Refuses a policy that would\n"
		"not let in the SSH connection it is run from, unless --force is given; warns of other connections that\n"
		"are cut off.",
		"sockgate apply --dry-run\n"
		"sockgate apply\n"
		"sockgate apply next.yaml",
		verb_apply, true, true,
	},
	[VERIFY] = {
		"verify", "[FILE]", 0, 1, "compare the policy, the kernel's rules and the listening sockets",
		"Proves that the kernel's rules decide as the policy does, looks every listening socket up in both, and\n"
		"reports what does not fit, the worst first. Exits with 1 when there are findings, with 4 when the answer\n"
		"could not be proven.",
		"sockgate verify\n"
		"sockgate verify --json | jq '.findings[]'",
		verb_verify, false, true,
	},
	[STATUS] = {
		"status", "[FILE]", 0, 1, "say whether the policy is in force",
		"The first line says it all. Exits with 0 when the policy is enforced, with 1 when it is not.",
		"sockgate status",
		verb_status, false, true,
	},
	[LISTENING] = {
		"listening", "", 0, 0, "list every listening socket, who holds it and who can reach it",
		"Who can reach a socket is judged by the rules in the kernel. Without the rights to read them that column\n"
		"is left open; without the rights to look at other users' processes so are their names.",
		"sockgate listening",
		verb_listening, false, false,
	},
	[EXPLAIN] = {
		"explain", "[PORT/PROTO]", 0, 1, "say what happens to a packet, and which line decides it",
		"The packet is the first of a new connection to this host, or with --outbound from it, or with --published to\n"
		"one of its ports that is forwarded to a container. What is left open (--from, --to, --interface) means every\n"
		"value, loopback aside; where the verdict is not the same for all of them, the answer says for which it is what.\n"
		"With --stdin each line of standard input is a packet; those that leave begin with outbound, those to published\n"
		"ports with published:\n"
		"tcp 9100 from 192.0.2.9 to 198.51.100.20 interface eth1\n"
		"Exits with 0 when the packet is accepted, with 1 when it is not or depends, with 4 when it is undecided.",
		"sockgate explain 22/tcp\n"
		"sockgate explain https/tcp --from 192.0.2.9\n"
		"sockgate explain echo-request/icmp --kernel\n"
		"sockgate explain esp\n"
		"sockgate explain ssh\n"
		"sockgate explain smtp/tcp --outbound --to 203.0.113.9\n"
		"sockgate explain 8080/tcp --published",
		verb_explain, false, false,
	},
	[SHOW] = {
		"show", "[FILE]", 0, 1, "print the rules that the policy becomes, or the kernel's",
		"The nft format is a file for nft -f. What the kernel holds is shown with --kernel.",
		"sockgate show\n"
		"sockgate show --kernel --format summary",
		verb_show, false, true,
	},
	[LEARN] = {
		"learn", "", 0, 0, "draft a policy from the sockets that listen now",
		"A commented policy on standard output that allows what other hosts could reach, as narrow as the sockets are,\n"
		"and nothing else. Go through it before it is used: it knows what listens, not what should. Touches nothing and\n"
		"needs no rights; without those to look at other users' processes their names are missing.",
		"sockgate learn\n"
		"sockgate learn -o policy.yaml && sockgate check policy.yaml && sockgate -f policy.yaml diff",
		verb_learn, false, false,
	},
	[SERVICES] = {
		"services", "[NAME|PORT]", 0, 1, "list the service names that a policy may use, and their ports",
		"What is built in: the registered names of common services, and those that people use for them. Ports need no\n"
		"name: a number is always right, and 'services' in a policy gives names of your own. With a NAME or a PORT (or\n"
		"PORT/PROTOCOL) only what has it. The file /etc/services of this host is not read.\n"
		"Exits with 1 when no name has the port, with 2 when the name is not known.",
		"sockgate services\n"
		"sockgate services postgres\n"
		"sockgate services 443/udp",
		verb_services, false, false,
	},
	[CLEAR] = {
		"clear", "", 0, 0, "take sockgate's table out of the kernel: every port is then open",
		"Asks first on a terminal; elsewhere it wants --force. Other tables are left as they are.",
		"sockgate clear --force",
		verb_clear, false, false,
	},
	[HELP] = {
		"help", "[VERB]", 0, 1, "explain a verb, or list them all",
		"The same as --help behind a verb.",
		"sockgate help\n"
		"sockgate help explain",
		verb_help, false, false,
	},
};
const size_t verb_count = SG_COUNT(verbs);

#define AT(field) offsetof(struct options, field)
#define ON_KERNEL (OF(EXPLAIN) | OF(SHOW))

const struct option_row option_rows[] = {
	{0, "explain", OPTION_TEXT, AT(key), "KEY", 0, OF(CHECK), "explain a key of the policy language, and read nothing"},
	{0, "schema", OPTION_FLAG, AT(schema), NULL, 0, OF(CHECK), "print a JSON Schema of policies, for editors, and read nothing"},
	{0, "sarif", OPTION_FLAG, AT(sarif), NULL, 0, OF(CHECK), "report as SARIF 2.1.0, for code forges"},
	{0, "list-lints", OPTION_FLAG, AT(list_lints), NULL, 0, OF(CHECK), "list what is warned of, and read nothing"},
	{'n', "dry-run", OPTION_FLAG, AT(dry_run), NULL, 0, OF(APPLY), "only say what would change, as diff does"},
	{0, "force", OPTION_FLAG, AT(force), NULL, 0, OF(APPLY) | OF(LEARN) | OF(CLEAR),
	 "go on where the program would refuse or ask"},
	{0, "outbound", OPTION_FLAG, AT(outbound), NULL, 0, OF(EXPLAIN), "a packet that leaves this host"},
	{0, "published", OPTION_FLAG, AT(published), NULL, 0, OF(EXPLAIN),
	 "a packet to a port of this host that is published: forwarded to a container"},
	{0, "from", OPTION_TEXT, AT(from), "ADDRESS", 0, OF(EXPLAIN), "the packet's source"},
	{0, "to", OPTION_TEXT, AT(to), "ADDRESS", 0, OF(EXPLAIN), "the address that it is sent to"},
	{0, "interface", OPTION_TEXT, AT(interface), "NAME", 0, OF(EXPLAIN), "the interface that it comes in by, or leaves by"},
	{0, "stdin", OPTION_FLAG, AT(stdin_packets), NULL, 0, OF(EXPLAIN), "read packets from standard input, one a line"},
	{0, "kernel", OPTION_FLAG, AT(kernel), NULL, 0, ON_KERNEL, "ask the rules in the kernel, not the policy"},
	{0, "format", OPTION_CHOICE, AT(format), "nft|json|summary", SHOW_NFT, OF(SHOW), "what to print (nft)"},
	{'o', "output", OPTION_TEXT, AT(output), "FILE", 0, OF(LEARN),
	 "write the policy to a new file; with --force, over an old one"},
	{0, "confirm", OPTION_TEXT, 0, "TIME", 0, OF(APPLY), NULL},
	{0, "boot", OPTION_FLAG, AT(boot), NULL, 0, OF(APPLY), "as the machine starts: a date that has passed and a test that fails are no\n"
	 "errors; a policy that cannot be loaded leaves the former one in force, or lets only SSH in"},
	{0, "lockdown", OPTION_FLAG, AT(lockdown), NULL, 0, OF(APPLY),
	 "let only SSH in, unless a policy is in force; reads no policy"},
	{'f', "policy", OPTION_TEXT, AT(policy), "FILE", 0, OPTION_GLOBAL,
	 "the policy (" DEFAULT_POLICY "); - is standard input"},
	{'j', "json", OPTION_FLAG, AT(json), NULL, 0, OPTION_GLOBAL, "answer with one JSON object"},
	{'q', "quiet", OPTION_FLAG, AT(quiet), NULL, 0, OPTION_GLOBAL, "say only what is wrong or may be; the exit code answers"},
	{'v', "verbose", OPTION_FLAG, AT(verbose), NULL, 0, OPTION_GLOBAL, "say more"},
	{0, "all", OPTION_FLAG, AT(all), NULL, 0, OPTION_GLOBAL, "do not fold long lists"},
	{0, "color", OPTION_CHOICE, AT(colour), "auto|always|never", COLOUR_AUTO, OPTION_GLOBAL,
	 "colours (auto: on a terminal, unless NO_COLOR is set)"},
	{0, "netns", OPTION_TEXT, AT(netns), "NAME|PID|PATH", 0, OPTION_GLOBAL, "act in that network namespace"},
	{0, "insecure-permissions", OPTION_FLAG, AT(insecure), NULL, 0, OPTION_GLOBAL,
	 "take policy files that others may write, even as root"},
	{0, "completion", OPTION_CHOICE, AT(completion), "bash|zsh|fish", SHELL_BASH, OPTION_GLOBAL,
	 "print a completion script for that shell"},
	{'h', "help", OPTION_FLAG, AT(help), NULL, 0, OPTION_GLOBAL, "help, of a verb when one is given"},
	{'V', "version", OPTION_FLAG, AT(version), NULL, 0, OPTION_GLOBAL, "the program's version"},
};
// clang-format on
const size_t option_row_count = SG_COUNT(option_rows);
