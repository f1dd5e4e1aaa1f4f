#!/bin/sh
# From nothing to action units of people the model never saw: installs what is needed (Debian, Ubuntu), builds libclile, trains a
# small CL-ILE model in both stages, evaluates it on the subjects that were left out, and reads one face. Last, the model that comes
# with libclile reads a photograph.
#
#     sh examples/quickstart.sh [DATA]
#
# DATA (or $CLILE_DATA): a folder in the layout of BP4D. Without one, drawn faces are made. On a folder of your own the run takes as
# long as your data is large; on the drawn faces, about two minutes.
set -eu
cd "$(dirname "$0")/.."
build="build-quickstart"
data=${1:-${CLILE_DATA:-}}

say() { printf '\n== %s\n' "$*"; }

say "what is needed"
# shellcheck source=examples/packages.sh
. examples/packages.sh
need_build
photo_model=examples/photo-model/model/photo.safetensors
if [ -e "$photo_model" ]; then need_finder; fi
need_install

say "building in $build"
cmake -S . -B "$build" -G Ninja -DCLILE_BUILD_TESTS=OFF >/dev/null
cmake --build "$build"
clile=$build/examples/clile

if [ -z "$data" ]; then
    data=$build/faces
    say "drawing faces in $data"
    rm -rf "$data" # of an earlier run
    "$clile" synth "$data" --subjects 41 --tasks 2 --frames 16 --sheet "$build/faces.png"
fi
"$clile" data "$data" --layout bp4d

say "training stage 1, then stage 2 from it, on the subjects that fold 1 of the BP4D protocol does not test"
"$clile" train --data "$data" --layout bp4d --protocol bp4d --fold 1 --out "$build/model.safetensors" \
    --set image_size=64 --set epochs_stage1=4 --set epochs=12 --set init_from_stage1=1

say "testing on people the model never saw"
"$clile" eval --model "$build/model.safetensors" --data "$data" --report "$build/report.txt"

say "one face"
images=$(find "$data" -type f \( -name '*.jpg' -o -name '*.png' -o -name '*.bmp' \) | sort)
image=$(printf '%s\n' "$images" | head -n 1)
name=${image##*/}
cp "$image" "$build/face.${name##*.}"
task=$(basename "$(dirname "$image")")
subject=$(basename "$(dirname "$(dirname "$image")")")
frame=$(printf '%s' "${name%.*}" | sed 's/^.*[^0-9]//; s/^0*\(.\)/\1/')
set -- --crop # face.csv says where the face is, a row of landmarks or of a box, for the examples of README.md
rm -f "$build/face.csv"
for known in landmarks boxes; do
    row=$(sed -n "s/^0*$frame,/face.${name##*.},/p" "$data/$known/${subject}_$task.csv" 2>/dev/null | head -n 1)
    [ -n "$row" ] || continue
    printf '%s\n' "$row" >"$build/face.csv"
    set -- --faces "$build/face.csv"
    break
done
"$clile" predict --model "$build/model.safetensors" "$@" "$build/face.${name##*.}"

say "a photograph, by the model that comes with libclile"
if [ ! -e "$photo_model" ]; then
    echo "LEFT OUT: there is no $photo_model (docs/photo-model.md)"
elif need_photo "$build/photo.jpg"; then
    "$clile" predict "$build/photo.jpg" --draw "$build/photo.png"
else
    echo "LEFT OUT: no photograph: Debian's python-matplotlib-data could not be downloaded. Take one of yours: $clile predict PHOTO"
fi

say "done"
echo "model   $build/model.safetensors"
echo "report  $build/report.txt"
[ -e "$build/lib/finder_dlib.so" ] || echo "photos  say where the faces are, or install libdlib-dev and g++ and build again (docs/photo.md)"
echo "command $clile (try: $clile --help)"
