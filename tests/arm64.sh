#!/bin/sh
# arm64.sh [CTEST ARGUMENTS...]: builds the library for arm64 with Debian's cross compiler, warnings as errors, and runs the unit tests, the fuzz corpora and the
# reliability tests under qemu-user. Takes about half an hour; not part of tests/run.sh.
#
# Everything happens in a Debian of its own, made with debootstrap (as root) and kept in CLILE_ARM64_ROOT (build-arm64/SUITE); nothing is installed
# on this machine. SUITE=bookworm (Debian 12, gcc 12) by default; trixie is Debian 13.
set -eu
cd "$(dirname "$0")/.."
suite=${SUITE:-bookworm}
root=${CLILE_ARM64_ROOT:-$PWD/build-arm64/$suite}
fail() { echo "arm64.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "needs root, for debootstrap and chroot"
command -v debootstrap >/dev/null 2>&1 || fail "needs debootstrap (apt-get install debootstrap)"

unmount() {
    for folder in src faces proc; do mountpoint -q "$root/$folder" && umount "$root/$folder"; done
    return 0
}
inside() { # COMMAND ARGUMENTS...
    command=$1
    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive OMP_WAIT_POLICY=passive OMP_NUM_THREADS=2 \
        CLILE_TEST_EMULATOR=qemu-aarch64 CLILE_FACES="${CLILE_FACES:+/faces}" chroot "$root" sh -euc "$command" sh "$@"
}

if [ ! -e "$root/.ready" ]; then
    mkdir -p "$root"
    mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
    debootstrap --variant=minbase "$suite" "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || { tail -n 5 "$root.log"; fail "debootstrap of $suite"; }
    cp -L /etc/resolv.conf "$root/etc/" 2>/dev/null || true
    cp -a /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" # a proxy
    inside 'dpkg --add-architecture arm64
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends cmake ninja-build gcc-aarch64-linux-gnu qemu-user libc6-dev:arm64 libgomp1:arm64 libdnnl-dev:arm64 \
            libstb-dev:arm64 zlib1g-dev:arm64 libcmocka-dev:arm64 locales' >"$root.log" 2>&1 || { tail -n 5 "$root.log"; fail "installing the cross compiler"; }
    touch "$root/.ready"
fi

trap unmount EXIT
trap 'exit 130' INT TERM
mkdir -p "$root/src" "$root/faces"
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mount --bind "$PWD" "$root/src"
[ -z "${CLILE_FACES:-}" ] || mount --bind "$CLILE_FACES" "$root/faces"

# The tests that Python drives start the programs themselves, which needs an arm64 machine.
# shellcheck disable=SC2016 # expands inside
inside 'cmake -S /src -B /build -G Ninja -DCLILE_WARNINGS_AS_ERRORS=ON -DCLILE_BUILD_EXAMPLES=OFF -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
        -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_LIBRARY_ARCHITECTURE=aarch64-linux-gnu -DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64 >/build.log ||
        { cat /build.log; exit 1; }
    cmake --build /build >/build.log || { tail -n 60 /build.log; exit 1; }
    sed -i "s/TIMEOUT \"[0-9]*\"/TIMEOUT \"3600\"/" /build/tests/CTestTestfile.cmake # qemu is ten times slower
    { ctest --test-dir /build -L "unit|fuzz|reliability" --output-on-failure --timeout 1800 -j"$(nproc)" "$@" || echo "ctest ended with $?"; } | tee /results.log
    sh /src/tests/results.sh arm64 /build /results.log | sed "/ arm64: \(abi\|style\)\//d" >/results' "$@" # those test the source, not the processor
sed -n '/^failed/p; /^skipped/p' "$root/results"
echo "$(grep -c '^passed ' "$root/results" || true) passed, $(grep -c '^failed ' "$root/results" || true) failed, $(grep -c '^skipped ' "$root/results" || true) skipped for arm64 ($suite)"
! grep -q '^failed ' "$root/results"
