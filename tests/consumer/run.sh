#!/bin/sh
# run.sh ROOT BUILD SCRATCH VERSION LIBDIR SHARED PYTHON [CMAKE_ARGUMENTS...]: installs the build below SCRATCH, moves the tree, and uses it as a stranger would:
# through find_package, through pkg-config, through Python, and through the installed command; then the same with a static libclile, made with CMAKE_ARGUMENTS.
set -eu
root=$1 build=$2 scratch=$3 version=$4 libdir=$5 shared=$6 python=$7
shift 7
here=$root/tests/consumer
expect() { [ "$2" = "$version" ] || { echo "$1: expected version $version, found $2" >&2; exit 1; }; }
quietly() { "$@" >"$scratch/log" 2>&1 || { echo "failed: $*" >&2; cat "$scratch/log" >&2; exit 1; }; }

# consume NAME PREFIX [static]: by find_package and by pkg-config
consume() {
    name=$1 tree=$2 static=${3:-}
    quietly cmake -S "$here" -B "$scratch/$name" -DCMAKE_PREFIX_PATH="$tree" -DCMAKE_BUILD_TYPE=Release
    quietly cmake --build "$scratch/$name"
    expect "$name, find_package, C" "$("$scratch/$name/consumer_c")"
    expect "$name, find_package, C++" "$("$scratch/$name/consumer_cxx")"
    command -v pkg-config >/dev/null 2>&1 || { echo "LEFT OUT: pkg-config: it is not installed"; return 0; }
    PKG_CONFIG_PATH=$tree/$libdir/pkgconfig
    export PKG_CONFIG_PATH
    expect "$name, pkg-config" "$(pkg-config --modversion clile)"
    [ "$(pkg-config --variable=libdir clile | xargs realpath)" = "$(realpath "$tree/$libdir")" ] || { echo "clile.pc: libdir is $(pkg-config --variable=libdir clile)" >&2; exit 1; }
    # shellcheck disable=SC2046,SC2086 # words on purpose
    {
        cc -std=c11 "$here/main.c" -o "$scratch/$name/pc_c" $(pkg-config ${static:+--static} --cflags --libs clile) -lm
        c++ -std=c++17 "$here/main.cpp" -o "$scratch/$name/pc_cxx" $(pkg-config ${static:+--static} --cflags --libs clile)
    }
    expect "$name, pkg-config, C" "$(LD_LIBRARY_PATH="$tree/$libdir" "$scratch/$name/pc_c")"
    expect "$name, pkg-config, C++" "$(LD_LIBRARY_PATH="$tree/$libdir" "$scratch/$name/pc_cxx")"
    if [ -n "$static" ] && ldd "$scratch/$name/pc_c" "$scratch/$name/consumer_c" | grep libclile; then
        echo "$name: the programs above should hold libclile" >&2
        exit 1
    fi
}

rm -rf "$scratch"
mkdir -p "$scratch"
quietly cmake --install "$build" --prefix "$scratch/first"
mv "$scratch/first" "$scratch/prefix" # an installed tree can be moved
prefix=$scratch/prefix
if [ "$shared" = 1 ]; then consume shared "$prefix"; else consume static-build "$prefix" static; fi

# DESTDIR: the same files below the prefix that was configured, and nowhere else.
where=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$build/CMakeCache.txt")
DESTDIR=$scratch/destdir quietly cmake --install "$build"
(cd "$prefix" && find . -not -type d | sort) >"$scratch/files-prefix"
(cd "$scratch/destdir$where" && find . -not -type d | sort) >"$scratch/files-destdir"
(cd "$scratch/destdir" && find . -not -type d | sed "s,^\.$where,.," | sort) >"$scratch/files-all"
diff "$scratch/files-prefix" "$scratch/files-destdir" && diff "$scratch/files-prefix" "$scratch/files-all"
[ "$(wc -l <"$scratch/files-prefix")" -ge 20 ]
# Nothing in the installed tree looks for files where it was built or installed first (debug information may name that).
if grep -rlIF -e "$scratch/first" -e "$build" "$prefix"; then
    echo "the files above name the folder of the build" >&2
    exit 1
fi
find "$prefix" -type f \( -perm -u+x -o -name 'lib*.so.*' \) -exec readelf -d {} + 2>/dev/null | grep -v '^File: ' >"$scratch/dynamic"
grep -q NEEDED "$scratch/dynamic"
if grep -F -e "$scratch/first" -e "$build/" "$scratch/dynamic"; then
    echo "the entries above name the folder of the build" >&2
    exit 1
fi

# A newer version must not be found.
mkdir "$scratch/wrong"
if sed 's/clile 0\.1/clile 99/' "$here/CMakeLists.txt" >"$scratch/wrong/CMakeLists.txt" && cp "$here"/main.* "$scratch/wrong" &&
    cmake -S "$scratch/wrong" -B "$scratch/wrong/build" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null 2>&1; then
    echo "find_package(clile 99) found version $version" >&2
    exit 1
fi

# installed FILES...: the pages and examples, laid out as in the checkout
installed() { for path; do cmp "$path" "$prefix/share/doc/libclile/${path#"$root"/}"; done; }
installed "$root/README.md" "$root/CHANGELOG.md" "$root/LICENSE" "$root"/docs/*.md "$root"/docs/pictures/*.svg "$root"/docs/pictures/*.jpg "$root"/examples/*.c "$root"/examples/*.cpp "$root/examples/python/predict.py"
if [ -x "$prefix/bin/clile" ]; then
    for path in bash-completion/completions/clile zsh/site-functions/_clile fish/vendor_completions.d/clile.fish; do [ -s "$prefix/share/$path" ]; done
    [ -e "$prefix/share/man/man1/clile.1" ] && [ -e "$prefix/share/man/man7/clile-options.7" ]
    expect command "$("$prefix/bin/clile" --version | sed 's/clile //')"
    "$prefix/bin/clile" bench --help >/dev/null
fi

if [ "$shared" = 1 ] && [ -n "$python" ]; then
    expect Python "$("$python" -c 'import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.clile_version.restype = ctypes.c_char_p
print(library.clile_version().decode())' "$prefix/$libdir/libclile.so")"
fi
if [ "$shared" = 1 ]; then
    # not optimised, as only linking is tested; empty files stand in for the models
    mkdir -p "$scratch/models"
    for name in photo points; do echo "$name" >"$scratch/models/$name.safetensors"; done
    quietly cmake -S "$root" -B "$scratch/static-tree" -DCLILE_MODELS="$scratch/models" -DBUILD_SHARED_LIBS=OFF -DCLILE_BUILD_TESTS=OFF -DCLILE_BUILD_EXAMPLES=OFF -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS=-g0 -DCMAKE_INSTALL_LIBDIR="$libdir" "$@"
    quietly cmake --build "$scratch/static-tree"
    quietly cmake --install "$scratch/static-tree" --prefix "$scratch/first"
    mv "$scratch/first" "$scratch/static"
    [ -e "$scratch/static/$libdir/libclile.a" ] && [ ! -e "$scratch/static/$libdir/libclile.so" ]
    for name in photo points; do cmp "$scratch/models/$name.safetensors" "$scratch/static/share/clile/$name.safetensors"; done
    consume static-moved "$scratch/static" static
    # all symbols that it brings into a program are its own: none of stb's
    nm -g --defined-only "$scratch/static/$libdir/libclile.a" 2>/dev/null | awk 'NF == 3 { print $3 }' >"$scratch/names"
    [ "$(wc -l <"$scratch/names")" -gt 100 ]
    if grep -v '^clile_' "$scratch/names"; then
        echo "the names above are global in libclile.a" >&2
        exit 1
    fi
fi
echo "static and shared, moved, by DESTDIR:"
echo "find_package, pkg-config, the command and Python found version $version"
