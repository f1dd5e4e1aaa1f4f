#!/bin/sh
# declared.sh INCLUDE [START]: the names of all functions that the public C headers (whose names begin with START) declare, sorted.
set -eu
cat "$1/clile/${2:-}"*.h | tr '\n' ' ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' | tr ';' '\n' |
    sed -n 's/.*CLILE_API[^(]*[ *]\(clile_[a-z0-9_]*\)(.*/\1/p' | LC_ALL=C sort -u
