#!/bin/sh
# format.sh CLANG_FORMAT ROOT: every C and C++ file is laid out as .clang-format says, and no line
# of one has more than 100 columns outside the tables that are laid out by hand.
set -eu
clang_format=$1
cd "$2"
list() { find lib include examples tests \( -name '*.c' -o -name '*.h' -o -name '*.hpp' -o -name '*.cpp' \) ! -path '*/build*' | sort; }
[ "$(list | wc -l)" -gt 300 ] || { echo "only $(list | wc -l) files below $2" >&2; exit 1; }
list | xargs "$clang_format" --dry-run --Werror
# shellcheck disable=SC2046 # words on purpose: no file name has a blank
awk 'FNR == 1 { off = 0 } /clang-format off/ { off = 1 } /clang-format on/ { off = 0 }
    !off && length($0) > 100 { print FILENAME ":" FNR ": " length($0) " columns"; bad = 1 } END { exit bad }' $(list)
