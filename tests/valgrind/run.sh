#!/bin/sh
# run.sh VALGRIND IMAGES SCRATCH NAME=PROGRAM...: each example under valgrind on a data set of four small images: no error, no block lost.
# NAME is that of the example's source; an example unknown here fails, so that none is left out. The model that `train` writes serves
# the others. Blocks that libgomp and oneDNN still reach at the end are not leaks. valgrind knows neither AVX-512 nor AMX, and
# it runs oneDNN's code for AVX2 six times as slowly as that for SSE 4.1.
set -eu
valgrind=$1 images=$2 scratch=$3
shift 3
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
ONEDNN_MAX_CPU_ISA=SSE41 OMP_WAIT_POLICY=passive
export ONEDNN_MAX_CPU_ISA OMP_WAIT_POLICY
printf 'image,subject,AU4,AU12\n' >manifest.csv
printf '%s,%s\n' "$images/rgb.png" F001,1,0 "$images/rgb16.png" F002,0,1 "$images/rgba.png" F003,1,1 "$images/palette.png" F004,1,1 >>manifest.csv

failed=
for pair in "$@"; do
    name=${pair%%=*} program=${pair#*=}
    case $name in
        train) arguments=". model.safetensors" ;;
        predict.*) arguments="model.safetensors $images/rgb.png" ;;
        threads) arguments="model.safetensors $images/rgb.png 2" ;;
        custom_loop | custom_loss) arguments= ;;
        leak) arguments= ;; # to test this script
        *) echo "tests/valgrind/run.sh does not know how to call the example $name" >&2; exit 1 ;;
    esac
    code=0
    # shellcheck disable=SC2086 # words on purpose
    "$valgrind" -q --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect --error-exitcode=9 \
        --log-file="$name.log" "$program" $arguments >"$name.out" || code=$?
    if [ "$code" = 0 ] && [ ! -s "$name.log" ]; then
        echo "$name: no error, nothing lost"
    else
        echo "$name: exit code $code" >&2
        cat "$name.log" >&2
        failed="$failed $name"
    fi
done
[ -z "$failed" ] || { echo "valgrind found something in:$failed" >&2; exit 1; }
