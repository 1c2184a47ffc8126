#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The program under Debian's own kernel, in an emulator: the shipped policies applied and verified, and the unit tests
# that change rules. TAP. Needs an hour's patience on a machine without hardware virtualisation: only the long runs do it.
#
#     tests/kernels/run.sh [KERNEL PACKAGE]      (default: what linux-image-cloud-amd64 stands for)
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${SOCKGATE_BUILD:-$top/build/dev}
. "$here/../lib/packages.sh"

if [ "$(dpkg --print-architecture)" != amd64 ]; then
	echo "1..0 # skip only for amd64"
	exit 0
fi
packages_install qemu-system-x86 cpio kmod busybox-static nftables iproute2 netbase || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

package=${1:-$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends/ { print $2; exit }')}
apt-get -q download "$package" >download.log 2>&1 || { cat download.log; echo "not ok 1 - the kernel $package"; exit 1; }
dpkg-deb -x ./linux-image-*.deb kernel
version=$(ls kernel/lib/modules)

# a root of the program, what it is tested with, and their libraries
mkdir -p root/{bin,usr/bin,usr/lib64,proc,sys,dev,run,tmp,etc,work}
ln -s usr/lib root/lib
ln -s usr/lib64 root/lib64
programs=("$build/sockgate" /usr/sbin/nft /sbin/ip)
tests=(test_apply_transition test_apply_apply test_kernel_listing)
for test in "${tests[@]}"; do programs+=("$build/tests/$test"); done
for program in "${programs[@]}"; do
	cp -L "$program" root/usr/bin/
	ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "root/usr$(dirname "${library#/usr}")"
		cp -nL "$library" "root/usr${library#/usr}"
	done
done
cp /bin/busybox root/bin/
for applet in sh mount modprobe cat poweroff; do ln -s busybox "root/bin/$applet"; done
mkdir -p "root/usr/lib/modules/$version/kernel/drivers"
cp -r "kernel/lib/modules/$version/kernel/"{net,lib,crypto} "root/usr/lib/modules/$version/kernel/"
cp "kernel/lib/modules/$version/modules."{order,builtin,builtin.modinfo} "root/usr/lib/modules/$version/"
depmod -b root "$version"
cp -r "$top/policies" root/work/
cp /etc/protocols root/etc/ # by which nft reads "tcp"
chown -R 0:0 root/work

{
	cat <<'INIT'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
export PATH=/usr/bin:/bin NO_COLOR=1
for module in nf_tables nf_conntrack nft_ct nft_reject_inet nft_limit nft_connlimit nft_log nf_log_syslog nfnetlink_log nft_socket \
	inet_diag tcp_diag udp_diag raw_diag; do modprobe $module; done
ip link set lo up
cd /work/policies
number=0
echo # the firmware has left the cursor anywhere
try() {
	number=$((number + 1))
	name=$1
	shift
	if "$@" >/tmp/out 2>&1; then echo "ok $number - $name"; else busybox sed 's/^/# /' /tmp/out; echo "not ok $number - $name"; fi
}
proven() { sockgate -f "$1" verify --json | grep -q '"kernel_equals_policy": *"proven"'; }
for policy in *.yaml; do
	try "apply $policy" sockgate -f "$policy" apply
	try "verify $policy" proven "$policy"
done
INIT
	echo 'export ROUNDS=4'
	for test in "${tests[@]}"; do echo "try $test $test"; done
	cat <<'INIT'
echo "1..$number"
poweroff -f
INIT
} >root/init
chmod +x root/init
ln -s busybox root/bin/grep
(cd root && find . | cpio --quiet -o -H newc | gzip -1) >image.gz

echo "# Linux $version"
timeout 3500 qemu-system-x86_64 -M pc -accel tcg,thread=multi -cpu max -smp 2 -m 1500 -nographic -no-reboot -net none \
	-kernel kernel/boot/vmlinuz-* -initrd image.gz -append "console=ttyS0 quiet panic=-1" </dev/null >console.log 2>&1
tr -d '\r' <console.log >plain.log
grep -aE '^(not )?ok [0-9]|^1\.\.|^# ' plain.log
grep -aqE '^1\.\.[1-9]' plain.log || { tail -n 20 plain.log; echo "not ok - the machine ran to its end"; exit 1; }
! grep -aq '^not ok' plain.log
