#!/bin/sh
# check_options.sh COMMAND PAGE: docs/options.md is what the table of the library says.
set -eu
"$1" info --options --markdown | diff -u "$2" - && exit 0
echo "write it anew: clile info --options --markdown >docs/options.md" >&2
exit 1
