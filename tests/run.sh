#!/bin/sh
# Builds libclile with warnings as errors and runs every test, with two versions of oneDNN; installs what that needs (Debian, Ubuntu).
#
#     sh tests/run.sh [CTEST ARGUMENTS...]
#
# CLILE_FACES      a folder with rendered face sets; ../shared/data beside the checkout is taken when it is there
# CLILE_PARITY=0   does not install PyTorch and OpenCV, which are large: what needs them is skipped where they are missing
# CLILE_SANITIZERS=1   all tests once more under the address and undefined-behaviour sanitizers, and those with threads under the thread sanitizer
# CLILE_PACKAGES=1     makes the Debian packages too, and tries them in a bare Debian (tests/packages.sh); and the wheel (tests/python/wheel.sh)
# CLILE_REQUIRE_ALL=1  a skip counts as a failure, except those that may_skip names
#
# At the end: how many tests passed, failed and were skipped, and by name what failed and what was skipped: tests, parts of tests, whole builds.
set -eu
cd "$(dirname "$0")/.."
# Waiting threads must sleep: beside other programs, spinning at every barrier makes the tests many times slower.
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export OMP_WAIT_POLICY
onednn3=2023.2.0 # of onednn-devel-cpu-gomp: oneDNN 3.2
builds=build-tests
mkdir -p "$builds"
results=$builds/results # a line each: passed NAME, failed NAME, skipped NAME: REASON
: >"$results"

say() { printf '\n== %s\n' "$*"; }
passed() { echo "passed $*" >>"$results"; }
fail() { echo "failed $*" >>"$results"; printf '\nFAILED: %s\n' "$*" >&2; }
skip() { echo "skipped $*" >>"$results"; printf '\nSKIPPED: %s\n' "$*" >&2; }

# shellcheck source=tests/may_skip.sh
. tests/may_skip.sh

if [ -z "${CLILE_FACES:-}" ] && [ -d ../shared/data ]; then
    CLILE_FACES=$(cd ../shared/data && pwd)
    export CLILE_FACES
fi

say "what is needed"
# shellcheck source=examples/packages.sh
. examples/packages.sh
need_build
need_command g++ g++
need_file '/usr/include/dlib/image_processing/frontal_face_detector.h' libdlib-dev # the finder of faces
need_command musl-gcc musl-tools
need_file '/usr/share/i18n/locales/de_DE' locales # a decimal comma
need_command clang clang
need_command pkg-config pkg-config
need_command abidiff abigail-tools
need_command mandoc mandoc
need_command zsh zsh # completions
need_command fish fish
need_command doxygen doxygen
need_command valgrind valgrind
need_file '/usr/include/cmocka.h' libcmocka-dev
need_command python3 python3
need_file '/usr/lib/python3/dist-packages/numpy' python3-numpy
need_file '/usr/lib/python3/dist-packages/scipy' python3-scipy
need_file '/usr/lib/python3/dist-packages/PIL' python3-pil
need_file '/usr/lib/python3/dist-packages/matplotlib' python3-matplotlib # figures of tests/bench/study.py
need_file '/usr/lib/python3/dist-packages/pytest' python3-pytest
need_file '/usr/lib/python3/dist-packages/pip' python3-pip
need_file '/usr/lib/python3*/venv/__init__.py' python3-venv
need_file '/usr/lib/python3*/ensurepip/__init__.py' python3-venv
need_file '/usr/share/i18n/locales/de_DE' locales
if [ "${CLILE_PACKAGES:-0}" = 1 ]; then
    need_command lintian lintian
    need_command dpkg-shlibdeps dpkg-dev
    need_command file file
    if [ "$(id -u)" = 0 ]; then need_command debootstrap debootstrap; fi
fi
need_install
# Packages that not every release has, one by one: without one, its tests are skipped by name.
wanted="clang-19:/usr/lib/llvm-19/bin/clang clang-format-19:/usr/bin/clang-format-19" # Debian 12's own warn about less and format differently
wanted="$wanted ffmpeg:/usr/bin/ffmpeg libavformat-dev:/usr/include/*/libavformat/avformat.h libavdevice-dev:/usr/include/*/libavdevice/avdevice.h
    libswscale-dev:/usr/include/*/libswscale/swscale.h" # the decoder of videos
wanted="$wanted libopenmpi-dev:/usr/lib/*/openmpi/include/mpi.h openmpi-bin:/usr/bin/mpirun" # training over MPI
wanted="$wanted libwebp-dev:/usr/include/webp/decode.h libheif-dev:/usr/include/*/libheif/heif.h" # codecs of pictures
[ "${CLILE_PARITY:-1}" = 0 ] ||
    wanted="$wanted python3-torch:/usr/lib/python3/dist-packages/torch python3-torchvision:/usr/lib/python3/dist-packages/torchvision
        libopencv-dev:/usr/lib/*/cmake/opencv4/OpenCVConfig.cmake"
set -f
for package in $wanted; do
    set +f
    apt-cache show "${package%%:*}" >/dev/null 2>&1 && need_file "${package#*:}" "${package%%:*}"
done
need_install || say "not installed:$packages_missing"
# A locale with a decimal comma, for these tests alone.
if ! locale -a 2>/dev/null | grep -q '^de_DE.utf8$' && command -v localedef >/dev/null 2>&1; then
    mkdir -p "$builds/locale"
    [ -d "$builds/locale/de_DE.UTF-8" ] || localedef -i de_DE -f UTF-8 "$builds/locale/de_DE.UTF-8" || true
    LOCPATH=$PWD/$builds/locale
    export LOCPATH
fi

# part NAME COMMAND...: a script that is one test; its lines "LEFT OUT: REASON" are skips
part() {
    name=$1
    shift
    { "$@" && echo "part passed"; } 2>&1 | tee "$builds/part.log"
    if grep -q '^part passed$' "$builds/part.log"; then passed "$name"; else fail "$name: $*"; fi
    sed -n "s/^.*LEFT OUT: /skipped $name: /p" "$builds/part.log" >>"$results"
}

# build_and_test NAME CMAKE_ARGUMENTS... -- CTEST_ARGUMENTS...
build_and_test() {
    name=$1
    shift
    configure=
    while [ "$1" != -- ]; do
        configure="$configure $1"
        shift
    done
    shift
    folder=$builds/$name
    say "building $folder"
    # shellcheck disable=SC2086 # words on purpose
    cmake -S . -B "$folder" -G Ninja -DCLILE_WARNINGS_AS_ERRORS=ON $configure >"$folder.log" 2>&1 ||
        { cat "$folder.log"; fail "$name: configuring"; return 0; }
    grep -E 'left out|OneDNN' "$folder.log" || true
    cmake --build "$folder" ${targets:+--target $targets} >"$folder.log" 2>&1 || { tail -n 60 "$folder.log"; fail "$name: building"; return 0; }
    say "testing $folder"
    { ctest --test-dir "$folder" --output-on-failure -j"$(nproc)" "$@" || echo "ctest ended with $?"; } | tee "$folder.log"
    sh tests/results.sh "$name" "$folder" "$folder.log" >>"$results"
}
targets=

build_and_test system -- "$@"

say "oneDNN 3 from onednn-devel-cpu-gomp $onednn3"
venv=$builds/onednn3
if [ -e "$venv/lib/libdnnl.so" ] ||
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check "onednn-devel-cpu-gomp==$onednn3"; }; then
    onnx=
    "$venv/bin/pip" install -q --disable-pip-version-check numpy onnx onnxruntime safetensors && onnx="-DCLILE_ONNX_PYTHON=$PWD/$venv/bin/python"
    "$venv/bin/pip" install -q --disable-pip-version-check tensorboard tbparse && onnx="$onnx -DCLILE_TENSORBOARD_PYTHON=$PWD/$venv/bin/python"
    # the same with any oneDNN
    once='^((base|bench|cpp|data|docs|eval|image|install|layout|photo|python)/.*|reliability/(disk|kill|oom|soak)|train/test_(history|option_ends|odd_labels)'
    once="$once|cli/(progress|course|report|compare|predictions|card|formats|film|codecs|usage|history|data|synth|locale|resume|mpi|study))$"
    # shellcheck disable=SC2086 # options
    build_and_test onednn-3 "-DOneDNN_ROOT=$PWD/$venv" $onnx -- -LE '^(style|valgrind)$' -E "$once" "$@"
else
    skip "onednn-3: pip could not install onednn-devel-cpu-gomp"
fi

if [ "${CLILE_SANITIZERS:-0}" = 1 ]; then
    ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1} UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    LSAN_OPTIONS=suppressions=$PWD/tests/leaks.supp:print_suppressions=0
    export ASAN_OPTIONS UBSAN_OPTIONS LSAN_OPTIONS
    build_and_test sanitizers -DCLILE_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=RelWithDebInfo -- -LE '^(style|abi|valgrind|bench)$' -E '^(docs/(walk|completions)|photo/faces)'
    # libgomp is not instrumented: its barriers would look like races, so the test keeps to teams of one thread and starts its own.
    targets=reliability_test_threads
    build_and_test tsan -DCLILE_SANITIZE=thread -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCLILE_BUILD_EXAMPLES=OFF -- -R '^reliability/threads$'
fi

if [ "${CLILE_PACKAGES:-0}" = 1 ]; then
    say "Debian packages"
    part "Debian packages" sh tests/packages.sh $builds/packages
    say "the wheel"
    part "the wheel" sh tests/python/wheel.sh $builds/wheel # needs PyPI
fi

say "results"
sed -n 's/^skipped //p' "$results" >"$results.skipped"
if [ "${CLILE_REQUIRE_ALL:-0}" = 1 ]; then
    while read -r line; do may_skip "$line" || echo "failed $line (skipped)" >>"$results"; done <"$results.skipped"
fi
for kind in skipped failed; do
    if grep -q "^$kind " "$results"; then
        echo "$kind:"
        sed -n "s/^$kind /  /p" "$results"
    fi
done
count() { grep -c "^$1 " "$results" || true; }
echo "$(count passed) passed, $(count failed) failed, $(count skipped) skipped"
[ "$(count failed)" = 0 ]
