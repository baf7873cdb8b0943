"""EMA weights to ONNX: python3 export.py RUN_OR_EMA.pt --out model.onnx --name car --licence "…" [--score 0.3].

Offsets are lowered where a neuron would fire in an empty window (rest.py). Normalisations stay apart (the compiler folds them);
a RepConv is merged into the dense 3x3 that it is, in float64. The twin with ReLU is an ordinary ONNX network.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from drives import REFRACTORY_US
from events import CLIP, SCALE, WINDOW_US
from fast import STATE
from network import EPS, Detector, Head, RepUnit, layer_names
from rest import put_to_rest

OPSET = 17


class Graph:
    """Nodes in order, each value named after the node that makes it."""

    def __init__(self, net: Detector) -> None:
        self.net, self.nodes, self.weights = net, [], []

    def node(self, kind: str, name: str, inputs: list[str], output: str | None = None, domain: str = "", **attributes) -> str:
        output = output or f"{name}:out"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, domain=domain, **attributes))
        return output

    def weight(self, name: str, values) -> str:
        if isinstance(values, torch.Tensor):
            values = values.detach().double().numpy()
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def conv(self, name: str, x: str, weight, stride=1, groups=1, bias=None, norm=None, output=None) -> str:
        inputs = [x, self.weight(f"{name}.weight", weight)]
        if bias is not None:
            inputs.append(self.weight(f"{name}.bias", bias))
        kernel, pad = weight.shape[2], weight.shape[2] // 2
        shape = dict(kernel_shape=[kernel] * 2, pads=[pad] * 4, strides=[stride] * 2, dilations=[1, 1], group=groups)
        y = self.node("Conv", name, inputs, output, **shape)
        if norm is None:
            return y
        parts = {"gain": norm.weight, "offset": norm.bias, "mean": norm.running_mean, "variance": norm.running_var}
        inputs = [y, *(self.weight(f"{name}.norm.{part}", values) for part, values in parts.items())]
        return self.node("BatchNormalization", f"{name}.norm", inputs, epsilon=EPS)

    def fire(self, name: str, x: str) -> str:
        config = self.net.config
        if config["neuron"] == "relu":
            return self.node("Relu", name, [x], f"{name}:s")
        settings = {} if config["steps"] == 1 and config["levels"] == 4 else {"levels": float(config["levels"]), "decay": 0.25}
        return self.node("ILIF", name, [x], f"{name}:s", domain="saccade", **settings)

    def unit(self, path: str, module, x: str) -> str:
        name, neuron = layer_names(path)
        s = self.fire(neuron, x)
        if isinstance(module, RepUnit):
            return self.conv(name, s, *merged(module))
        return self.conv(name, s, module.c.weight, module.c.stride[0], module.c.groups, norm=module.bn)

    def add(self, name: str, a: str, b: str) -> str:
        return self.node("Add", name, [a, b])

    def pair(self, path: str, module, x: str) -> str:
        y = self.unit(f"{path}.c2", module.c2, self.unit(f"{path}.c1", module.c1, x))
        return self.add(f"{path.replace('s2.0.', 's2.')}.add", x, y)

    def block(self, path: str, module, x: str) -> str:
        y = self.unit(f"{path}.sep.pw1", module.sep.pw1, x)
        y = self.unit(f"{path}.sep.dw", module.sep.dw, y)
        y = self.unit(f"{path}.sep.pw2", module.sep.pw2, y)
        x = self.add(f"{path.replace('s2.0', 's2')}.sep.add", x, y)
        return self.pair(f"{path}.pair", module.pair, x)

    def head(self, path: str, module: Head, x: str) -> str:
        y = self.fire(f"{path}.n2", self.unit(f"{path}.c1", module.c1, x))
        if self.net.steps == 1:
            return self.conv(f"{path}.c2", y, module.c2.weight, bias=module.c2.bias, output=path)
        y = self.conv(f"{path}.c2", y, module.c2.weight, bias=module.c2.bias)
        return self.node("ReduceMean", f"{path}.mean", [y], path, axes=[0], keepdims=1)


def merged(unit: RepUnit) -> tuple:
    """(weight [O, I, 3, 3], stride, groups, bias): 1x1, normalisation, depthwise 3x3, 1x1, normalisation as one convolution."""
    d = lambda v: v.detach().double()
    gain1 = d(unit.bn1.weight) / torch.sqrt(d(unit.bn1.running_var) + EPS)
    inner = d(unit.pw1.weight)[:, :, 0, 0] * gain1[:, None]
    offset = d(unit.bn1.bias) - d(unit.bn1.running_mean) * gain1
    taps = d(unit.dw.weight)[:, 0]
    outer = d(unit.pw2.weight)[:, :, 0, 0]
    gain = d(unit.bn.weight) / torch.sqrt(d(unit.bn.running_var) + EPS)
    weight = torch.einsum("om,myx,mi->oiyx", outer, taps, inner) * gain[:, None, None, None]
    bias = (outer @ (taps.sum((1, 2)) * offset) - d(unit.bn.running_mean)) * gain + d(unit.bn.bias)
    return weight, 1, 1, bias


def neuron_function(config: dict):
    """ILIF over T steps as a model-local function: docs/plan.md section 3."""
    value = lambda name, v: helper.make_node("Constant", [], [name], value=helper.make_tensor(name, TensorProto.FLOAT, [], [v]))
    steps = config["steps"]
    nodes = [value("low", 0.0)]
    if steps == 1 and config["levels"] == 4:
        nodes += [value("high", 4.0), helper.make_node("Clip", ["X", "low", "high"], ["c"]), helper.make_node("Round", ["c"], ["S"])]
        return helper.make_function("saccade", "ILIF", ["X"], ["S"], nodes, [helper.make_opsetid("", OPSET)])
    for name, attribute in (("high", "levels"), ("k", "decay")):
        constant = helper.make_node("Constant", [], [name])
        constant.attribute.append(onnx.AttributeProto(name="value_float", ref_attr_name=attribute, type=onnx.AttributeProto.FLOAT))
        nodes.append(constant)
    xs = [f"x{t}" for t in range(steps)]
    nodes.append(helper.make_node("Split", ["X"], xs, axis=0) if steps > 1 else helper.make_node("Identity", ["X"], xs))
    for t in range(steps):
        membrane = xs[0]
        if t > 0:
            nodes.append(helper.make_node("Sub", [f"m{t - 1}", f"s{t - 1}"], [f"rest{t}"]))
            nodes.append(helper.make_node("Mul", [f"rest{t}", "k"], [f"leak{t}"]))
            nodes.append(helper.make_node("Add", [f"leak{t}", xs[t]], [f"m{t}"]))
        else:
            nodes.append(helper.make_node("Identity", [membrane], ["m0"]))
        nodes.append(helper.make_node("Clip", [f"m{t}", "low", "high"], [f"c{t}"]))
        nodes.append(helper.make_node("Round", [f"c{t}"], [f"s{t}"]))
    nodes.append(helper.make_node("Concat", [f"s{t}" for t in range(steps)], ["S"], axis=0))
    return helper.make_function("saccade", "ILIF", ["X"], ["S"], nodes, [helper.make_opsetid("", OPSET)], ["levels", "decay"])


def to_onnx(net: Detector, metadata: dict[str, object]) -> onnx.ModelProto:
    g, c = Graph(net), net.config
    x = g.conv("stem", "frames", net.stem.weight, 4, norm=net.stem_bn)
    x = g.pair("s1.pair", net.s1.pair, x)
    deep8 = g.unit("d2", net.d2, x)
    for i, block in enumerate(net.s2):
        deep8 = g.block(f"s2.{i}", block, deep8)
    deep16 = g.unit("d3", net.d3, deep8)
    for i, block in enumerate(net.s3):
        deep16 = g.block(f"s3.{i}", block, deep16)
    up = g.node("Resize", "up", [g.unit("lat", net.lat, deep16), "", g.weight("up.scales", [1, 1, 2, 2])],
                coordinate_transformation_mode="asymmetric", mode="nearest", nearest_mode="floor")  # fmt: skip
    g.head("p3", net.p3, g.pair("f3.pair", net.f3.pair, g.add("f3.in", deep8, up)))
    g.head("p4", net.p4, deep16)
    tensor = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    outputs = 4 * c["reg_max"] + len(c["classes"])
    maps = [tensor(f"p{3 + i}", [1, outputs, c["height"] // s, c["width"] // s]) for i, s in enumerate(c["strides"])]
    graph = helper.make_graph(g.nodes, "detector", [tensor("frames", [c["steps"], c["channels"], c["height"], c["width"]])], maps, g.weights)
    spiking = c["neuron"] != "relu"
    opsets = [helper.make_opsetid("", OPSET)] + ([helper.make_opsetid("saccade", 1)] if spiking else [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=[neuron_function(c)] if spiking else [])
    helper.set_model_props(model, {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()})
    return model


def metadata_of(config: dict, args: argparse.Namespace) -> dict[str, object]:
    bins = config["channels"] // 2 * config["steps"]
    window = {"window": "count", "duration_us": WINDOW_US, "bins": bins, "steps": config["steps"], "clip": CLIP, "scale": SCALE}
    window |= {"width": config["width"], "height": config["height"], "channels": config["channels"], "filters": [{"name": "refractory", "us": REFRACTORY_US}]}
    card = {"name": args.name, "version": args.version, "licence": args.licence, "data": args.data}
    return {
        "saccade.format": "1",
        "saccade.input": window,
        "saccade.head": {"type": "dfl", "reg_max": config["reg_max"], "strides": config["strides"], "classes": config["classes"]},
        "saccade.detect": {"score": args.score, "iou": 0.6, "max": 100},
        "saccade.card": card,
    }


def load(path: Path) -> Detector:
    if not path.exists():
        path = STATE / "runs" / path / "ema.pt"
    state = torch.load(path, map_location="cpu")
    net = Detector(state["config"]["network"])
    net.load_state_dict({k: v.float() if v.dtype.is_floating_point else v for k, v in state["ema"].items()})
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="name of a run, or an ema.pt")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", default="1")
    parser.add_argument("--licence", required=True)
    parser.add_argument("--data", default="")
    parser.add_argument("--score", type=float, default=0.3)
    args = parser.parse_args()
    net = load(args.weights)
    if net.config["neuron"] != "relu":
        net.weigh_neurons()
        print(f"silent in an empty window: offsets lowered by up to {put_to_rest(net):.3f}")
    onnx.save(to_onnx(net, metadata_of(net.config, args)), args.out)


if __name__ == "__main__":
    main()
