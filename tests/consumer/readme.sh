#!/bin/sh
# readme.sh ROOT BUILD SCRATCH: installs the build as README.md says, to a folder of the user's own, moves that folder, and runs the C example of README.md there, with
# its commands word for word. Also installs to /usr/local of an empty root, where ldconfig then finds the library.
set -eu
root=$1 build=$2 scratch=$3
fail() { echo "readme.sh: $*" >&2; exit 1; }
# block LANGUAGE BEGINNING: the code block of README.md whose first line begins so
block() {
    awk -v language="$1" -v beginning="$2" '
        $0 == "```" language { inside = 1; first = 1; next }
        /^```/ { inside = 0; taken = 0; next }
        inside { if (first && index($0, beginning) == 1) taken = 1; first = 0; if (taken) print }' "$root/README.md"
}
# clean COMMAND...: with nothing of this shell's environment but PATH
clean() { env -i HOME="$scratch/home" PATH="$PATH" LANG=C.UTF-8 OMP_WAIT_POLICY=passive "$@"; }

rm -rf "$scratch"
mkdir -p "$scratch/home" "$scratch/work"
scratch=$(cd "$scratch" && pwd)
ln -s "$build" "$scratch/work/build"
cd "$scratch/work"
block sh 'cmake --install build --prefix "$HOME/clile"' >install.sh
block sh 'cc example.c' >example.sh
block c '#include <clile/clile.h>' >example.c
for file in install.sh example.sh example.c; do [ -s $file ] || fail "README.md has no block for $file"; done
clean sh -eu install.sh >log || { cat log; fail "the commands of install.sh failed"; }
grep '^export ' install.sh >exports.sh
[ "$(wc -l <exports.sh)" -ge 3 ] || fail "README.md says to export too little"

# It can be moved to another home.
mkdir "$scratch/other"
mv "$scratch/home/clile" "$scratch/other/clile"
rmdir "$scratch/home"
mv "$scratch/other" "$scratch/home.moved"
clean2() { env -i HOME="$scratch/home.moved" PATH="$PATH" LANG=C.UTF-8 OMP_WAIT_POLICY=passive "$@"; }
cat >run.sh <<'END_RUN'
set -eu
. ./exports.sh
[ "$(command -v clile)" = "$HOME/clile/bin/clile" ]
clile synth faces --quiet --subjects 6 --tasks 2 --frames 8 --size 48 >/dev/null
cp faces/Sequences/F001/T1/0001.png face.png
sed -n 's/^1,/face.png,/p' faces/landmarks/F001_T1.csv >face.csv
clile train --data faces --out model.safetensors --quiet --set image_size=32 --set width=0.0625 --set embedding=16 --set epochs_stage1=1 --set epochs=1 --set threads=1 >/dev/null
clile predict --model model.safetensors --faces face.csv --csv face.png >command.csv
. ./example.sh
END_RUN
clean2 sh run.sh >printed || { cat printed; fail "the example of README.md failed"; }
[ "$(grep -c '^AU[0-9]* *[01]\.[0-9][0-9][0-9]' printed)" = 12 ] || fail "the example printed: $(cat printed)"
clean2 sh -c '. ./exports.sh && ldd example' | grep -q "libclile.* => $scratch/home.moved/clile/lib/" || fail "the example does not take the library from where it was moved"
# Without what README.md says to export it is not found: the exports above are needed, and no copy of this machine's was used.
if clean2 ./example >/dev/null 2>&1; then fail "the example takes a libclile of this machine"; fi

# /usr/local: what ldconfig finds on a system whose ld.so.conf has /usr/local/lib, as Debian's does.
grep -q 'cmake --install build && ldconfig$' "$root/README.md" || fail "README.md does not install to the system as this test does"
if [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null 2>&1 && [ -e /etc/ld.so.conf ]; then
    mkdir -p "$scratch/system/etc"
    cp -r /etc/ld.so.conf /etc/ld.so.conf.d "$scratch/system/etc"
    DESTDIR=$scratch/system cmake --install build --prefix /usr/local >log
    ldconfig -r "$scratch/system"
    ldconfig -r "$scratch/system" -p | grep -q 'libclile\.so\.[0-9]* .*=> /usr/local/lib/' || fail "ldconfig does not find the library in /usr/local"
else
    echo "LEFT OUT: /usr/local on a root of its own: this needs root and ldconfig"
fi
echo "the C example of README.md ran as printed, with libclile installed, moved"
