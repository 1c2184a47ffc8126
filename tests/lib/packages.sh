# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The one list of Debian packages that building, demonstrating and testing need; sourced, not run.

# the program itself
PACKAGES_BUILD=(gcc libc6-dev cmake ninja-build pkg-config libyaml-dev libmnl-dev libnftnl-dev libjansson-dev libxxhash-dev)
# the demonstration: namespaces, the rules as nft lists them, a few listeners
PACKAGES_DEMO=(iproute2 nftables python3)
# the tests
PACKAGES_TEST=(clang-14 libclang-rt-14-dev libcmocka-dev libbdd-dev bats jq strace conntrack iptables arptables procps
	python3-yaml python3-jsonschema systemd systemd-container util-linux mount man-db groff-base universal-ctags binutils git)

# Installs those of the named packages that are not there yet.
packages_install() {
	local missing=() package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "these packages are missing, and only root can install them: ${missing[*]}" >&2
		return 1
	fi
	echo "installing: ${missing[*]}" >&2
	local log
	log=$(mktemp)
	if ! { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
		-o Dpkg::Options::=--force-confold install "${missing[@]}"; } </dev/null >"$log" 2>&1; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		echo "apt-get could not install them" >&2
		return 1
	fi
	rm -f "$log"
}
