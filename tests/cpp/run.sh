#!/bin/sh
# run.sh COMPILER ROOT LIBRARY C_EXAMPLE SCRATCH: clile.hpp compiles without a warning, with and without exceptions, its tests pass, and
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
# a program built with newer headers than the library
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
# the model that comes with the library, found by the library's place, and missing
mkdir -p tree/lib tree/share/clile
cp "$library" tree/lib/libclile.so.1
cp "$folder/finder_square.so" tree/lib/finder_dlib.so
cat >default.cpp <<'END'
#include <clile/clile.hpp>
#include <cstdio>
#include <cstring>
int main(int argc, char **argv)
{
    if (argc == 1) {
        clile::Status status;
        const bool none = clile::read("bright.ppm", {}, &status).empty() && !clile::Model::load_default({}, &status);
        return none && status.code == CLILE_E_IO && status.message.find("clile-model") != std::string::npos ? 0 : 1;
    }
    std::vector<std::uint8_t> rgb(3 * 120 * 160, 20);
    for (std::size_t y = 20; y < 84; ++y) std::memset(&rgb[3 * (160 * y + 60)], 240, 3 * 64);
    const auto image = clile::pixels(rgb.data(), 120, 160);
    const auto faces = clile::Reader::installed().read(image);
    const auto same = clile::Reader(clile::Model::load(argv[1])).read(image);
    if (faces.size() != 1 || same.size() != 1 || faces[0].au_ids != clile::Model::load_default().au_ids()) return 1;
    if (!clile::read(argv[2]).empty()) return 2; // a face, but none that the finder sees
    return faces[0].probability == same[0].probability && faces[0].probability.size() == faces[0].au_ids.size() ? 0 : 3;
}
END
build default.cpp -o default
cp model.safetensors tree/share/clile/photo.safetensors
LD_LIBRARY_PATH=$PWD/tree/lib:$LD_LIBRARY_PATH ./default model.safetensors face.bmp || { echo "the default model: $?" >&2; exit 1; }
rm tree/share/clile/photo.safetensors
LD_LIBRARY_PATH=$PWD/tree/lib:$LD_LIBRARY_PATH ./default || { echo "a default model that is missing: $?" >&2; exit 1; }
./predict model.safetensors face.bmp >cpp.txt
"$c_example" model.safetensors face.bmp >c.txt
diff cpp.txt c.txt
[ "$(wc -l <cpp.txt)" = 2 ] || { echo "2 AUs are expected:" >&2; cat cpp.txt >&2; exit 1; }
code=0
./predict no-such-file face.bmp 2>error.txt || code=$?
[ "$code" = 1 ] && grep -q 'CLILE_E_IO.*no-such-file' error.txt || { echo "a model that is not there: $code" >&2; cat error.txt >&2; exit 1; }
