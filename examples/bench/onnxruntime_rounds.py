"""The other side of `clile bench infer`: ONNX Runtime on an exported model, in a process of its own.

usage: onnxruntime_rounds.py MODEL.onnx BATCH THREADS wall|cpu, then lines on standard input, one answer each:
  (start)   "ready LOAD BASE": seconds from creating the session to the first answer; bytes this process held before that
  run K     seconds of K runs
  memory    bytes: the most this process ever held
The input is prepared beforehand: what a program pays for crop and normalisation is not in these figures."""
import os
import sys
import time

import numpy
import onnxruntime


def most_held() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main() -> None:
    path, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    clock = time.process_time if sys.argv[4] == "cpu" else time.perf_counter
    base = most_held()
    begin = clock()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    size = int(session.get_modelmeta().custom_metadata_map["image_size"])
    faces = numpy.random.default_rng(1).standard_normal((batch, 3, size, size), dtype=numpy.float32)
    outputs = ["probability"]
    session.run(outputs, {"input": faces})
    print(f"ready {clock() - begin:.9f} {base} onnxruntime {onnxruntime.__version__}", flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "run":
            taken = []
            for _ in range(int(words[1])):
                begin = clock()
                session.run(outputs, {"input": faces})
                taken.append(clock() - begin)
            print(*(f"{seconds:.9f}" for seconds in taken), flush=True)
        elif words[0] == "memory":
            print(most_held(), flush=True)
    os._exit(0)


main()
