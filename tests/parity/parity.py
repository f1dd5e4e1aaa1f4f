#!/usr/bin/env python3
"""Compares libclile with PyTorch, so that nobody has to trust us. Needs numpy, torch and torchvision.

    python3 tests/parity/parity.py --library build/lib/libclile.so       # the checks
    python3 tests/parity/parity.py --write-golden tests/data/golden      # golden files; needs no library

(a) ResNet-18 with torchvision's names, the same weights on both sides: logits within 1e-4 of torchvision's.
(b) five SGD steps of stage 1 and of stage 2, for every elimination and for method=bce, from the same weights on the same
    batch, against training.py and method.py in float64: losses and every tensor within 1e-3. A tensor is compared by its
    *change*, |(ours - start) - (theirs - start)| / |theirs - start|: the values themselves would agree even if nothing had
    been learned. The images are drawn until no activation of the reference comes within float32's rounding of a kink
    (training.Margin says why); that does not depend on what libclile makes of them.
    Both also for stem=small: the blocks of torchvision after another conv1, without max pooling.
(c) .pth files of every way to save a ResNet, imported: the values that PyTorch has, to the bit.
(d) golden files, which tests/loss/test_golden_losses.c and tests/train/test_golden.c replay where there is no PyTorch.

Only the public C API is used. Exit status 1 when anything is out of bounds.
"""
import argparse
import pathlib
import sys
import tempfile

import numpy as np
import torch
import torchvision

import golden_losses
import golden_train
import pth
import safetensors_io
import training
from clile_api import Clile

STEPS = 5
LOGITS_BOUND, STEPS_BOUND = 1e-4, 1e-3
failures = 0


def report(name, error, bound):
    global failures
    good = bool(error <= bound)
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {name:68s} {error:.2e} (bound {bound:.0e})")


def smooth_images(rng, n, size):
    """Random pictures with structure at several scales, uint8 [n,size,size,3]; no two places are alike, since they would tie in pooling."""
    picture = rng.normal(0, 0.1, (n, size, size, 3))
    for cells in (2, 4, 8, 16):
        coarse = rng.uniform(-1, 1, (n, cells, cells, 3))
        repeat = -(-size // cells)
        picture += np.kron(coarse, np.ones((1, repeat, repeat, 1)))[:, :size, :size] / 4
    return np.clip(127.5 + 100 * picture, 0, 255).astype(np.uint8)


# ---- (a) logits --------------------------------------------------------------------------------------------------------


def encoder_of(path):
    tensors, _ = safetensors_io.read(path)
    return {name[len("encoder."):]: value for name, value in tensors.items() if name.startswith("encoder.")}


def perturb_statistics(rng, tensors):
    """Non-trivial norms: an untrained network has scale 1, shift 0, mean 0, variance 1."""
    for name, value in tensors.items():
        kind, at = name.rsplit(".", 1)[-1], value.shape
        if kind in ("running_mean",):
            value[...] = 0.1 * rng.standard_normal(at)
        elif kind == "running_var":
            value[...] = rng.uniform(0.5, 1.5, at)
        elif value.ndim == 1 and kind == "weight":
            value[...] = rng.uniform(0.5, 1.2, at)
        elif value.ndim == 1:
            value[...] = 0.1 * rng.standard_normal(at)


def check_logits(clile, folder, rng):
    for backbone in ("resnet18", "resnet34", "resnet50"):
        for size in (64, 112):
            settings = {"backbone": backbone, "stem": "imagenet", "width": 1, "embedding": 1000, "image_size": size}
            theirs = getattr(torchvision.models, backbone)(weights=None)
            model = clile.model(settings, [1])
            clile.model_save(model, folder / "created.safetensors")
            tensors = encoder_of(folder / "created.safetensors")
            perturb_statistics(rng, tensors)
            safetensors_io.write(folder / "torchvision.safetensors", tensors)
            clile.call("clile_model_import_backbone", model, str(folder / "torchvision.safetensors").encode())
            clile.mark_trained(model, 1)
            theirs = training.load(theirs, tensors).double().eval()
            images = smooth_images(rng, 3, size)
            with torch.no_grad():
                expected = theirs(training.network_input(images)).numpy()
            for batch in (1, 2):
                found = clile.embeddings(model, images, 1000, {"predict_batch": batch})
                error = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
                report(f"logits {backbone} {size} x {size}, batch {batch}", error, LOGITS_BOUND)
            clile.lib.clile_model_destroy(model)


def check_small_stem(clile, folder, rng):
    for backbone, width, size in (("resnet10", 0.25, 64), ("resnet18", 0.5, 47), ("resnet50", 0.25, 32)):
        settings = {"backbone": backbone, "stem": "small", "width": width, "embedding": 100, "image_size": size}
        model = clile.model(settings, [1])
        clile.model_save(model, folder / "created.safetensors")
        tensors = encoder_of(folder / "created.safetensors")
        perturb_statistics(rng, tensors)
        safetensors_io.write(folder / "small.safetensors", tensors)
        clile.call("clile_model_import_backbone", model, str(folder / "small.safetensors").encode())
        clile.mark_trained(model, 1)
        theirs = training.load(training.Encoder(backbone, width, 100, "small"), tensors).double().eval()
        images = smooth_images(rng, 3, size)
        with torch.no_grad():
            expected = theirs(training.network_input(images)).numpy()
        found = clile.embeddings(model, images, 100, {})
        report(f"logits {backbone} x {width:g}, small stem, {size} x {size}", np.abs(found - expected).max() / max(1.0, np.abs(expected).max()), LOGITS_BOUND)
        clile.lib.clile_model_destroy(model)


# ---- (b) five steps ----------------------------------------------------------------------------------------------------

MODEL = {"backbone": "resnet10", "stem": "imagenet", "width": 0.125, "embedding": 32, "image_size": 32}
N, C, S = 8, 5, 3
MARGIN, DRAWS = 1e-5, 80
TRAIN = {**training.PLAIN, "batch": N, "epochs": STEPS + 5, "epochs_stage1": STEPS}
CASES = {
    "none": {"elimination": "none"},
    "published (contrast alone)": {"elimination": "none", "lambda_bce": 0},
    "none, null anchor": {"elimination": "none", "null_anchor": 1, "tau": 0.3},
    "none, dot": {"elimination": "none", "similarity": "dot", "lambda_contra": 0.2},
    "orthogonal": {"elimination": "orthogonal"},
    "orthogonal, residual": {"elimination": "orthogonal", "identity_part": "residual"},
    "orthogonal, subject means": {"elimination": "orthogonal", "identity_part": "subject_mean"},
    "decorrelate": {"elimination": "decorrelate", "lambda_id": 0.5},
    "adversarial": {"elimination": "adversarial", "lambda_id": 0.5},
    "mixed": {"elimination": "mixed", "lambda_ile": 3, "lambda_ile_bias": 0.1, "lambda_contra": 0.5, "lambda_bce": 2},
    "mixed, dot": {"elimination": "mixed", "similarity": "dot", "lambda_contra": 0, "lambda_ile": 0.3},
    "bce": {"method": "bce"},
    "bce, dot": {"method": "bce", "similarity": "dot"},
    "started from stage 1": {"elimination": "orthogonal", "init_from_stage1": 1},
    "small stem, bce": {"method": "bce", "similarity": "dot", "stem": "small"},
}


def part(tensors, prefix):
    return {name[len(prefix):]: value for name, value in tensors.items() if name.startswith(prefix)}


def heads(tensors):
    return {name: value for name, value in part(tensors, "head.").items() if "." not in name}


def worst_change(start, found, expected):
    """(greatest relative error of the change of a tensor, its name). A change below a hundredth of the typical one, or below
    3e-4 of the value itself (so that 1e-3 of it is float32's rounding), counts as that much."""
    if set(found) != set(expected):
        return np.inf, f"names {sorted(set(found) ^ set(expected))[:3]}"

    def rms(x):
        return np.linalg.norm(x) / np.sqrt(x.size)

    change = {name: rms(expected[name] - start[name]) for name in expected}
    least = 0.01 * np.median(list(change.values()))
    errors = {name: rms(found[name] - expected[name]) / max(change[name], least, 3e-4 * rms(expected[name])) for name in expected}
    name = max(errors, key=errors.get)
    return errors[name], name


def worst_value(found, expected):
    return max(np.linalg.norm(found[name] - expected[name]) / max(np.linalg.norm(expected[name]), 1e-12)
               for name in expected if np.linalg.norm(expected[name]) > 1e-6)


def compare(name, start, found, expected, losses, expected_losses):
    expected_losses = np.array(expected_losses)
    loss_error = (np.abs(losses - expected_losses) / np.maximum(np.abs(expected_losses), 1e-3)).max() \
        if losses.shape == expected_losses.shape else np.inf
    change, where = worst_change(start, found, expected)
    report(f"{name}: losses", loss_error, STEPS_BOUND)
    report(f"{name}: values", worst_value(found, expected), STEPS_BOUND)
    report(f"{name}: changes ({where})", change, STEPS_BOUND)


def make_data(rng):
    labels = rng.choice(np.array([-1, 0, 1], np.int8), (N, C), p=(0.1, 0.5, 0.4))
    labels[0], labels[1], labels[2:7] = 0, -1, np.eye(C, dtype=np.int8)
    return smooth_images(rng, N, MODEL["image_size"]), labels, (np.arange(N) % S).astype(np.int32)


def saved(clile, trainer, path):
    clile.trainer_save(trainer, path)
    return safetensors_io.read(path)[0]


class Run:
    """A trainer of libclile on the whole data set, and what it started from."""

    def __init__(self, clile, folder, data, case):
        self.clile, self.folder, self.data = clile, folder, data
        self.reference = {**training.OPTIONS, **case}
        self.settings = {**TRAIN, **MODEL, **self.reference}
        self.trainer = self.new_trainer(self.settings)
        self.needs_stage1 = clile.lib.clile_trainer_needs_stage1(self.trainer)
        self.fresh = self.saved(self.trainer)

    def new_trainer(self, settings):
        ids = list(range(1, C + 1))
        model, dataset = self.clile.model(settings, ids), self.clile.dataset(*self.data, ids)
        trainer = self.clile.trainer(model, dataset, settings)
        self.clile.lib.clile_dataset_destroy(dataset)  # the trainer keeps what it needs
        self.clile.lib.clile_model_destroy(model)
        return trainer

    def saved(self, trainer):
        self.clile.trainer_save(trainer, self.folder / "checkpoint.safetensors")
        return safetensors_io.read(self.folder / "checkpoint.safetensors")[0]

    def first_vectors(self, stage):
        """The vectors a stage starts from: those after one step of a twin with learning rate 0."""
        twin = self.new_trainer({**self.settings, "learning_rate": 0})
        if stage == 2 and self.needs_stage1:
            self.clile.run(twin, 1)
        self.clile.run(twin, stage, stop_after=1)
        tensors = self.saved(twin)
        self.clile.lib.clile_trainer_destroy(twin)
        return heads(tensors)

    def network(self, tensors):
        return training.load(training.Encoder(MODEL["backbone"], MODEL["width"], MODEL["embedding"], self.reference.get("stem", "imagenet")), tensors)

    def stage1(self):
        """(what compare() wants, margin)"""
        start, vectors = part(self.fresh, "id."), self.first_vectors(1)
        losses = self.clile.run(self.trainer, 1)
        after = self.saved(self.trainer)
        found = {**part(after, "id."), "ile": after["stage1.ile"]}
        net, ends, expected, margin = training.train(1, self.network(start), vectors, *self.data, STEPS, self.reference)
        return ({**start, **vectors}, found, {**net, **ends}, losses, expected), margin

    def stage2(self):
        start, vectors, id_net = part(self.fresh, "net."), self.first_vectors(2), None
        if self.needs_stage1:
            self.clile.run(self.trainer, 1)
            after = self.saved(self.trainer)
            id_net = self.network(part(after, "id."))
            if self.settings["init_from_stage1"]:
                start, vectors["au"] = part(after, "id."), after["stage1.ile"].mean(0)
        losses = self.clile.run(self.trainer, 2, stop_after=STEPS)
        end = self.saved(self.trainer)
        found = {**part(end, "net."), **heads(end)}
        net, ends, expected, margin = training.train(2, self.network(start), vectors, *self.data, STEPS, self.reference, id_net)
        return ({**start, **vectors}, found, {**net, **ends}, losses, expected), margin


def check_steps(clile, folder, name, case, stage):
    for draw in range(DRAWS):
        run = Run(clile, folder, make_data(np.random.default_rng(draw)), case)
        comparison, margin = run.stage1() if stage == 1 else run.stage2()
        clile.lib.clile_trainer_destroy(run.trainer)
        if margin >= MARGIN:
            compare(f"stage {stage}, {name} (draw {draw})", *comparison)
            return
    report(f"stage {stage}, {name}: no draw keeps the margin", np.inf, STEPS_BOUND)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", help="path of libclile.so")
    parser.add_argument("--write-golden", metavar="DIR", help="write golden files and stop")
    parser.add_argument("--only", default="", help="only the cases of (b) whose name contains this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.write_golden:
        folder = pathlib.Path(arguments.write_golden)
        folder.mkdir(parents=True, exist_ok=True)
        safetensors_io.write(folder / "losses.safetensors", *golden_losses.build())
        safetensors_io.write(folder / "train.safetensors", *golden_train.build())
        return 0
    if not arguments.library:
        parser.error("--library or --write-golden is needed")
    clile, rng = Clile(arguments.library), np.random.default_rng(1)
    print(f"libclile {clile.lib.clile_version().decode()}, PyTorch {torch.__version__}, torchvision {torchvision.__version__}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not arguments.only:
            check_logits(clile, folder, rng)
            check_small_stem(clile, folder, rng)
            pth.check(clile, folder, report)
        if arguments.only in "stage 1":
            check_steps(clile, folder, "weighted BCE", CASES["orthogonal"], 1)
        for case, settings in CASES.items():
            if arguments.only in case:
                check_steps(clile, folder, case, settings, 2)
    print("all within bounds" if failures == 0 else f"{failures} out of bounds")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
