#!/bin/sh
# check_symbols.sh LIBRARY ROOT SCRATCH: the library exports exactly the functions of tests/abi/symbols.txt, the headers declare exactly those, and
# lib/clile.map lists exactly those; each is exported with the version of the node that lists it.
set -eu
library=$1 root=$2 scratch=$3
list=$root/tests/abi/symbols.txt map=$root/lib/clile.map
mkdir -p "$scratch"
nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | LC_ALL=C sort >"$scratch/exported-versions"
sed 's/@.*//' "$scratch/exported-versions" | LC_ALL=C sort -u >"$scratch/exported"
sh "$root/tests/abi/declared.sh" "$root/include" >"$scratch/declared"
awk '/^CLILE_[0-9A-Z.]+ *[{]/ { node = $1 } /^ *clile_[a-z0-9_*]+;/ { sub(/;.*/, ""); print $1 "@@" node }' "$map" | LC_ALL=C sort >"$scratch/map-versions"
fail=0
# same WHAT FILE OTHER_NAME OTHER: fails and shows the difference unless the files are the same
same() {
    diff "$2" "$4" >"$scratch/diff" && return 0
    echo "$1 differs from $3 (< the former, > the latter):"
    cat "$scratch/diff"
    fail=1
}
same "tests/abi/symbols.txt" "$list" "what the headers declare" "$scratch/declared"
same "tests/abi/symbols.txt" "$list" "what $library exports" "$scratch/exported"
same "lib/clile.map" "$scratch/map-versions" "what $library exports" "$scratch/exported-versions"
if grep -v '^clile_' "$scratch/exported" || grep '^clile_i_' "$scratch/exported"; then
    echo "the names above must not be exported"
    fail=1
fi
[ "$fail" = 0 ] || echo "after adding a function to the headers: sh tests/abi/update.sh"
exit $fail
