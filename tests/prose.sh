#!/bin/sh
# prose.sh ROOT: no line of a Markdown page has more than 100 columns, except in tables and code
# blocks, and where a line holds nothing but a link. With --self-check as the second argument, it
# looks at pages with one fault each.
set -eu

too_wide() { # FILE...: the faults
    awk 'FNR == 1 { fence = 0 }
        /^ *```/ { fence = !fence }
        fence || /^ *\|/ || /^    / { next }
        /^[ *-]*(\[[^]]*\]\([^)]*\)|<?https?:[^ ]*>?)[.,;]?$/ { next }
        { line = $0; gsub(/[\200-\277]/, "", line) } # bytes after the first of a UTF-8 character
        length(line) > 100 { print FILENAME ":" FNR ": " length(line) " columns" }' "$@"
}

check() { # NAME EXPECTED TEXT: faults that a page with this text has
    printf '%b' "$3" >"$scratch/page.md"
    found=$(LC_ALL=C too_wide "$scratch/page.md" | wc -l)
    [ "$found" -eq "$2" ] || { echo "$1: $found faults, expected $2" >&2; exit 1; }
}

if [ "${2:-}" = --self-check ]; then
    scratch=$(mktemp -d)
    trap 'rm -r "$scratch"' EXIT
    wide=$(printf '%0100d' 0 | sed 's/../a /g')b
    check "a line of 101 columns" 1 "$wide\n"
    check "one of 100" 0 "${wide%?}\n"
    check "characters, not bytes" 0 "$(printf '%099d' 0)\303\244\n"
    check "a table" 0 "| $wide |\n"
    check "a code block" 0 "\`\`\`text\n$wide\n\`\`\`\n"
    check "the line after one" 1 "\`\`\`text\n$wide\n\`\`\`\n$wide\n"
    check "a link alone" 0 "* [a](https://example.org/$(printf '%0100d' 0))\n"
    check "a link among words" 1 "see [a](https://example.org/$(printf '%0100d' 0))\n"
    exit 0
fi

cd "$1"
pages=$(find README.md CHANGELOG.md docs examples tests -name '*.md' | sort)
[ "$(echo "$pages" | wc -l)" -gt 20 ] || { echo "only these pages: $pages" >&2; exit 1; }
# shellcheck disable=SC2086 # words on purpose: no file name has a blank
wide=$(LC_ALL=C too_wide $pages)
[ -z "$wide" ] || { echo "$wide"; exit 1; }
