#!/bin/sh
# wheel.sh SCRATCH: builds the wheel of examples/python, installs it with NumPy alone in an empty virtual environment, and trains and predicts there. Takes
# scikit-build-core and NumPy from PyPI.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "$1"
scratch=$(cd "$1" && pwd)
quietly() { "$@" >"$scratch/log" 2>&1 || { cat "$scratch/log"; echo "wheel.sh: failed: $*" >&2; exit 1; }; }
rm -rf "$scratch/build" "$scratch/wheel" "$scratch/pure" "$scratch/clean"

python3 -m venv "$scratch/build"
quietly "$scratch/build/bin/pip" wheel --disable-pip-version-check --no-deps -w "$scratch/wheel" ./examples/python
quietly "$scratch/build/bin/pip" wheel --disable-pip-version-check --no-deps -w "$scratch/pure" -C wheel.cmake=false ./examples/python
set -- "$scratch"/wheel/clile-*-py3-none-linux_*.whl "$scratch"/pure/clile-*-py3-none-any.whl
for wheel; do
    [ -e "$wheel" ] || { echo "wheel.sh: no wheel $wheel" >&2; exit 1; }
done

python3 -m venv "$scratch/clean"
quietly "$scratch/clean/bin/pip" install --disable-pip-version-check "$1"
cd "$scratch"
env -i HOME="$scratch" OMP_WAIT_POLICY=passive "$scratch/clean/bin/python" - <<'END_PYTHON'
import pathlib
import numpy as np
import clile

here = pathlib.Path(clile.__file__).parent
assert (here / "py.typed").exists() and (here / "licenses/libclile").exists()
random = np.random.default_rng(1)
labels = random.integers(0, 2, (60, 2), np.int8)
images = random.integers(0, 25, (60, 32, 32, 3), np.uint8)
images[:, :16] += (60 + 120 * labels[:, 0, None, None, None]).astype(np.uint8)
images[:, 16:] += (60 + 120 * labels[:, 1, None, None, None]).astype(np.uint8)
with clile.Dataset.from_arrays(images, labels, np.arange(60) % 6, [1, 12]) as data:
    train, test = data.fold("kfold:3", 1)
    model = clile.train(train, epochs=10, width=0.0625, image_size=32, embedding=8, method="bce", batch=8, threads=1)
model.save("model.safetensors")
answer = clile.Model.load("model.safetensors").predict(np.stack([test.crop(i, 32) for i in range(len(test))]))
right = (answer.present == (test.labels == 1)).mean()
assert len(test) == 20 and right > 0.9, right
if (here / "finder_dlib.so").exists():
    assert clile.Model.load("model.safetensors").read(np.zeros((64, 64, 3), np.uint8)) == []
else:
    print("LEFT OUT: the finder of faces: the wheel has none")
model_in_wheel = here / "photo.safetensors"
if model_in_wheel.exists():
    assert len(clile.Model.default().au_ids) > 1
else:
    print("LEFT OUT: the model for photographs: the wheel has none")
    model.save(model_in_wheel)  # where the library looks
    assert clile.Model.default().to_bytes() == model.to_bytes()
    model_in_wheel.unlink()
# only the wheel's own libraries were loaded
maps = {line.split()[-1] for line in open("/proc/self/maps") if "/" in line}
for name in ("libclile.so", "libdnnl.so", "libgomp.so"):
    found = [path for path in maps if pathlib.Path(path).name.startswith(name)]
    assert len(found) == 1 and pathlib.Path(found[0]).parent == here, (name, found)
own = sorted(pathlib.Path(path).name for path in maps if pathlib.Path(path).parent == here)
print(f"clile {clile.__version__}: {right:.0%} right on people it never saw, with {', '.join(own)} of the wheel")
END_PYTHON

# Its types as a checker sees them from outside: strict, except that ctypes may return anything.
quietly "$scratch/clean/bin/pip" install --disable-pip-version-check mypy
quietly "$scratch/clean/bin/mypy" --strict --no-warn-return-any -p clile
cat >"$scratch/typed.py" <<'END_PYTHON'
import clile
import numpy as np
import pathlib

with clile.Model.load("model.safetensors") as model, clile.Predictor(model) as predictor:
    reveal_type(model)
    reveal_type(predictor.run(np.zeros((1, 32, 32, 3), np.uint8)))
    model.predict([pathlib.Path("a.png"), "b.png", b"", np.zeros((32, 32, 3), np.uint8)], box=[(1, 2, 30, 40), None, None, [1, 2, 3, 4]])
    data = clile.Dataset.synth()
    reveal_type(data[0])
    reveal_type(data[1:])
    print([sample.crop(32).shape for sample in data if sample.labels[0] == 1], clile.evaluate(model, data).summary("f1").low)
model.save(3)
END_PYTHON
"$scratch/clean/bin/mypy" --strict "$scratch/typed.py" >"$scratch/log" || true
for said in 'clile._model.Model' 'clile._model.Prediction' 'clile._data.Sample' 'clile._data.Dataset' 'Argument 1 to "save" of "Model" has incompatible type "int"' 'Found 1 error'; do
    grep -qF "$said" "$scratch/log" || { echo "wheel.sh: mypy does not say: $said" >&2; cat "$scratch/log" >&2; exit 1; }
done

# The wheel without a library takes the one that CLILE_LIBRARY names.
rm -rf "$scratch/library"
cp -r "$(echo "$scratch"/clean/lib/python3*/site-packages/clile)" "$scratch/library"
quietly "$scratch/clean/bin/pip" install --disable-pip-version-check --force-reinstall --no-deps "$2"
left=$(find "$scratch/clean" -name 'libclile*')
[ -z "$left" ] || { echo "wheel.sh: the pure wheel holds $left" >&2; exit 1; }
env -i CLILE_LIBRARY="$(echo "$scratch"/library/libclile.so.*)" "$scratch/clean/bin/python" -c "import clile; print('a wheel without library:', clile.__version__)"
