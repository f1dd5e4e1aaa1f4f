"""A rival of `clile bench infer` on an exported model, in a process of its own.

usage: rival_rounds.py onnxruntime|openvino|openvino-bf16 MODEL BATCH THREADS wall|cpu, then lines on standard input, one answer each:
  (start)   "ready LOAD BASE NAME VERSION": seconds from loading to the first answer; bytes this process held before that
  run K     seconds of K runs
  memory    bytes: the most this process ever held
MODEL: ONNX, or OpenVINO's XML. The input is prepared beforehand: what a program pays for crop and normalisation is not in these figures."""
import os
import sys
import time

import numpy


def most_held() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def faces_of(batch: int, size: int) -> numpy.ndarray:
    return numpy.random.default_rng(1).standard_normal((batch, 3, size, size), dtype=numpy.float32)


def onnxruntime_run(path: str, batch: int, threads: int):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    faces = faces_of(batch, int(session.get_inputs()[0].shape[2]))
    return lambda: session.run(["probability"], {"input": faces}), onnxruntime.__version__


def openvino_run(path: str, batch: int, threads: int, precision: str):
    import openvino
    core = openvino.Core()
    model = core.read_model(path)
    shape = model.input(0).get_partial_shape()
    size = shape[2].get_length()
    model.reshape({model.input(0): [batch, 3, size, size]})
    compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    request.set_input_tensor(openvino.Tensor(faces_of(batch, size)))
    return request.infer, openvino.__version__.split("-")[0]


def main() -> None:
    engine, path, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    clock = time.process_time if sys.argv[5] == "cpu" else time.perf_counter
    # the engine's own modules are part of what it needs before the first answer's clock starts
    __import__(engine.split("-")[0])
    base = most_held()
    begin = clock()
    if engine == "onnxruntime":
        run, version = onnxruntime_run(path, batch, threads)
    else:
        run, version = openvino_run(path, batch, threads, "bf16" if engine.endswith("bf16") else "f32")
    run()
    print(f"ready {clock() - begin:.9f} {base} {engine} {version}", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "run":
            taken = []
            for _ in range(int(words[1])):
                begin = clock()
                run()
                taken.append(clock() - begin)
            print(*(f"{seconds:.9f}" for seconds in taken), flush=True)
        elif words[0] == "memory":
            print(most_held(), flush=True)
    os._exit(0)


main()
