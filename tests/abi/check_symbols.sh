#!/bin/sh
# check_symbols.sh LIBRARY INCLUDE LIST SCRATCH: the library exports exactly the functions of LIST, the headers declare exactly those,
# and each carries the version of lib/clile.map.
set -eu
library=$1 include=$2 list=$3 scratch=$4
mkdir -p "$scratch"
nm -D --defined-only "$library" | awk '$2 != "A" { print $3 }' | sort >"$scratch/exported-versions"
sed 's/@.*//' "$scratch/exported-versions" | LC_ALL=C sort -u >"$scratch/exported"
cat "$include"/clile/*.h | tr '\n' ' ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' | tr ';' '\n' |
    sed -n 's/.*CLILE_API[^(]*[ *]\(clile_[a-z0-9_]*\)(.*/\1/p' | LC_ALL=C sort -u >"$scratch/declared"
fail=0
diff "$list" "$scratch/exported" >"$scratch/diff" || { echo "exported symbols differ from $list (< listed, > exported):"; cat "$scratch/diff"; fail=1; }
diff "$list" "$scratch/declared" >"$scratch/diff" || { echo "declared functions differ from $list (< listed, > declared):"; cat "$scratch/diff"; fail=1; }
if grep -v '^clile_' "$scratch/exported" || grep '^clile_i_' "$scratch/exported"; then
    echo "the names above must not be exported"
    fail=1
fi
if grep -v '@@CLILE_[0-9.]*$' "$scratch/exported-versions"; then
    echo "the symbols above have no version"
    fail=1
fi
exit $fail
