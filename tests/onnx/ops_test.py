"""ops_test.py PROGRAM: each operation of a net, and the nets of methods, under onnx.checker and ONNX Runtime. PROGRAM is built from op_graphs.c, which prints nets and results.

Needs numpy, onnx and onnxruntime.
"""
import json
import subprocess
import sys

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper

TOLERANCE = 1e-4


def model_of(net):
    nodes = [helper.make_node(n["op"], n["inputs"], [n["output"]], name=n["output"], **n["attributes"]) for n in net["nodes"]]
    names = [n["output"] for n in net["nodes"]] + [t["name"] for t in net["tensors"]]
    assert len(names) == len(set(names)), f"{net['name']}: a name is used twice"
    tensors = [helper.make_tensor(t["name"], TensorProto.FLOAT, t["shape"], t["values"]) for t in net["tensors"]]
    size = net["size"]
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, size, size])]
    if "points" in net:
        inputs.append(helper.make_tensor_value_info("face_points", TensorProto.FLOAT, ["N", 10]))
    graph = helper.make_graph(nodes, "net", inputs,
                              [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", None])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model, full_check=True)
    return model


def main():
    count = 0
    texts = [subprocess.run([sys.argv[1], *more], check=True, capture_output=True, text=True).stdout for more in ([], ["methods"])]
    for line in "".join(texts).splitlines():
        net = json.loads(line)
        session = onnxruntime.InferenceSession(model_of(net).SerializeToString(), providers=["CPUExecutionProvider"])
        image = numpy.array(net["image"], numpy.float32).reshape(-1, 3, net["size"], net["size"])
        expected = numpy.array(net["embedding"], numpy.float32).reshape(len(image), -1)
        assert numpy.abs(expected).max() > 1e-3
        for first in range(2):  # a batch, then its last image alone
            feeds = {"input": image[first:]}
            if "points" in net:
                feeds["face_points"] = numpy.array(net["points"], numpy.float32).reshape(-1, 10)[first:]
            found = session.run(["embedding"], feeds)[0]
            gap = numpy.abs(found - expected[first:]).max() / numpy.abs(expected).max()
            assert gap <= TOLERANCE, f"{net['name']}: differs by {gap:.2g} of the largest value"
        count += 1
    print(f"{count} nets, all within {TOLERANCE}")
    assert count > 10


if __name__ == "__main__":
    main()
