#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line: help, mistakes, options in any place, completion.

load common

verbs="check diff apply verify status listening explain show learn services clear help"

@test "help names every verb, and every verb has help with an example" {
	run -0 --separate-stderr gate --help
	[ -z "$stderr" ]
	for verb in $verbs; do
		[[ $output == *$'\n  '"$verb "* ]]
	done
	for verb in $verbs; do
		run -0 --separate-stderr gate "$verb" --help
		[ -z "$stderr" ]
		[[ ${lines[0]} == "sockgate $verb - "* ]]
		[[ $output == *"Usage: sockgate"*" $verb "* ]]
		[[ $output == *$'Examples:\n  sockgate '"$verb"* ]]
		[ "$(gate --help "$verb")" = "$output" ]
		[ "$(gate -h "$verb")" = "$output" ]
	done
}

@test "the help is what the options are: every one that is listed is taken, and no line is wider than 120" {
	for verb in $verbs; do
		gate --help >help
		gate "$verb" --help >>help
		run ! grep -nE '^.{121,}' help
		grep -oE -- '--[a-z][a-z-]+' help | sort -u >options
		[ "$(wc -l <options)" -ge 10 ]
		while read -r option; do
			# --help ends the program before anything is done
			run gate "$verb" "$option" --help
			[[ $output != *"unknown option"* && $output != *"not supported"* ]]
		done < <(gate "$verb" --help | grep -oE -- '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+')
	done
}

@test "version" {
	run -0 --separate-stderr gate --version
	[[ $output =~ ^sockgate\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$(gate -V)" = "$output" ]
}

@test "nothing asked, or nonsense: exit code 2, standard error says what, standard output nothing" {
	expect() {
		local text=$1
		shift
		run -2 --separate-stderr gate "$@"
		[ -z "$output" ]
		[ "$stderr" = "sockgate: error: $text" ] || { echo "$stderr"; return 1; }
	}
	expect "no verb, see 'sockgate --help'"
	expect "unknown verb 'chekc', did you mean 'check'?" chekc
	expect "unknown verb 'lisening', did you mean 'listening'?" lisening
	# as other tools call it
	expect "unknown verb 'reload', did you mean 'apply'?" reload
	expect "unknown verb 'list', did you mean 'show'?" list
	expect "unknown verb 'validate', did you mean 'check'?" help validate
	expect "unknown verb 'frobnicate', see 'sockgate --help'" frobnicate
	expect "unknown verb '', see 'sockgate --help'" ""
	expect "unknown option '--polcy', did you mean '--policy'?" check --polcy x
	expect "unknown option '--polcy', did you mean '--policy'?" --polcy=x check
	expect "unknown option '--frobnicate'" check --frobnicate
	expect "unknown option '-x'" check -x
	expect "unknown option '-x'" -qx check
	expect "option '--policy' wants an argument" check --policy
	expect "option '-f' wants an argument" check -f
	expect "option '--json' takes no argument" check --json=yes
	expect "option '--color' takes auto|always|never, not 'blue'" check --color=blue
	expect "option '--color' takes auto|always|never, not ''" check --color=
	expect "'check' has no option '--from'; 'explain' has" check --from 192.0.2.1
	expect "option '--from' stands behind its verb: sockgate explain --from" --from 192.0.2.1 explain
	expect "'apply' does not take 'now'" apply policy.yaml now
	expect "'clear' does not take 'now'" clear now
	expect "'help' does not take 'diff'" help check diff
	expect "unknown verb 'chekc', did you mean 'check'?" help chekc
	expect "'diff' does not take 'c'" diff a b c
	expect "unknown protocol '%n%s'" explain %n%s
}

@test "what a later version will have says so, and is not in the help" {
	gate --help >help
	for verb in confirm rollback import open close leases watch; do
		run -2 gate $verb
		[ "$output" = "sockgate: error: '$verb' is not supported yet" ]
		run ! grep -qw "^  $verb" help
	done
	for words in "apply --confirm 60s"; do
		# shellcheck disable=SC2086
		run -2 gate $words
		[[ $output == *"' is not supported yet" ]]
		verb=${words%% *} option=${words#*--}
		run ! grep -qF -- "--${option%% *}" <(gate "$verb" --help)
	done
}

@test "global options stand before and after the verb" {
	web_policy
	mv policy.yaml other.yaml
	for words in "-f other.yaml -j check" "check -f other.yaml -j" "-j check --policy other.yaml" \
		"check --json --policy=other.yaml" "-jf other.yaml check" "check -jfother.yaml" "-j check -- other.yaml"; do
		# shellcheck disable=SC2086
		run -0 gate $words
		json '.ok and .verb == "check"'
	done
}

@test "help is a verb, too" {
	[ "$(gate help)" = "$(gate --help)" ]
	for verb in $verbs; do
		[ "$(gate help "$verb")" = "$(gate "$verb" --help)" ]
	done
}

@test "the policy may stand behind the verb, and is named once" {
	web_policy
	mv policy.yaml other.yaml
	[ "$(gate show other.yaml)" = "$(gate -f other.yaml show)" ]
	[ "$(gate show - <other.yaml)" = "$(gate -f - show <other.yaml)" ]
	for verb in apply verify status show; do
		run -2 --separate-stderr gate $verb other.yaml -f another.yaml
		[ "$stderr" = "sockgate: error: two policies are named: 'other.yaml' and, with --policy, 'another.yaml'" ]
		run -2 --separate-stderr gate -f another.yaml $verb other.yaml
		[ "$stderr" = "sockgate: error: two policies are named: 'other.yaml' and, with --policy, 'another.yaml'" ]
	done
	for verb in apply verify show; do
		run ! --separate-stderr gate $verb missing.yaml
		[[ $stderr == *"missing.yaml"* ]]
	done
	run -2 --separate-stderr gate show --kernel other.yaml
	[ "$stderr" = "sockgate: error: --kernel shows what the kernel holds, and reads no policy" ]
}

@test "usage errors are JSON when JSON was asked for, wherever" {
	for words in "-j chekc" "chekc --json" "check -j --frobnicate" "check --frobnicate -j" "explain --json 22/"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr gate $words
		json '.format_version == "1.0" and .error.kind == "input" and (.error.message | length > 0)'
		[[ $stderr == "sockgate: error: "* ]]
	done
}

@test "without arguments' names at all" {
	run -2 /usr/bin/python3 -c 'import ctypes, sys
ctypes.CDLL(None).execve(sys.argv[1].encode(), (ctypes.c_char_p * 1)(None), (ctypes.c_char_p * 1)(None))' "$SOCKGATE"
	[[ $output == *"no verb"* ]]
}

@test "bash completes verbs, options, choices and files" {
	gate --completion bash >completion
	bash -n completion
	complete_words() {
		bash -c '. ./completion
			COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
			_sockgate
			printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort
	}
	touch policy.yaml
	[ "$(complete_words sockgate li)" = listening ]
	[ "$(complete_words sockgate --ver)" = "$(printf '%s\n' --verbose --version)" ]
	[ "$(complete_words sockgate explain --fr)" = --from ]
	[ "$(complete_words sockgate check --fr)" = "" ]
	[ "$(complete_words sockgate show --format '')" = "$(printf '%s\n' json nft summary)" ]
	[ "$(complete_words sockgate check pol)" = policy.yaml ]
	[ "$(complete_words sockgate -f pol)" = policy.yaml ]
	[ "$(complete_words sockgate apply pol)" = policy.yaml ]
	[ "$(complete_words sockgate help exp)" = explain ]
}

@test "the scripts for zsh and fish name every verb and are taken by these shells" {
	for shell in zsh fish; do
		gate --completion $shell >script
		for verb in $verbs; do
			grep -qw "$verb" script
		done
		! command -v $shell >/dev/null || $shell -n script
	done
}
