#!/usr/bin/env python3
"""One training step (or one inference) of libclile, of PyTorch, and of the convolution primitives alone, in turns.

    python3 tests/bench/bench_pytorch.py build/tests/bench/bench_net --backbone resnet18 --size 112 --batch 16

A step is forward and backward without optimiser. Prints the median of each and their ratios; the ratio of medians taken in
turns is what survives a busy machine. Needs python3-torch and python3-torchvision. OMP_WAIT_POLICY=passive makes both sides
wait without spinning, which is fairer where other programs run."""
import argparse
import json
import statistics
import subprocess
import sys
import time

import torch
import torchvision

EMBEDDING = 128
PAUSE = 0.1  # seconds until PyTorch's threads no longer wait for work by spinning


def scaled(channels, width):
    return channels if channels == 3 else max(8, int(channels * width + 0.5))


def narrow(module, width):
    """Replaces the layers of a torchvision ResNet by ones of other widths, as libclile's width multiplier does."""
    for name, child in list(module.named_children()):
        if isinstance(child, torch.nn.Conv2d):
            new = torch.nn.Conv2d(scaled(child.in_channels, width), scaled(child.out_channels, width), child.kernel_size,
                                  child.stride, child.padding, bias=False)
        elif isinstance(child, torch.nn.BatchNorm2d):
            new = torch.nn.BatchNorm2d(scaled(child.num_features, width))
        elif isinstance(child, torch.nn.Linear):
            new = torch.nn.Linear(scaled(child.in_features, width), child.out_features)
        else:
            narrow(child, width)
            continue
        setattr(module, name, new)


def make_model(backbone, width):
    if backbone == "resnet10":
        resnet = torchvision.models.resnet
        model = resnet.ResNet(resnet.BasicBlock, [1, 1, 1, 1], num_classes=EMBEDDING)
    else:
        model = getattr(torchvision.models, backbone)(num_classes=EMBEDDING)
    if width != 1.0:
        narrow(model, width)
    return model


def most_held(process):
    """Bytes: the most that a process ever held."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


class Torch:
    def __init__(self, options):
        torch.set_num_threads(options.threads)
        self.training = options.mode == "train"
        self.model = make_model(options.backbone, options.width).train(self.training)
        self.image = torch.randn(options.batch, 3, options.size, options.size)
        self.diff = torch.randn(options.batch, EMBEDDING) / options.batch

    def step(self):
        start = time.perf_counter()
        if self.training:
            self.model.zero_grad()
            self.model(self.image).backward(self.diff)
        else:
            with torch.no_grad():
                self.model(self.image)
        return time.perf_counter() - start


class Clile:
    def __init__(self, options):
        arguments = [options.bench_net, options.backbone, options.width, options.batch, options.size, options.mode,
                     options.threads]
        self.process = subprocess.Popen([str(a) for a in arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def most_held(self):
        return most_held(self.process.pid)

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench_net ended early")
        return json.loads(line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench_net")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=112)
    parser.add_argument("--mode", choices=["train", "infer"], default="train")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    reference, clile = Torch(options), Clile(options)
    reference.step()
    clile.ask("step")
    times = {"pytorch": [], "clile": [], "convolutions": []}
    for _ in range(options.rounds):
        times["pytorch"].append(reference.step())
        time.sleep(PAUSE)
        times["clile"].append(clile.ask("step")["seconds"])
        bound = clile.ask("convolutions")
        times["convolutions"].append(bound["seconds"])
    peak = {"pytorch": most_held("self"), "clile": clile.most_held()}
    clile.process.stdin.close()
    clile.process.wait()
    median = {name: statistics.median(values) for name, values in times.items()}
    result = {
        "backbone": options.backbone, "width": options.width, "batch": options.batch, "size": options.size,
        "mode": options.mode, "threads": options.threads, "onednn": bound["onednn"], "pytorch": torch.__version__,
        "seconds": median,
        "images_per_second": options.batch / median["clile"],
        "gflops_per_second": bound["flops"] / median["clile"] * 1e-9,
        "times_pytorch": statistics.median(a / b for a, b in zip(times["pytorch"], times["clile"])),
        "times_convolution_bound": statistics.median(a / b for a, b in zip(times["clile"], times["convolutions"])),
        "peak_bytes": peak,
    }
    if options.json:
        print(json.dumps(result))
        return
    print("{backbone} width {width} batch {batch} {size} px {mode}, {threads} threads, oneDNN {onednn}".format(**result))
    for name in times:
        print("  {:13s} {:9.2f} ms".format(name, 1e3 * median[name]))
    print("  {:.1f} images/s, {:.1f} GFLOP/s, {:.2f} x the speed of PyTorch, {:.2f} x the convolutions alone".format(
        result["images_per_second"], result["gflops_per_second"], result["times_pytorch"], result["times_convolution_bound"]))


if __name__ == "__main__":
    main()
