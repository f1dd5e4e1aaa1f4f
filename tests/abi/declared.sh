#!/bin/sh
# declared.sh INCLUDE: the names of all functions that the public C headers declare, sorted.
set -eu
cat "$1"/clile/*.h | tr '\n' ' ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' | tr ';' '\n' |
    sed -n 's/.*CLILE_API[^(]*[ *]\(clile_[a-z0-9_]*\)(.*/\1/p' | LC_ALL=C sort -u
