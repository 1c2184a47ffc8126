#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the fuzz harnesses (preset fuzz) and runs each over its corpus; SOCKGATE_FULL=1 lets each search for 20 minutes,
# SOCKGATE_FUZZ_SECONDS for as long as it says. What a search finds stays in build/fuzz-corpus. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
seconds=${SOCKGATE_FUZZ_SECONDS:-0}
[ "${SOCKGATE_FULL:-0}" = 1 ] && seconds=1200
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
targets=()
for source in tests/fuzz/fuzz_*.c; do
	targets+=("$(basename "$source" .c)")
done
if ! { cmake --preset fuzz && cmake --build --preset fuzz --target "${targets[@]}" -- -j "$(nproc)"; } >"$log" 2>&1; then
	cat "$log"
	echo "not ok - the fuzz harnesses build"
	exit 1
fi
for target in "${targets[@]}"; do
	corpus=tests/fuzz/corpus/${target#fuzz_}
	found=build/fuzz-corpus/${target#fuzz_}
	mkdir -p "$found"
	inputs=$(find "$corpus" -type f | wc -l)
	words=()
	[[ $target == fuzz_policy || $target == fuzz_document ]] && words=(-dict=tests/fuzz/policy.dict)
	if [ "$seconds" -gt 0 ]; then
		"build/fuzz/tests/$target" -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 \
			-artifact_prefix="$found/" "${words[@]}" "$found" "$corpus" >"$log" 2>&1
	else
		"build/fuzz/tests/$target" -runs=0 -timeout=20 "$corpus" >"$log" 2>&1
	fi
	status=$?
	runs=$(sed -nE 's/.*number_of_executed_units: *([0-9]+)/, \1 executions/p' "$log")
	if [ $status -eq 0 ] && [ "$inputs" -gt 0 ]; then
		echo "ok - $target: $inputs inputs$runs"
	else
		echo "not ok - $target: $inputs inputs, exit code $status"
		tail -n 40 "$log" | sed 's/^/# /'
		failed=1
	fi
done
exit $failed
