# For tests/run.sh. may_skip "BUILD: TEST: REASON": skips that do not count, even with
# CLILE_REQUIRE_ALL=1, and why.
# shellcheck shell=sh
may_skip() {
    case $1 in
    # The build with oneDNN 3 runs these with its own Python.
    "system: onnx/"* | "system: cli/tensorboard: "* | "sanitizers: cli/tensorboard: "* | "system: docs/blocks: "*" has no onnx"* | "system: docs/blocks: "*" has no safetensors"*) ;;
    # The system's Python has PyTorch.
    "onednn-3: docs/blocks: "*" has no torch"*) ;;
    # oneDNN has these transforms for some processors only, and no version has to have them.
    *": dnn/test_conv: test_winograd: no Winograd's transforms in oneDNN "*" for this processor") ;;
    # Data frames are an extra, and not all Pythons have them.
    *": python/"*"pandas is not installed" | *": python/"*"pyarrow is not installed" | *": docs/blocks: "*" has no pandas"* | *": docs/blocks: "*" has no pyarrow"*) ;;
    # Large, and in no distribution: installed by hand (docs/formats.md).
    *": cli/formats: Py-Feat's Fex: py-feat is not installed" | *": docs/blocks: "*" has no feat") ;;
    # A browser and R: hundreds of megabytes, for one check each.
    *": cli/report in a browser: Chromium was not found" | *": docs/blocks: "*": Rscript was not found") ;;
    *) return 1 ;;
    esac
}
