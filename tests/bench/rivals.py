#!/usr/bin/env python3
"""libclile beside what people install today, in alternating runs: PyTorch, ONNX Runtime, OpenVINO of PyPI.

    python3 tests/bench/rivals.py install FOLDER               # a virtual environment with the newest of each
    python3 tests/bench/rivals.py infer FOLDER --build build   # answers: float32 and int8
    python3 tests/bench/rivals.py train FOLDER --build build   # one training step, against PyTorch
    python3 tests/bench/rivals.py infer FOLDER --only resnet50 --size 224 --batch 1 --threads 1,2

Prints a Markdown table. A round runs each engine in its turn and takes the fastest of its runs; a cell is the median over
rounds, a ratio the median of the rounds' ratios. int8: ONNX Runtime's is quantised statically by its own tool (QDQ, per channel),
OpenVINO's by NNCF where pip could install it. All are calibrated on noise: their speed is compared here, not their answers."""
import argparse
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

PACKAGES = ["numpy", "onnx", "onnxruntime", "openvino", "torch", "torchvision"]
OPTIONAL = ["nncf"]
NETWORKS = [("resnet10", 0.25), ("resnet18", 1.0), ("resnet50", 1.0)]
TRAINED = [("resnet18", 1.0), ("resnet50", 1.0)]
FP32, INT8, BF16 = "fp32", "int8", "bf16"
AUS = [1, 2, 4, 6, 7, 10, 12, 14, 15, 17, 23, 24]
CALIBRATION = 8
SECONDS_A_TURN, MOST_RUNS = 0.1, 30

# Runs inside the virtual environment: writes the models of one network and size.
WRITE_MODELS = """
import sys
import numpy as np
import clile
folder, backbone, width, size, aus, calibration = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), eval(sys.argv[5]), int(sys.argv[6])
wanted = sys.argv[7].split(",")
model = clile.Model(aus, backbone=backbone, width=width, image_size=size)
model.set_decision(np.ones(len(aus)), np.zeros(len(aus)))
model.save(folder + "/fp32.safetensors")
pixels = np.random.default_rng(1).integers(0, 256, (calibration, size, size, 3), np.uint8)
model.quantize(pixels).save(folder + "/int8.safetensors")
from clile import _library
_library.lib.clile_model_export_onnx(model._c, (folder + "/fp32.onnx").encode())
faces = np.random.default_rng(1).standard_normal((calibration, 1, 3, size, size), dtype=np.float32)
if "onnxruntime int8" in wanted:
    from onnxruntime import quantization
    class Reader(quantization.CalibrationDataReader):
        def __init__(self): self.left = iter(faces)
        def get_next(self): return next(({"input": face} for face in self.left), None)
    quantization.shape_inference.quant_pre_process(folder + "/fp32.onnx", folder + "/prepared.onnx")
    quantization.quantize_static(folder + "/prepared.onnx", folder + "/int8.onnx", Reader(), quant_format=quantization.QuantFormat.QDQ,
                                 per_channel=True, activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
if "openvino int8" in wanted:
    import nncf
    import openvino
    model = nncf.quantize(openvino.Core().read_model(folder + "/fp32.onnx"), nncf.Dataset(list(faces)), subset_size=calibration)
    openvino.save_model(model, folder + "/int8.xml", compress_to_fp16=False)
"""


def processor():
    """Its name, and the instruction sets that matter here."""
    name, flags = platform.processor() or platform.machine(), []
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        for line in lines:
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = value.split()
    known = ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"]
    return f"{name}, {os.cpu_count()} cores ({', '.join(flag for flag in known if flag in flags)})"


def python_of(folder):
    return str(pathlib.Path(folder) / "bin" / "python3")


def install(options):
    subprocess.run([sys.executable, "-m", "venv", options.folder], check=True)
    pip = [python_of(options.folder), "-m", "pip", "install", "--quiet", "--upgrade"]
    subprocess.run(pip + PACKAGES, check=True)
    for name in OPTIONAL:
        if subprocess.run(pip + [name], check=False).returncode != 0:
            print(f"rivals: {name} could not be installed; what needs it is left out", file=sys.stderr)


def has(folder, module):
    return subprocess.run([python_of(folder), "-c", f"import {module}"], capture_output=True, check=False).returncode == 0


class Engine:
    """A process that answers "run N" with N times (examples/bench/rival_rounds.py, or the worker of clile-bench)."""

    def __init__(self, command):
        environment = {"GOMP_SPINCOUNT": "10000", **os.environ}  # as the command `clile` starts itself; the rivals have no libgomp
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=environment)
        words = self.read().split()
        if words[:1] != ["ready"]:
            sys.exit(f"rivals: {' '.join(map(str, command))}: found \"{' '.join(words)}\", expected \"ready\"")
        self.first, self.version = float(words[1]), " ".join(words[3:])
        self.runs, self.rounds = 2, []
        once = self.turn()
        self.runs = max(3, min(MOST_RUNS, int(SECONDS_A_TURN / once)))

    def read(self):
        return self.process.stdout.readline()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def turn(self):
        """The fastest run; the first, with cold caches and sleeping threads, is not counted."""
        return min(float(word) for word in self.ask(f"run {self.runs + 1}").split()[1:])

    def end(self):
        memory = int(self.ask("memory"))
        self.process.stdin.close()
        self.process.wait()
        return memory


def commands(options, folder, batch, threads, wanted):
    bench = [pathlib.Path(options.build) / "examples" / "clile-bench", "worker"]
    script = pathlib.Path(__file__).resolve().parents[2] / "examples" / "bench" / "rival_rounds.py"
    rival = [python_of(options.folder), script]
    common = [batch, threads, options.clock]
    every = {"clile fp32": bench + [folder / "fp32.safetensors"] + common,
             "onnxruntime fp32": rival + ["onnxruntime", folder / "fp32.onnx"] + common,
             "openvino fp32": rival + ["openvino", folder / "fp32.onnx"] + common,
             "openvino bf16": rival + ["openvino-bf16", folder / "fp32.onnx"] + common,
             "clile bf16": bench + [folder / "fp32.safetensors"] + common + ["bf16"],
             "clile int8": bench + [folder / "int8.safetensors"] + common,
             "onnxruntime int8": rival + ["onnxruntime", folder / "int8.onnx"] + common,
             "openvino int8": rival + ["openvino", folder / "int8.xml"] + common}
    return {name: every[name] for name in wanted}


def write_models(options, folder, backbone, width, size, wanted):
    package = pathlib.Path(__file__).resolve().parents[2] / "examples" / "python"
    environment = dict(os.environ, PYTHONPATH=str(package), CLILE_LIBRARY=str(pathlib.Path(options.build).resolve() / "lib" / "libclile.so"))
    arguments = [folder, backbone, width, size, AUS, CALIBRATION, ",".join(wanted)]
    done = subprocess.run([python_of(options.folder), "-c", WRITE_MODELS] + [str(a) for a in arguments], env=environment, check=False,
                          capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"rivals: the models of {backbone} could not be written:\n{done.stderr}")


def ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours, theirs))


def best_ratio(engines, precision):
    """Our time over the best rival's of the same precision: the rival that has the largest ratio."""
    ours = engines.get(f"clile {precision}")
    rivals = [name for name in engines if name.endswith(precision) and not name.startswith("clile")]
    if ours is None or not rivals:
        return None
    return max(ratio(ours.rounds, engines[name].rounds) for name in rivals)


def infer_row(options, folder, batch, threads, wanted):
    engines = {name: Engine(command) for name, command in commands(options, folder, batch, threads, wanted).items()}
    for number in range(options.rounds):
        order = list(engines.values())
        for engine in order[number % len(order):] + order[:number % len(order)]:
            engine.rounds.append(engine.turn())
    memory = {name: engine.end() for name, engine in engines.items()}
    return engines, memory


def infer(options):
    wanted = [name for name in options.engines.split(",")]
    if "openvino int8" in wanted and not has(options.folder, "nncf"):
        print("rivals: NNCF is missing; OpenVINO's int8 is left out", file=sys.stderr)
        wanted.remove("openvino int8")
    print(f"{processor()}; {options.rounds} rounds\n")
    ratios = {precision: [] for precision in (FP32, BF16, INT8) if any(name.endswith(precision) for name in wanted)}
    first = True
    for backbone, width in NETWORKS:
        for size in options.size:
            if options.only and options.only != backbone:
                continue
            with tempfile.TemporaryDirectory(prefix="rivals") as folder:
                write_models(options, folder, backbone, width, size, wanted)
                for batch in options.batch:
                    for threads in options.threads:
                        engines, memory = infer_row(options, pathlib.Path(folder), batch, threads, wanted)
                        if first:
                            print("Versions: " + ", ".join(sorted({engine.version for engine in engines.values()})) + "\n")
                            names = ["network", "px", "batch", "threads"] + [f"{name}, ms" for name in engines]
                            names += [f"{precision} / best" for precision in ratios] + ["peak memory, MiB"]
                            print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
                            first = False
                        cells = [f"{backbone} x {width:g}", size, batch, threads]
                        cells += [f"{1e3 * statistics.median(engine.rounds):.2f}" for engine in engines.values()]
                        for precision in ratios:
                            value = best_ratio(engines, precision)
                            cells.append("" if value is None else f"{value:.2f}")
                            if value is not None:
                                ratios[precision].append(value)
                        cells.append(", ".join(f"{bytes_ / 2**20:.0f}" for bytes_ in memory.values()))
                        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    print()
    for precision, values in ratios.items():
        if values:
            mean = math.exp(statistics.mean(math.log(value) for value in values))
            print(f"{precision} over the best rival: geometric mean {mean:.2f}, worst row {max(values):.2f}")


def train(options):
    script = pathlib.Path(__file__).resolve().parent / "bench_pytorch.py"
    bench = pathlib.Path(options.build) / "tests" / "bench" / "bench_net"
    print(f"{processor()}; {options.rounds} rounds\n")
    names = ["network", "px", "batch", "threads", "libclile, ms", "PyTorch, ms", "convolutions alone, ms", "speed / PyTorch",
             "time / convolutions", "images/s", "peak memory, MiB (PyTorch's)"]
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    version = ""
    for backbone, width in TRAINED:
        for size in options.size:
            for batch in options.batch:
                for threads in options.threads:
                    if options.only and options.only != backbone:
                        continue
                    command = [python_of(options.folder), script, bench, "--backbone", backbone, "--width", width, "--size", size,
                               "--batch", batch, "--threads", threads, "--rounds", options.rounds, "--json"]
                    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
                    row = json.loads(done.stdout)
                    version = f"oneDNN {row['onednn']}, PyTorch {row['pytorch']}"
                    ms = {name: 1e3 * seconds for name, seconds in row["seconds"].items()}
                    cells = [f"{backbone} x {width:g}", size, batch, threads, f"{ms['clile']:.1f}", f"{ms['pytorch']:.1f}",
                             f"{ms['convolutions']:.1f}", f"{row['times_pytorch']:.2f}", f"{row['times_convolution_bound']:.2f}",
                             f"{row['images_per_second']:.1f}",
                             f"{row['peak_bytes']['clile'] / 2**20:.0f} ({row['peak_bytes']['pytorch'] / 2**20:.0f})"]
                    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    print(f"\n{version}")


def numbers(text):
    return [int(word) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("what", choices=["install", "infer", "train"])
    parser.add_argument("folder", help="the virtual environment")
    parser.add_argument("--build", default="build", help="libclile's build folder")
    parser.add_argument("--only", default="", help="one network")
    parser.add_argument("--size", type=numbers, default=[112, 224])
    parser.add_argument("--batch", type=numbers, help="default: 1,16 (infer), 16,64 (train)")
    parser.add_argument("--threads", type=numbers, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--engines", default="clile fp32,onnxruntime fp32,openvino fp32,clile int8,onnxruntime int8,openvino int8",
                        help="of infer; there are also \"clile bf16\" and \"openvino bf16\"")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall",
                        help="of infer; cpu: processor time of all threads, which other work beside disturbs less")
    options = parser.parse_args()
    if options.batch is None:
        options.batch = [16, 64] if options.what == "train" else [1, 16]
    {"install": install, "infer": infer, "train": train}[options.what](options)


if __name__ == "__main__":
    main()
