#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what the tests need, builds the presets dev and asan, runs every test, and ends with one line of totals:
#
#     sudo tests/run.sh [--full] [SUITE…]
#
# Without a name all suites run; `--list` names them. `--full` does the long runs, which take hours on a small machine, and the
# suites `sanitized` and `kernels`.
# Every suite speaks TAP. Its whole output is kept in build/test-logs/SUITE.log. Exit code: 0 when everything passed
# and something ran, 1 otherwise.
set -u
cd "$(dirname "$0")/.." || exit 1
exec </dev/null
unset CDPATH SSH_CONNECTION
export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. tests/lib/packages.sh

FULL=0
WANTED=()
ALL=(layering unit asan cli assume oracle system faults traffic units boot fuzz alone kernels host)
for argument; do
	case $argument in
	--full) FULL=1 ;;
	--list) printf '%s\n' "${ALL[@]}"; exit 0 ;;
	-h | --help) sed -n '3,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
	-*) echo "unknown option '$argument'" >&2; exit 2 ;;
	*) [[ " ${ALL[*]} " == *" $argument "* ]] || { echo "no suite '$argument'; --list names them" >&2; exit 2; }
		WANTED+=("$argument") ;;
	esac
done
if [ "$(id -u)" -ne 0 ]; then
	echo "the tests make network namespaces: run them as root" >&2
	exit 1
fi
packages_install "${PACKAGES_BUILD[@]}" "${PACKAGES_DEMO[@]}" "${PACKAGES_TEST[@]}" || exit 1

export SOCKGATE_FULL=$FULL
export SOCKGATE_TOP=$PWD
export SOCKGATE_BUILD=$PWD/build/dev
export SOCKGATE=$SOCKGATE_BUILD/sockgate
export SOCKGATE_SEED=${SOCKGATE_SEED:-$RANDOM$RANDOM}
LOGS=$PWD/build/test-logs
mkdir -p "$LOGS"
rm -f "$LOGS"/*
PASSED=0 FAILED=0 SKIPPED=0
declare -A RUNNING=() # process id of a suite that runs: its name
JOBS=$(nproc)
HOST_GENERATION=$(/usr/bin/python3 tests/lib/generation.py)
remembered() {
	find /run/sockgate -maxdepth 1 -name 'contents-*' 2>/dev/null | sort
}
REMEMBERED=$(remembered)

wanted() {
	[ ${#WANTED[@]} -eq 0 ] || [[ " ${WANTED[*]} " == *" $1 "* ]]
}

# suite NAME SECONDS COMMAND…: starts it when it is wanted. As many suites run side by side as there are processors: none of
# them measures time, and each makes network namespaces of its own.
suite() {
	local name=$1 seconds=$2
	shift 2
	wanted "$name" || return 0
	[ ${#RUNNING[@]} -lt "$JOBS" ] || finish_one
	{
		started=$SECONDS
		timeout -k 10 "$seconds" "$@" >"$LOGS/$name.log" 2>&1
		echo "$? $((SECONDS - started))" >"$LOGS/$name.end"
	} &
	RUNNING[$!]=$name
}

# Waits until a suite ends, and adds up its results.
finish_one() {
	local pid status=1 took=0
	wait -n -p pid "${!RUNNING[@]}"
	read -r status took <"$LOGS/${RUNNING[$pid]}.end"
	tally "${RUNNING[$pid]}" "$status" "$took"
	unset "RUNNING[$pid]"
}

# tally NAME STATUS SECONDS: adds up what is in the suite's log, and prints its line.
tally() {
	local name=$1 status=$2 took=$3 ok bad skip log="$LOGS/$1.log"
	skip=$(grep -ciE '^((not )?ok .*|1\.\.0 )# skip' "$log")
	bad=$(grep -E '^not ok ' "$log" | grep -ciEv '# skip')
	ok=$(grep -E '^ok ' "$log" | grep -ciEv '# skip')
	if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		bad=1
		echo "not ok - $name: ended with exit code $status" >>"$log"
	elif [ $((ok + bad + skip)) -eq 0 ]; then
		bad=1
		echo "not ok - $name: ran no test" >>"$log"
	fi
	PASSED=$((PASSED + ok)) FAILED=$((FAILED + bad)) SKIPPED=$((SKIPPED + skip))
	printf '%-10s %5d ok %4d not ok %4d skipped %5d s\n' "$name" "$ok" "$bad" "$skip" "$took"
	grep -iE '^(not )?ok .*# skip' "$log" | sed -E 's/^(not )?ok *[0-9]* *-? */    skipped: /' | sort | uniq -c |
		sed -E 's/^ +1 //' | head -n 5
	if [ "$bad" -gt 0 ]; then
		grep -vE '^ok |^1\.\.' "$log" | tail -n 60 | sed 's/^/    /'
		echo "    (the whole log: build/test-logs/$name.log)"
	fi
}

build() {
	cmake --preset "$1" && cmake --build --preset "$1" -- -j "$JOBS" && echo "ok - preset $1 builds" ||
		{ echo "not ok - preset $1 builds"; return 1; }
}

ctest_suite() {
	CMOCKA_MESSAGE_OUTPUT=TAP ctest --test-dir "build/$1" --timeout 300 --no-tests=error -Q \
		--test-output-size-passed 4000000 --test-output-size-failed 4000000 --output-junit "$LOGS/$1.xml"
	/usr/bin/python3 tests/lib/ctest_tap.py "$LOGS/$1.xml"
}

host_untouched() {
	local now
	now=$(/usr/bin/python3 tests/lib/generation.py)
	if [ -n "$HOST_GENERATION" ] && [ "$now" = "$HOST_GENERATION" ]; then
		echo "ok - the host's own ruleset is at generation $now, as before the run"
	else
		echo "not ok - the host's own ruleset went from generation $HOST_GENERATION to $now"
		return 1
	fi
}

builds() {
	build dev && build asan
}

export -f build builds ctest_suite host_untouched
export JOBS LOGS HOST_GENERATION
echo "seed $SOCKGATE_SEED"
started=$SECONDS
builds >"$LOGS/build.log" 2>&1
tally build $? $((SECONDS - started))
if [ "$FAILED" -eq 0 ]; then
	LONG=$((FULL ? 6 * 3600 : 900))
	suite asan $LONG env ASAN_OPTIONS=detect_leaks=1 bash -c 'ctest_suite asan'
	suite traffic $LONG tests/system/traffic.sh
	suite system $LONG bats --tap --timing tests/system
	suite unit $LONG bash -c 'ctest_suite dev'
	suite cli $LONG bats --tap --timing tests/cli
	suite fuzz $LONG tests/fuzz/run.sh
	suite faults $LONG tests/system/faults.sh
	suite oracle $LONG tests/oracle/run.sh
	suite assume 120 tests/assume/run.sh
	suite layering 120 tests/layering/run.sh
	suite boot $LONG tests/boot/run.sh
	suite units 60 tests/system/units.sh
	if [ "$FULL" -eq 1 ]; then
		suite sanitized $LONG env SOCKGATE="$PWD/build/asan/sockgate" bats --tap tests/system
		suite kernels $LONG tests/kernels/run.sh
	fi
	while [ ${#RUNNING[@]} -gt 0 ]; do finish_one; done
	# what disturbs the others while it runs
	suite alone 300 bats --tap --timing tests/alone
	while [ ${#RUNNING[@]} -gt 0 ]; do finish_one; done
fi
suite host 10 bash -c host_untouched
while [ ${#RUNNING[@]} -gt 0 ]; do finish_one; done
# what apply remembers of namespaces that are gone again
comm -13 <(echo "$REMEMBERED") <(remembered) | xargs -r rm -f --
/usr/bin/python3 tests/lib/slowest.py "$LOGS" 10
echo "seed $SOCKGATE_SEED, $SECONDS s"
[ "$PASSED" -gt 0 ] || FAILED=$((FAILED + 1))
if [ "$SKIPPED" -gt 0 ]; then
	echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
else
	echo "$PASSED passed, $FAILED failed"
fi
[ "$FAILED" -eq 0 ]
