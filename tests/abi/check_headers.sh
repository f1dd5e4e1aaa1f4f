#!/bin/sh
# check_headers.sh INCLUDE COMPILER STANDARD: every public header compiles alone, twice in a row, with nothing but the language.
set -eu
include=$1 compiler=$2 standard=$3
case $standard in c++*) language=c++ ;; *) language=c ;; esac
count=0
for header in "$include"/clile/*.h; do
    name=${header##*/}
    printf '#include <clile/%s>\n#include <clile/%s>\nint main(void) { return 0; }\n' "$name" "$name" |
        "$compiler" -x "$language" -std="$standard" -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only - ||
        { echo "clile/$name does not compile alone with $compiler -std=$standard" >&2; exit 1; }
    count=$((count + 1))
done
if [ "$language" = c++ ]; then
    printf '#include <clile/clile.hpp>\n#include <clile/clile.hpp>\nint main() { return 0; }\n' |
        "$compiler" -x c++ -std="$standard" -Wall -Wextra -pedantic -Werror -I"$include" -fsyntax-only - ||
        { echo "clile/clile.hpp does not compile alone with $compiler -std=$standard" >&2; exit 1; }
    count=$((count + 1))
fi
[ "$count" -ge 9 ] || { echo "only $count headers below $include" >&2; exit 1; }
echo "$count headers, $compiler -std=$standard"
