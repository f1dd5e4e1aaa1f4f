#!/bin/sh
# Builds libclile with warnings as errors and runs every test, with two versions of oneDNN; installs what that needs (Debian, Ubuntu).
#
#     sh tests/run.sh [CTEST ARGUMENTS...]
#
# CLILE_FACES      a folder with rendered face sets; ../shared/data beside the checkout is taken when it is there
# CLILE_PARITY=1   installs PyTorch too, and compares with it
# CLILE_SANITIZERS=1   all tests once more under the address and undefined-behaviour sanitizers, and those with threads under the thread sanitizer
# CLILE_PACKAGES=1     makes the Debian packages too, and tries them in a bare Debian 12 (tests/packages.sh); and the wheel (tests/python/wheel.sh)
# CLILE_REQUIRE_ALL=1  a part that cannot be run (no network for the second oneDNN) counts as a failure
set -eu
cd "$(dirname "$0")/.."
# Threads that wait must sleep: where other programs run, too, spinning at every barrier makes the tests many times slower.
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
export OMP_WAIT_POLICY
onednn3=2023.2.0 # of onednn-devel-cpu-gomp: oneDNN 3.2
failures=
builds=build-tests

say() { printf '\n== %s\n' "$*"; }
fail() { failures="$failures
  $*"; printf '\nFAILED: %s\n' "$*" >&2; }

if [ -z "${CLILE_FACES:-}" ] && [ -d ../shared/data ]; then
    CLILE_FACES=$(cd ../shared/data && pwd)
    export CLILE_FACES
fi

say "what is needed"
# shellcheck source=examples/packages.sh
. examples/packages.sh
need_build
need_command g++ g++
need_command musl-gcc musl-tools
need_file '/usr/share/i18n/locales/de_DE' locales # a decimal comma
need_command clang clang
need_command pkg-config pkg-config
need_command abidiff abigail-tools
need_command mandoc mandoc
need_command doxygen doxygen
need_command valgrind valgrind
need_file '/usr/include/cmocka.h' libcmocka-dev
need_command python3 python3
need_file '/usr/lib/python3/dist-packages/numpy' python3-numpy
need_file '/usr/lib/python3/dist-packages/pytest' python3-pytest
need_file '/usr/lib/python3/dist-packages/pip' python3-pip
need_file '/usr/lib/python3*/venv/__init__.py' python3-venv
need_file '/usr/lib/python3*/ensurepip/__init__.py' python3-venv
if [ "${CLILE_PARITY:-0}" = 1 ]; then
    need_file '/usr/lib/python3/dist-packages/torch' python3-torch
    need_file '/usr/lib/python3/dist-packages/torchvision' python3-torchvision
fi
if [ "${CLILE_REQUIRE_ALL:-0}" = 1 ]; then
    need_file '/usr/lib/*/cmake/opencv4/OpenCVConfig.cmake' libopencv-dev # large, and for one example only
fi
if [ "${CLILE_PACKAGES:-0}" = 1 ]; then
    need_command lintian lintian
    need_command dpkg-shlibdeps dpkg-dev
    need_command file file
    if [ "$(id -u)" = 0 ]; then need_command debootstrap debootstrap; fi
fi
need_install

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
    grep -E 'not found|OneDNN' "$folder.log" || true
    cmake --build "$folder" ${targets:+--target $targets} >"$folder.log" 2>&1 || { tail -n 60 "$folder.log"; fail "$name: building"; return 0; }
    say "testing $folder"
    ctest --test-dir "$folder" --output-on-failure -j"$(nproc)" "$@" || fail "$name: tests"
}
mkdir -p "$builds"
targets=

build_and_test onednn-2 -- "$@"

say "oneDNN 3 from onednn-devel-cpu-gomp $onednn3"
venv=$builds/onednn3
if [ -e "$venv/lib/libdnnl.so" ] ||
    { python3 -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check "onednn-devel-cpu-gomp==$onednn3"; }; then
    onnx=
    if "$venv/bin/pip" install -q --disable-pip-version-check numpy onnx onnxruntime safetensors; then
        onnx="-DCLILE_ONNX_PYTHON=$PWD/$venv/bin/python"
    elif [ "${CLILE_REQUIRE_ALL:-0}" = 1 ]; then
        fail "ONNX Runtime could not be had: exported models were not compared with it"
    else
        say "LEFT OUT: ONNX Runtime could not be had: exported models were not compared with it"
    fi
    # shellcheck disable=SC2086 # nothing, or one word
    build_and_test onednn-3 "-DOneDNN_ROOT=$PWD/$venv" $onnx -- -LE '^(style|valgrind)$' "$@" # the same with any oneDNN
elif [ "${CLILE_REQUIRE_ALL:-0}" = 1 ]; then
    fail "oneDNN 3 could not be had (no pip or no network): nothing was tested with it"
else
    say "LEFT OUT: oneDNN 3 could not be had (no pip or no network): nothing was tested with it"
fi

if [ "${CLILE_SANITIZERS:-0}" = 1 ]; then
    ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1} UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    export ASAN_OPTIONS UBSAN_OPTIONS
    build_and_test sanitizers -DCLILE_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=RelWithDebInfo -- -LE '^(style|abi|valgrind|bench)$'
    # libgomp is not instrumented: its barriers would look like races, so the test keeps to teams of one thread and starts its own.
    targets=reliability_test_threads
    build_and_test tsan -DCLILE_SANITIZE=thread -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCLILE_BUILD_EXAMPLES=OFF -- -R '^reliability/threads$'
fi

if [ "${CLILE_PACKAGES:-0}" = 1 ]; then
    say "Debian packages"
    sh tests/packages.sh $builds/packages || fail "Debian packages: tests/packages.sh"
    say "the wheel"
    sh tests/python/wheel.sh $builds/wheel || fail "the wheel: tests/python/wheel.sh (needs PyPI)"
fi

if [ -n "$failures" ]; then
    printf '\nFailed:%s\n' "$failures"
    exit 1
fi
say "all tests passed"
