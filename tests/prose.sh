#!/bin/sh
# prose.sh ROOT: no line of a Markdown page has more than 100 columns, except in tables and code
# blocks, and where a line holds nothing but a link. No page, comment or text in the sources has a
# turn of phrase from TURNS, each of which is translated and never right in English here. With
# --self-check as the second argument, it looks at texts with one fault each.
set -eu

too_wide() { # FILE...: the faults
    awk 'FNR == 1 { fence = 0 }
        /^ *```/ { fence = !fence }
        fence || /^ *\|/ || /^    / { next }
        /^[ *-]*(\[[^]]*\]\([^)]*\)|<?https?:[^ ]*>?)[.,;]?$/ { next }
        { line = $0; gsub(/[\200-\277]/, "", line) } # bytes after the first of a UTF-8 character
        length(line) > 100 { print FILENAME ":" FNR ": " length(line) " columns" }' "$@"
}

# One extended regular expression a line. A turn that can be right somewhere does not belong here.
TURNS='could be had|to be had
behind (the|this|each) (call|step|header|run|epoch|chunk|last|first)([^a-z]|$)
(what|that|those|values|state) of before
of which only .* is known
is told of|is heard of
([^e]|[^r]e) (is|are) no (face.s|function|number|text|pack|folder|tuple)([^a-z]|$)
in no face.s
otherwise than
memory is out|has no memory left
goes? on (from|with) (a|the|its) (checkpoint|file)
(is|are) left away
as literally as may be|thereof|whereof|therein'

turns() { # FILE...: lines with one of them
    printf '%s\n' "$TURNS" >"$scratch/turns"
    grep -EniH -f "$scratch/turns" "$@" || true
}

check() { # NAME EXPECTED TEXT: faults that a page with this text has
    printf '%b' "$3" >"$scratch/page.md"
    found=$(LC_ALL=C too_wide "$scratch/page.md" | wc -l)
    [ "$found" -eq "$2" ] || { echo "$1: $found faults, expected $2" >&2; exit 1; }
}

check_turn() { # EXPECTED TEXT: lines of this text with a turn of TURNS
    printf '%b' "$2" >"$scratch/turn.c"
    found=$(turns "$scratch/turn.c" | wc -l)
    [ "$found" -eq "$1" ] || { echo "\"$2\": $found turns, expected $1" >&2; exit 1; }
}

scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
if [ "${2:-}" = --self-check ]; then
    wide=$(printf '%0100d' 0 | sed 's/../a /g')b
    check "a line of 101 columns" 1 "$wide\n"
    check "one of 100" 0 "${wide%?}\n"
    check "characters, not bytes" 0 "$(printf '%099d' 0)\303\244\n"
    check "a table" 0 "| $wide |\n"
    check "a code block" 0 "\`\`\`text\n$wide\n\`\`\`\n"
    check "the line after one" 1 "\`\`\`text\n$wide\n\`\`\`\n$wide\n"
    check "a link alone" 0 "* [a](https://example.org/$(printf '%0100d' 0))\n"
    check "a link among words" 1 "see [a](https://example.org/$(printf '%0100d' 0))\n"
    check_turn 1 "/* memory could not be had, or could be had */\n"
    check_turn 1 "/* nothing is allocated behind this call */\n"
    check_turn 1 "the value of before; the state of before\n"
    check_turn 1 "the landmarks are no face's\n"
    check_turn 2 "x is no number\nanswers otherwise than y\n"
    check_turn 0 "an eye behind the glasses; there is no number; is no longer a number\n"
    check_turn 0 "before it, otherwise; no memory is allocated\n"
    exit 0
fi

cd "$1"
pages=$(find README.md CHANGELOG.md docs examples tests -name '*.md' | sort)
[ "$(echo "$pages" | wc -l)" -gt 20 ] || { echo "only these pages: $pages" >&2; exit 1; }
# shellcheck disable=SC2086 # words on purpose: no file name has a blank
wide=$(LC_ALL=C too_wide $pages)
[ -z "$wide" ] || { echo "$wide"; exit 1; }
sources=$(find lib include examples tests cmake -type f \( -name '*.[ch]' -o -name '*.[ch]pp' -o \
    -name '*.py' -o -name '*.sh' -o -name '*.cmake' \) ! -path '*/.*' ! -name prose.sh)
[ "$(echo "$sources" | wc -l)" -gt 400 ] || { echo "only these sources: $sources" >&2; exit 1; }
# shellcheck disable=SC2086
found=$(turns $pages $sources)
[ -z "$found" ] || { echo "$found"; echo "translated turns: tests/prose.sh says which"; exit 1; }
