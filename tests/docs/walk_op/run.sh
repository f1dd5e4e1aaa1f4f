#!/bin/sh
# run.sh ROOT SCRATCH ONEDNN OBJECTS CC [FLAG...]: the walk "An operation" of docs/contributing.md. Adds the operation `scale` to a copy of lib/net by the
# two steps that the page names, one new file and one new line, and runs its test. OBJECTS lists the objects of the rooms below net, one a line.
set -eu
root=$1 scratch=$2 onednn=$3 objects=$4
shift 4
grep -q 'tests/docs/walk_op/scale.c' "$root/docs/contributing.md" || { echo "docs/contributing.md does not name tests/docs/walk_op/scale.c" >&2; exit 1; }
rm -rf "$scratch"
mkdir -p "$scratch/lib/base"
cp -R "$root/lib/net" "$scratch/lib"
cp "$root/lib/base/tables.h" "$scratch/lib/base"

cp "$root/tests/docs/walk_op/scale.c" "$scratch/lib/net/ops/scale.c"                                        # step 1
sed -i '/^#define CLILE_I_OPS(/,/end/ s|^ *.. end ..$|    OP(SCALE, scale) \\\n&|' "$scratch/lib/base/tables.h" # step 2
lines=$(diff "$root/lib/base/tables.h" "$scratch/lib/base/tables.h" | grep -c '^[<>]') || true
[ "$lines" -eq 1 ] || { echo "step 2 changed $lines lines of lib/base/tables.h, not one" >&2; exit 1; }

# shellcheck disable=SC2046 # words on purpose
"$@" -std=c11 -O1 -fopenmp -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Wno-error=deprecated-declarations \
    -D_POSIX_C_SOURCE=200809L -I"$scratch/lib" -I"$root/lib" -I"$root/include" -I"$root/tests/net" -o "$scratch/test_scale" \
    "$root/tests/docs/walk_op/test_scale.c" "$scratch"/lib/net/*.c "$scratch"/lib/net/ops/*.c $(cat "$objects") \
    "$onednn" -Wl,-rpath,"$(dirname "$onednn")" -lcmocka -lz -lm
exec "$scratch/test_scale"
