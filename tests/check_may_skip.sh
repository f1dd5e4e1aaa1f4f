#!/bin/sh
# check_may_skip.sh TESTS: what tests/may_skip.sh lets pass and what it does not.
set -eu
# shellcheck source=tests/may_skip.sh
. "$1/may_skip.sh"
bad=0
while read -r wanted line; do
    if may_skip "$line"; then found=yes; else found=no; fi
    [ "$found" = "$wanted" ] || { echo "may_skip \"$line\": $found, expected $wanted" >&2; bad=1; }
done <<'END'
yes system: dnn/test_conv: test_winograd: no Winograd's transforms in oneDNN 3.2.0 for this processor
yes sanitizers: dnn/test_conv: test_winograd: no Winograd's transforms in oneDNN 2.6.0 for this processor
no system: dnn/test_conv: test_patches: no blocks of 16 channels for this processor, hence no patches
no system: dnn/test_conv: as a whole
no system: dnn/test_conv: test_winograd
no system: dnn/test_conv: test_shapes: no Winograd's transforms in oneDNN 2.6.0 for this processor
no system: data/test_faces: as a whole
yes system: onnx/predict: as a whole
no onednn-3: onnx/predict: as a whole
yes onednn-3: docs/blocks: training.md has no torch
no system: docs/blocks: training.md has no torch
yes system: cli/formats: Py-Feat's Fex: py-feat is not installed
no system: cli/formats: as a whole
END
exit "$bad"
