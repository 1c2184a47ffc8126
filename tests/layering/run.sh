#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The layers hold, and the check that says so notices when they do not. TAP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${SOCKGATE_BUILD:-$top/build/dev}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

result() {
	if [ "$1" -eq 0 ]; then echo "ok - $2"; else echo "not ok - $2"; failed=1; fi
}

/usr/bin/python3 "$here/layering.py" "$top" || failed=1

# A small tree with one fault of each kind: all of them have to be found.
mkdir -p "$scratch/docs" "$scratch/src/base" "$scratch/src/net" "$scratch/include/sockgate" "$scratch/tests"
cat >"$scratch/docs/design.md" <<'END'
| `base` | x | `error.h` | – | – |
| `net` | x | `addr.h` | base | – |
END
mkdir "$scratch/src/stray"
echo '#include "sockgate/addr.h"' >"$scratch/src/base/climbs.c"
echo '#include <jansson.h>' >"$scratch/src/net/library.c"
printf 'void f(char *a)\n{\n\tstrcpy(a, "printf(1);"); /* gets(a) */\n}\n' >"$scratch/src/net/banned.c"
printf 'void f(void)\n{\n\tprintf("x");\n}\n' >"$scratch/src/net/prints.c"
{ echo 'void f(void)'; echo '{'; yes ';' | head -n 90; echo '}'; } >"$scratch/src/net/long.c"
echo 'allow: {tcp: [22]}' >"$scratch/a.yaml"
touch "$scratch/include/sockgate/error.h" "$scratch/include/sockgate/addr.h" "$scratch/include/sockgate/extra.h"
/usr/bin/python3 "$here/layering.py" "$scratch" >"$scratch/found"
for fault in 'a.yaml does not belong at the top' 'src/stray has no row' 'extra.h is in no row' 'base may not include sockgate/addr.h' \
	'jansson.h is not in the row of net' 'banned.c:3: strcpy' 'prints.c:3: printf' 'f has 93 lines' \
	'climbs.c has no licence line'; do
	grep -qF "$fault" "$scratch/found"
	result $? "a fault is found: $fault"
done
[ "$(grep -c 'banned.c:' "$scratch/found")" -eq 1 ] # strcpy, and nothing of strings or comments
result $? "names in strings and comments are not calls"

# What CMake looks for comes with a package of the list: a machine that has nothing else can build.
. "$top/tests/lib/packages.sh"
wrong=0
while read -r module; do
	file=$(pkg-config --variable=pcfiledir "$module")/$module.pc
	package=$(dpkg -S "$file" 2>/dev/null | sed 's/:.*//')
	if [[ " ${PACKAGES_BUILD[*]} ${PACKAGES_TEST[*]} " != *" ${package:-none} "* ]]; then
		echo "# $module comes with ${package:-no package}, which is not in tests/lib/packages.sh"
		wrong=1
	fi
done < <(sed -nE 's/.*pkg_check_modules\(.* IMPORTED_TARGET ([a-z0-9.-]+).*/\1/p' "$top/CMakeLists.txt" "$top/tests/CMakeLists.txt")
result $wrong "every library that CMake looks for is in the list of packages"

# Every header compiles alone, with both compilers.
flags=(-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2 -Wstrict-prototypes
	-Werror -fsyntax-only -I "$top/include" -I "$top/src")
for compiler in gcc clang-14; do
	wrong=0
	while IFS= read -r header; do
		name=${header#"$top"/}
		case $name in
		include/*) name=${name#include/} ;;
		src/*) name=${name#src/} ;;
		esac
		# twice: the guard holds
		if ! printf '#include "%s"\n#include "%s"\n' "$name" "$name" | "$compiler" "${flags[@]}" -x c - \
			2>"$scratch/errors"; then
			sed "s|^|# |" "$scratch/errors" | head -n 5
			wrong=1
		fi
	done < <(find "$top/include" "$top/src" -name '*.h' | sort)
	result $wrong "every header compiles alone with $compiler"
done

# What the libraries define for others begins with sg_.
archives=("$build"/src/libsg_*.a)
nm -g --defined-only "${archives[@]}" 2>/dev/null | awk 'NF == 3 && $2 ~ /[TDBRVW]/ && $3 !~ /^(sg_|main$|__asan|__odr_asan)/ {print $3}' |
	sort -u >"$scratch/names"
sed 's/^/# /' "$scratch/names"
[ ${#archives[@]} -gt 3 ] && [ ! -s "$scratch/names" ]
result $? "every name that a library offers begins with sg_"
exit $failed
