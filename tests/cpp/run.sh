#!/bin/sh
# run.sh COMPILER ROOT LIBRARY C_EXAMPLE SCRATCH: clile.hpp compiles without a word, with and without exceptions, its tests pass, and
# examples/predict.cpp answers as examples/predict.c does. CLILE_CXX_FLAGS: more flags, those of a sanitizer.
set -eu
compiler=$1 root=$2 library=$3 c_example=$4 scratch=$5
rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
folder=$(dirname "$library")
LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
build() {
    # shellcheck disable=SC2086 # words on purpose
    "$compiler" -std=c++17 -O1 -Wall -Wextra -pedantic -Wshadow -Wconversion -Werror ${CLILE_CXX_FLAGS:-} -I"$root/include" "$@" -L"$folder" -lclile
}
build "$root/tests/cpp/test_wrapper.cpp" "$root/tests/cpp/second_unit.cpp" -o test_wrapper
"$compiler" -std=c++17 -fno-exceptions -Wall -Wextra -pedantic -Werror -I"$root/include" -fsyntax-only "$root/tests/cpp/second_unit.cpp"
build "$root/examples/predict.cpp" -o predict
./test_wrapper
# a program of newer headers than the library
cp -r "$root/include" newer
sed -i 's/^#define CLILE_VERSION_PATCH .*/#define CLILE_VERSION_PATCH 99/' newer/clile/status.h
cat >old_library.cpp <<'END'
#include <clile/clile.hpp>
int main()
{
    clile::Status status;
    clile::Options options;
    options.set("epochs", 1, &status);
    return status.code == CLILE_E_UNSUPPORTED && status.message.find("was compiled for") != std::string::npos && !options ? 0 : 1;
}
END
"$compiler" -std=c++17 ${CLILE_CXX_FLAGS:-} -Inewer old_library.cpp -o old_library -L"$folder" -lclile
./old_library || { echo "a library older than the headers is not refused" >&2; exit 1; }
./predict model.safetensors face.bmp >cpp.txt
"$c_example" model.safetensors face.bmp >c.txt
diff cpp.txt c.txt
[ "$(wc -l <cpp.txt)" = 2 ] || { echo "2 AUs are expected:" >&2; cat cpp.txt >&2; exit 1; }
code=0
./predict no-such-file face.bmp 2>error.txt || code=$?
[ "$code" = 1 ] && grep -q 'CLILE_E_IO.*no-such-file' error.txt || { echo "a model that is not there: $code" >&2; cat error.txt >&2; exit 1; }
