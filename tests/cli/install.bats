#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is installed works where it is installed.

load common

setup_file() {
	export STAGE=$BATS_FILE_TMPDIR/stage
	DESTDIR=$STAGE cmake --install "${SOCKGATE_BUILD:-$BATS_TEST_DIRNAME/../../build/dev}" --prefix /usr >/dev/null
}

@test "program, library, headers, manual, examples, units and completion are where they belong" {
	cd "$STAGE/usr"
	"$STAGE/usr/sbin/sockgate" --version
	for file in share/bash-completion/completions/sockgate share/zsh/*/_sockgate \
		share/fish/vendor_completions.d/sockgate.fish share/man/man8/sockgate.8 lib/systemd/system/sockgate.service \
		include/sockgate/policy.h share/doc/sockgate/examples/web-server.yaml share/sockgate/policy.schema.json; do
		# shellcheck disable=SC2086
		[ -s $(echo $file) ] || { echo "no $file"; false; }
	done
	[ -n "$(find . -name libsockgate.a)" ]
	[ -n "$(find . -name 'libsockgate.so.*')" ]
	# nothing of the place where it was built
	run ! grep -rlF "$TOP" share lib/systemd include
}

# installed PREFIX: an installation in $PWD/root.
installed() {
	DESTDIR=$PWD/root cmake --install "$SOCKGATE_BUILD" --prefix "$1" >/dev/null
}

@test "what is installed names nothing that is not there, whatever the prefix" {
	for prefix in /usr /usr/local /opt/of/its/own; do
		rm -rf root
		installed $prefix
		grep -rhoE "(/usr|/opt|/etc/sockgate)[A-Za-z0-9/._*-]*" root$prefix/share/doc/sockgate root$prefix/share/man \
			root$prefix/lib/systemd root$prefix/share/bash-completion root$prefix/share/zsh root$prefix/share/fish |
			sed 's/\*.*//; s/[.]*$//' | sort -u >paths
		for path in $prefix/sbin/sockgate $prefix/share/sockgate/policy.schema.json /etc/sockgate/policy.d; do
			grep -q "^$path" paths
		done
		while read -r path; do
			case $path in
			/etc/sockgate/policy.yaml) continue ;; # the administrator's to write
			/etc/sockgate* | $prefix/*sockgate*) ;;
			*) [[ $path != *sockgate* ]] || { echo "$prefix: $path"; false; }; continue ;;
			esac
			[ -e "root$path" ] || { echo "$prefix: no $path"; false; }
		done <paths
		[ "$(stat -c %a root/etc/sockgate root/etc/sockgate/policy.d | sort -u)" = 755 ]
		[ -x root$prefix/sbin/sockgate ]
	done
	# a folder that is there keeps its mode, and its files
	rm -rf root
	mkdir -m 0750 -p root/etc/sockgate
	chmod 0750 root/etc/sockgate
	echo 'allow: {tcp: [22]}' >root/etc/sockgate/policy.yaml
	installed /usr
	[ "$(stat -c %a root/etc/sockgate)" = 750 ]
	[ "$(cat root/etc/sockgate/policy.yaml)" = 'allow: {tcp: [22]}' ]
}

@test "zsh finds its completion: Debian's looks below /usr in a folder of its own" {
	installed /usr/local
	[ -s root/usr/local/share/zsh/site-functions/_sockgate ]
	rm -rf root
	installed /usr
	if [ -e /etc/debian_version ]; then folder=vendor-completions; else folder=site-functions; fi
	[ -s root/usr/share/zsh/$folder/_sockgate ]
}

@test "the examples are found by the program's own place" {
	installed /opt/of/its/own
	run -3 root/opt/of/its/own/sbin/sockgate -f none.yaml check
	[[ $output == *"$PWD/root/opt/of/its/own/share/doc/sockgate/examples has examples"* ]]
}

@test "each shell completes every verb and every option of it" {
	gate --help >help
	verbs=$(sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' help)
	[ "$(wc -w <<<"$verbs")" -ge 10 ]
	for verb in $verbs; do
		gate $verb --help >>help
	done
	for shell in bash zsh fish; do
		gate --completion $shell >script
		for word in $verbs; do
			grep -qw -- "$word" script || { echo "$shell: $word"; false; }
		done
		grep -oE '^ +(-[a-z], )?--[a-z-]+' help | grep -oE '[a-z][a-z-]+$' | sort -u >options
		[ "$(wc -l <options)" -gt 15 ]
		while read -r word; do
			grep -qE -- "(--|-l ?'?)$word\b" script || { echo "$shell: --$word"; false; }
		done <options
	done
}

@test "every example is a good policy" {
	for file in "$STAGE"/usr/share/doc/sockgate/examples/*.yaml; do
		run -0 gate check "$file"
		[[ $output == *": ok, "* && $output != *warning* ]] || { echo "$output"; false; }
	done
}

@test "a program of others is built against the library, shared and static" {
	[ -z "$(nm "$SOCKGATE" | grep -m1 __asan_init)" ] || skip "a library with sanitizers wants a program with them"
	cat >user.c <<-'END'
		#include <sockgate/explain.h>
		#include <stdio.h>
		#include <string.h>

		int main(void)
		{
			static const char text[] = "allow: {tcp: 22}\n";
			struct sg_files *files = sg_files_new();
			struct sg_idd *idd = sg_packet_context(0);
			struct sg_policy_options options = {0};
			struct sg_diags diags = {0};
			struct sg_error err = {0};
			struct sg_decision decision;
			struct sg_policy *policy = sg_policy_parse("text", ".", text, strlen(text), &options, files, &diags, &err);

			if (!policy || sg_policy_lower(policy, idd, &decision, &err) < 0)
				return 1;
			printf("%zu\n", sg_policy_lines(policy));
			sg_policy_free(policy);
			sg_diags_clear(&diags);
			sg_idd_free(idd);
			sg_files_free(files);
			return 0;
		}
	END
	PKG_CONFIG_PATH=$(dirname "$(find "$STAGE" -name sockgate.pc)")
	export PKG_CONFIG_PATH
	library=$(dirname "$(find "$STAGE" -name libsockgate.a)")
	# shellcheck disable=SC2046
	cc -Wall -Werror -o shared user.c $(pkg-config --cflags --libs sockgate)
	[ "$(LD_LIBRARY_PATH=$library ./shared)" = 1 ]
	run -0 readelf -d shared
	[[ $output == *"[libsockgate.so.0]"* ]]
	# shellcheck disable=SC2046
	cc -Wall -Werror $(pkg-config --cflags sockgate) -o static user.c "$library/libsockgate.a" \
		$(pkg-config --libs --static sockgate | sed 's/-lsockgate//')
	[ "$(./static)" = 1 ]
}

@test "the shared library shows nothing but the public names" {
	library=$(find "$STAGE" -name 'libsockgate.so.*.*')
	nm -D --defined-only "$library" | awk '{print $3}' | grep -vE '^(__asan|__odr_asan|__ubsan)' >names
	[ "$(wc -l <names)" -gt 50 ]
	run ! grep -v '^sg_' names
}
