#!/bin/sh
# Makes the two models that come with libclile, from nothing but the face model: renders 24,000 faces, trains on them with
# `clile train`, and writes model/points.safetensors and model/photo.safetensors here.
#
#     sh examples/photo-model/make.sh MODEL.npz FOLDER [BUILD]
#
# MODEL.npz: pack_model.py makes it. FOLDER: for pictures and models, 0.4 GB. BUILD: a build of libclile (build). On two cores
# rendering takes about 15 minutes; training took 24 more on one thread. The same seeds give the same bits.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
model=$1 out=$2
build=$(cd "${3:-build}" && pwd)
clile=$build/examples/clile
mkdir -p "$out"

[ -e "$out/faces/manifest.csv" ] || "$build/examples/photo-model/faces.py" "$model" "$out/faces" --seed 102 --people 2000 --images 12

# What photographs suffer, and rendered pictures do not.
train() {
    name=$1
    shift
    [ -e "$out/$name.safetensors" ] || "$clile" train --data "$out/faces" --layout csv --out "$out/$name.safetensors" \
        --set targets=targets.safetensors --set method=bce --set exchange_halves=0 --set stem=small --set embedding=128 --set seed=1 --set threads=1 \
        --set ema=0.998 --set validation=0.05 --set augment_brightness=0.3 --set augment_contrast=0.4 --set augment_saturation=0.5 \
        --set augment_grayscale=0.4 --set augment_blur=0.2 --set augment_resolution=0.35 --set augment_noise=0.06 \
        --set augment_gamma=0.4 --set augment_tint=0.1 --set augment_shade=0.25 --set augment_jpeg=0.3 --set augment_erase=0.25 \
        --set augment_erase_area=0.15 --set exchange_halves=0 "$@"
    "$clile" export "$out/$name.safetensors" --int8 --calibrate "$out/faces" --layout csv --images 512 --out "$out/$name.int8.safetensors"
}

# Points: from a rough box, so the crop moves, turns and grows a lot. Action units: from a crop that the points align, of one
# brightness and one contrast.
train points --set width=0.25 --set image_size=64 --set epochs=8 --set keep_points=1 --set lambda_points=2 --set lambda_bce=0.2 \
    --set lambda_values=0.1 --set crop_margin=0.3 --set augment_scale=0.3 --set augment_shift=0.12 --set augment_rotate=20 \
    --set augment_blur_most=1.5 --set augment_edge=0.2 --set validation_every=4
train photo --set width=0.375 --set image_size=80 --set epochs=6 --set crop_margin=0.15 --set augment_scale=0.08 \
    --set augment_shift=0.03 --set augment_rotate=6 --set augment_blur_most=1.6 --set augment_edge=0.15 --set validation_every=2 \
    --set standardize=1

export PYTHONPATH="$here/../python" CLILE_LIBRARY="$build/lib/libclile.so"
mkdir -p "$here/model"
python3 "$here/finish.py" "$out/points.int8.safetensors" "$here/model/points.safetensors" "$here/card-points.md"
python3 "$here/finish.py" "$out/photo.int8.safetensors" "$here/model/photo.safetensors" "$here/card.md" --crop-scale 0.96 --thresholds "$here/thresholds.csv"
ls -l "$here/model"
