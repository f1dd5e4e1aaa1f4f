#!/bin/sh
# packages.sh [BUILD]: makes the Debian packages in BUILD (build-packages), runs lintian on them, installs them where nothing else of libclile is, and runs
# the C, C++ and Python examples of README.md and examples/ there, as printed.
#
# Where: as root and with debootstrap, a bare Debian of this release made for this and removed at the end. Else the packages are unpacked to an empty folder, and this machine's
# compiler, NumPy and oneDNN are used. CLILE_FRESH=1 insists on the former, CLILE_FRESH=0 on the latter.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build-packages}
say() { printf '== %s\n' "$*"; }
fail() { echo "packages.sh: $*" >&2; exit 1; }
quietly() { "$@" >"$build/log" 2>&1 || { cat "$build/log"; fail "failed: $*"; }; }

say "building in $build"
mkdir -p "$build"
build=$(cd "$build" && pwd)
quietly cmake -S . -B "$build" -G Ninja -DCLILE_DEBIAN_PACKAGES=ON -DCLILE_FINDER=ON -DCLILE_BUILD_TESTS=OFF
quietly cmake --build "$build"
rm -f "$build"/*.deb
(cd "$build" && quietly cpack)
abi=$(sed -n 's/^#define CLILE_ABI_VERSION //p' include/clile/status.h)
version=$(sed -n 's/^clile (\(.*\)) .*/\1/p;q' cmake/debian/changelog)
debs=
names="libclile$abi libclile-dev clile python3-clile clile-finder"
if [ -e examples/photo-model/model/photo.safetensors ]; then
    names="$names clile-model"
else
    say "LEFT OUT: clile-model: there is no model for photographs in the tree"
fi
codecs=
for codec in webp heif; do
    if [ -e "$build/lib/codec_$codec.so" ]; then
        codecs="$codecs $codec"
        names="$names clile-$codec"
    else
        say "LEFT OUT: clile-$codec: lib$codec-dev is not installed"
    fi
done
for name in $names; do
    deb=$(echo "$build/${name}_${version}"_*.deb)
    [ -e "$deb" ] || fail "no package $name $version in $build"
    debs="$debs $deb"
done

say "what they say of themselves"
field() { dpkg-deb -f "$build/$1"_*.deb "$2"; }
holds() {
    dpkg-deb -c "$build/$1"_*.deb >"$build/holds"
    grep -q " \./$2\( -> .*\)\?\$" "$build/holds" || fail "$1 lacks /$2"
}
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
for needed in libdnnl libgomp1 zlib1g libc6; do
    field "libclile$abi" Depends | grep -q "$needed" || fail "libclile$abi does not depend on $needed"
done
for name in libclile-dev clile clile-finder; do field $name Depends | grep -qF "libclile$abi (= $version)" || fail "$name does not depend on its library"; done
field python3-clile Depends | grep -q "python3-numpy.*libclile$abi" || fail "python3-clile does not depend on NumPy and the library"
holds "libclile$abi" "usr/lib/$triplet/libclile.so.$abi"
holds libclile-dev "usr/lib/$triplet/libclile.so"
holds libclile-dev "usr/lib/$triplet/pkgconfig/clile.pc"
holds libclile-dev "usr/lib/$triplet/cmake/clile/clileConfig.cmake"
holds libclile-dev usr/include/clile/clile.hpp
holds clile usr/bin/clile
case $names in *clile-model*)
    for file in examples/photo-model/model/*.safetensors; do holds clile-model "usr/share/clile/${file##*/}"; done
    ;;
esac
holds clile-finder "usr/lib/$triplet/clile-$abi/finder_dlib.so"
field clile-finder Depends | grep -Eq 'dlib|opencv|blas' && fail "clile-finder depends on more than it needs: $(field clile-finder Depends)"
for codec in $codecs; do
    holds "clile-$codec" "usr/lib/$triplet/clile-$abi/codec_$codec.so"
    field "clile-$codec" Depends | grep -qF "libclile$abi (= $version)" || fail "clile-$codec does not depend on its library"
    field "clile-$codec" Depends | grep -q "lib$codec[0-9]" || fail "clile-$codec does not depend on lib$codec"
done
field "libclile$abi" Depends | grep -Eq 'webp|heif|av(codec|format)' && fail "the library depends on a codec: $(field "libclile$abi" Depends)"
holds clile usr/share/man/man1/clile.1.gz
holds clile usr/share/bash-completion/completions/clile
holds clile usr/share/zsh/vendor-completions/_clile
holds clile usr/share/fish/vendor_completions.d/clile.fish
holds libclile-dev usr/share/doc/libclile/README.md
for file in docs/*.md docs/pictures/*.svg docs/pictures/*.jpg examples/*.c; do holds libclile-dev "usr/share/doc/libclile/$file"; done
holds python3-clile usr/lib/python3/dist-packages/clile/__init__.py
dpkg-deb -I "$build/libclile$abi"_*.deb symbols >"$build/symbols"
sed 's,$,@,' tests/abi/symbols.txt | while read -r name; do grep -q "^ $name" "$build/symbols" || fail "$name is not in the package's symbols"; done

say "lintian"
# shellcheck disable=SC2086 # words on purpose
lintian --allow-root --fail-on error --tag-display-limit 0 --suppress-tags initial-upload-closes-no-bugs,maintscript-calls-ldconfig $debs

# Runs where they are installed, and does not depend on where that is.
work=$build/work
rm -rf "$work"
mkdir "$work"
"$build/examples/clile" synth "$work/faces" --quiet --subjects 6 --tasks 2 --frames 8 --size 48 --seed 1 >/dev/null
cp "$work/faces/Sequences/F001/T1/0001.png" "$work/face.png"
sed -n 's/^1,/face.png,/p' "$work/faces/landmarks/F001_T1.csv" >"$work/face.csv"
for codec in $codecs; do cp tests/data/image/lossless.$codec "$work/picture.$codec" 2>/dev/null || cp tests/data/image/lossless.heic "$work/picture.$codec"; done
cp examples/predict.cpp "$work/example.cpp"
for language in c python; do
    sed -n "/^\`\`\`$language\$/,/^\`\`\`\$/p" README.md | sed '1d;$d' >"$work/example.$language"
    [ -s "$work/example.$language" ] || fail "README.md has no example in $language"
done
grep -qF "cc example.c \$(pkg-config --cflags --libs clile) -o example" README.md || fail "README.md does not build its example as this test does"
case $names in *clile-model*) echo "MODEL=1" >"$work/run.sh" ;; *) echo "MODEL=" >"$work/run.sh" ;; esac
cat >>"$work/run.sh" <<'END_RUN'
set -eu
clile --version
clile train --data faces --layout bp4d --protocol bp4d --fold 1 --out model.safetensors --quiet --set image_size=32 --set width=0.0625 --set embedding=16 \
    --set epochs_stage1=2 --set epochs=2 --set batch=16 --set threads=1
clile predict --model model.safetensors --faces face.csv face.png >command.txt
clile predict --model model.safetensors --finder dlib --json face.png >found.json || grep -q "no face was found" found.json
if [ -n "${MODEL:-}" ]; then clile info default >/dev/null; fi
for file in picture.*; do [ ! -e "$file" ] || clile predict --model model.safetensors --crop "$file" >/dev/null; done
cc example.c $(pkg-config --cflags --libs clile) -o example
c++ -std=c++17 example.cpp $(pkg-config --cflags --libs clile) -o example-cpp
./example | tee c.txt
./example-cpp model.safetensors face.png $(cut -d , -f 2- face.csv | tr , ' ') >cpp.txt
mv example.python example.py
python3 example.py >python.txt
cmp c.txt python.txt
awk '{ printf "%s %.3f\n", $1, $2 }' cpp.txt >cpp-short.txt
awk '{ print $1, $2 }' c.txt | diff cpp-short.txt -
[ "$(grep -c '^AU' c.txt)" = 12 ]
python3 -c 'import importlib.metadata, clile; assert importlib.metadata.version("clile") == clile.__version__; print(clile.__file__)' >where.txt
END_RUN

fresh=${CLILE_FRESH:-auto}
if [ "$fresh" = auto ] && { [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null 2>&1; }; then fresh=0; fi
if [ "$fresh" != 0 ]; then
    root=$(mktemp -d "${TMPDIR:-/tmp}/clile-root.XXXXXX")
    trap 'rm -rf --one-file-system "$root"' EXIT
    release=$(. /etc/os-release && [ "$ID" = debian ] && echo "$VERSION_CODENAME") || release=bookworm # the packages need this release's oneDNN
    onednn=$(field "libclile$abi" Depends | grep -o 'libdnnl[0-9.]*')
    say "a bare Debian ($release) in $root"
    mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1)
    # Without a mirror debootstrap uses its default. The packages' dependencies are listed by name; dpkg fails if one is missing.
    needed=$(for codec in $codecs; do field "clile-$codec" Depends | grep -o "lib$codec[0-9]*" | tr '\n' ,; done)
    if ! debootstrap --variant=minbase --include="$needed$onednn",libgomp1,zlib1g,libstdc++6,python3-minimal,python3-numpy,gcc,g++,libc6-dev,pkg-config,diffutils \
        "$release" "$root" ${mirror:+"$mirror"} >"$build/debootstrap.log" 2>&1; then
        tail -n 5 "$build/debootstrap.log"
        if [ "$fresh" = 1 ] || [ "${CLILE_REQUIRE_ALL:-0}" = 1 ]; then fail "debootstrap failed"; fi
        say "LEFT OUT: a bare Debian could not be made"
        fresh=0
    fi
fi
if [ "$fresh" != 0 ]; then
    mkdir "$root/debs"
    # shellcheck disable=SC2086 # words on purpose
    cp $debs "$root/debs"
    quietly chroot "$root" sh -c 'dpkg -i /debs/*.deb'
    cp -r "$work" "$root/work"
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 OMP_WAIT_POLICY=passive sh -c 'cd /work && sh run.sh'
    grep -qx /usr/lib/python3/dist-packages/clile/__init__.py "$root/work/where.txt"
    # shellcheck disable=SC2086 # words on purpose
    quietly chroot "$root" dpkg --purge $names
    left=$(find "$root/usr" -name '*clile*')
    [ -z "$left" ] || fail "left after removing the packages: $left"
    say "installed in a bare Debian ($release), run, removed"
else
    say "unpacking to an empty folder: not as root, without debootstrap, or CLILE_FRESH=0"
    root=$build/root
    rm -rf "$root"
    for deb in $debs; do dpkg-deb -x "$deb" "$root"; done
    (cd "$work" && env -i PATH="$root/usr/bin:/usr/bin:/bin" LD_LIBRARY_PATH="$root/usr/lib/$triplet" LIBRARY_PATH="$root/usr/lib/$triplet" \
        PYTHONPATH="$root/usr/lib/python3/dist-packages" PYTHONDONTWRITEBYTECODE=1 PKG_CONFIG_PATH="$root/usr/lib/$triplet/pkgconfig" HOME=/nonexistent LANG=C.UTF-8 \
        OMP_WAIT_POLICY=passive sh run.sh)
    grep -qxF "$root/usr/lib/python3/dist-packages/clile/__init__.py" "$work/where.txt" || fail "Python took $(cat "$work/where.txt")"
    say "unpacked, and run from there"
fi
