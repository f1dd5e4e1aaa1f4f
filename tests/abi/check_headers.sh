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
# the compiler warns about a status that is thrown away, wherever it comes from, and about no other
thrown='#include <clile/clile.h>\n#include <clile/experimental_loss.h>\nvoid f(void);\nvoid f(void) { '
kept='if (clile_model_save(0, "") != CLILE_OK) return; }\n'
compile() { "$compiler" -x "$language" -std="$standard" -Wall -Wextra -pedantic -Werror -I"$include" -S -o /dev/null -; } # gcc checks only when it generates code
printf "$thrown$kept" | compile || { echo "a status that is looked at is warned of" >&2; exit 1; }
for call in 'clile_model_save(0, "")' 'clile_options_set(0, "", "")' 'clile_loss_orthogonal(1, 1, 0, 0, 0, 0)' 'clile_trainer_set_loss(0, 0, 0, 0)'; do
    if printf "$thrown$call; }\n" | compile 2>/dev/null; then
        echo "$compiler -std=$standard says nothing of the status of $call" >&2
        exit 1
    fi
done
grep -n 'CLILE_API' "$include"/clile/*.h | grep 'clile_status *\($\|clile_\)' | grep -v NODISCARD | grep -v 'clile_status_name' &&
    { echo "a function that returns a status lacks CLILE_NODISCARD" >&2; exit 1; }
[ "$count" -ge 9 ] || { echo "only $count headers below $include" >&2; exit 1; }
echo "$count headers, $compiler -std=$standard"
