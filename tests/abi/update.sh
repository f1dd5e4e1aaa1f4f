#!/bin/sh
# update.sh: after functions were added to include/clile/*.h, writes tests/abi/symbols.txt and lib/clile.map again: a new name goes to the node of
# the present minor version (CLILE_0.1 while the project's version is 0.1.x), the node is made if missing; names that have a node keep it.
# A name that is no longer declared leaves its node; that is allowed only in a node that was never released (docs/abi.md).
set -eu
cd "$(dirname "$0")/../.."
here=tests/abi map=lib/clile.map
node=CLILE_$(sed -n 's/^#define CLILE_VERSION_M[AI][JN]OR //p' include/clile/status.h | paste -sd .)
declared=$(mktemp)
trap 'rm -f "$declared" "$declared.map"' EXIT
sh $here/declared.sh include >"$declared"
[ -s "$declared" ] || { echo "no function is declared in include/clile" >&2; exit 1; }
experimental=$(sh $here/declared.sh include experimental_ | paste -sd ' ')
awk -v node="$node" -v map=$map -v experimental="$experimental" '
    BEGIN {
        print "/* What libclile.so exports, a node for each minor version. Names of a released node stay for ever; names that are added go to the node of the\n * minor version that brings them, those of include/clile/experimental_*.h to CLILE_EXPERIMENTAL: sh tests/abi/update.sh (docs/abi.md). */"
        split(experimental, words, " "); for (i in words) tried[words[i]] = 1
    }
    FNR == NR { declared[$1] = 1; order[++count] = $1; next }
    /^CLILE_[0-9.]+ *[{]/ { current = $1; nodes[++node_count] = current }
    /^CLILE_EXPERIMENTAL *[{]/ { current = $1 }
    /^ *clile_[a-z0-9_]+;/ {
        name = $1; sub(/;.*/, "", name)
        if (!(name in declared)) print name " is no longer declared: removed from " current >"/dev/stderr"
        if (current != "CLILE_EXPERIMENTAL" && !(name in tried)) home[name] = current
    }
    function put(which) { for (i = 1; i <= count; ++i) if (home[order[i]] == which) print "    " order[i] ";" }
    END {
        for (name in tried) home[name] = "CLILE_EXPERIMENTAL"
        for (i = 1; i <= count; ++i) if (!(order[i] in home)) { home[order[i]] = node; print order[i] " added to " node >"/dev/stderr" }
        for (i = 1; i <= node_count && nodes[i] != node; ++i) ;
        if (i > node_count) nodes[++node_count] = node
        for (n = 1; n <= node_count; ++n) {
            print nodes[n] " {\n  global:"
            put(nodes[n])
            if (n == 1) print "  local:\n    *;"
            print (n == 1) ? "};" : "} " nodes[n - 1] ";"
        }
        if (experimental != "") { print "CLILE_EXPERIMENTAL {\n  global:"; put("CLILE_EXPERIMENTAL"); print "};" }
    }' "$declared" $map >"$declared.map"
cp "$declared" $here/symbols.txt
cp "$declared.map" $map
echo "$(wc -l <$here/symbols.txt) functions in $here/symbols.txt and $map"
