#!/bin/sh
# run.sh BUILD SCRATCH VERSION LIBDIR SHARED PYTHON: installs the build below SCRATCH, moves the tree, and uses it as a stranger would:
# through find_package, through pkg-config, through Python, and through the installed command.
set -eu
build=$1 scratch=$2 version=$3 libdir=$4 shared=$5 python=$6
here=$(cd "$(dirname "$0")" && pwd)
expect() { [ "$2" = "$version" ] || { echo "$1: expected version $version, found $2" >&2; exit 1; }; }

rm -rf "$scratch"
mkdir -p "$scratch"
cmake --install "$build" --prefix "$scratch/first" >"$scratch/install.log"
mv "$scratch/first" "$scratch/prefix" # an installed tree can be moved
prefix=$scratch/prefix

cmake -S "$here" -B "$scratch/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_BUILD_TYPE=Release >"$scratch/cmake.log" 2>&1 || { cat "$scratch/cmake.log"; exit 1; }
cmake --build "$scratch/cmake" >"$scratch/cmake.log" 2>&1 || { cat "$scratch/cmake.log"; exit 1; }
expect find_package,C "$("$scratch/cmake/consumer_c")"
expect find_package,C++ "$("$scratch/cmake/consumer_cxx")"

# A version that is not there must not be found.
if sed 's/clile 0\.1/clile 99/' "$here/CMakeLists.txt" >"$scratch/CMakeLists.txt" && cp "$here"/main.* "$scratch" &&
    cmake -S "$scratch" -B "$scratch/wrong" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null 2>&1; then
    echo "find_package(clile 99) found version $version" >&2
    exit 1
fi

if command -v pkg-config >/dev/null 2>&1; then
    PKG_CONFIG_PATH=$prefix/$libdir/pkgconfig
    export PKG_CONFIG_PATH
    expect pkg-config "$(pkg-config --modversion clile)"
    # shellcheck disable=SC2046 # words on purpose
    cc -std=c11 "$here/main.c" -o "$scratch/consumer_pc" $(pkg-config --cflags --libs clile) -lm
    expect pkg-config,C "$(LD_LIBRARY_PATH="$prefix/$libdir" "$scratch/consumer_pc")"
else
    echo "pkg-config is not installed: its part is left out"
fi

if [ -x "$prefix/bin/clile" ]; then
    expect command "$("$prefix/bin/clile" --version | sed 's/clile //')"
    "$prefix/bin/clile" bench --help >/dev/null
fi

if [ "$shared" = 1 ] && [ -n "$python" ]; then
    expect Python "$("$python" -c 'import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.clile_version.restype = ctypes.c_char_p
print(library.clile_version().decode())' "$prefix/$libdir/libclile.so.1")"
fi
echo "find_package, pkg-config, the command and Python found version $version"
