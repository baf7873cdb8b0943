"""ncnn int8: the plan written as ncnn's .param and .bin, weights in s8 with a scale per channel, as ncnn2int8 writes them.

Settings: use_int8_inference, packing layout, Winograd, light mode, as many OpenMP threads as asked. A convolution before one
neuron clips and gives int8 to the next itself (requantisation); other currents are fp32, as ncnn has no int8 sums of
branches. ncnn rounds halves away from zero, so spikes on a tie differ. Its time includes the copy of the window into a Mat.
"""
import tempfile
from pathlib import Path

import ncnn
import numpy as np

from plan import Plan, inputs_of, step

INT8 = 0x000D4B38


def contestants(plan: Plan, threads: int):
    """(rival, form, run, heads) of each form."""
    param, weights = Writer(plan).write()
    for form, winograd in (("int8, Winograd", True), ("int8, no Winograd", False)):
        net = ncnn.Net()
        net.opt.num_threads = threads
        net.opt.use_int8_inference = True
        net.opt.use_packing_layout = True
        net.opt.use_winograd_convolution = winograd
        net.opt.lightmode = True
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net"
            path.with_suffix(".param").write_text(param)
            path.with_suffix(".bin").write_bytes(weights)
            if net.load_param(str(path.with_suffix(".param"))) or net.load_model(str(path.with_suffix(".bin"))):
                raise SystemExit("ncnn does not read the network")
        yield "ncnn int8", form, *runner(net, plan)


def runner(net, plan: Plan):
    windows = [np.ascontiguousarray(x, np.float32) for x in plan.windows]
    names = [f"out{i}" for i in range(len(plan.outputs))]

    def infer(window: int):
        extractor = net.create_extractor()
        extractor.input("frames", ncnn.Mat(windows[window]))
        return [extractor.extract(name)[1] for name in names]

    def heads(window: int) -> np.ndarray:
        return np.concatenate([np.array(mat).ravel() for mat in infer(window)])

    # The net must outlive the functions.
    return lambda window: infer(window), heads


class Writer:
    def __init__(self, plan: Plan):
        self.plan, self.layers, self.blobs, self.bin = plan, [], 0, bytearray()
        self.waiting: dict[int, list[str]] = {}
        self.steps: dict[int, float] = {}
        self.fused: dict[int, dict] = {}

    def write(self) -> tuple[str, bytes]:
        plan = self.plan
        source = next(t for t in plan.tensors if t["kind"] == "input")
        channels, height, width = plan.shape(source["id"])
        self.layer("Input", "frames", [], source["id"], f"0={width} 1={height} 2={channels}", "frames")
        self.steps[source["id"]] = 1.0
        for op in plan.ops:
            getattr(self, op["op"])(op)
        for i, tensor in enumerate(plan.outputs):
            self.layers.append(f"Noop out{i} 1 1 {self.take(tensor)} out{i}")
            self.blobs += 1
        return f"7767517\n{len(self.layers)} {self.blobs}\n" + "\n".join(self.layers) + "\n", bytes(self.bin)

    def layer(self, kind: str, name: str, bottoms: list[str], tensor: int, params: str, blob: str = "") -> None:
        """A layer that makes a tensor; one that several read is split, since ncnn's blobs have one reader."""
        blob = blob or f"t{tensor}"
        self.layers.append(f"{kind} {name} {len(bottoms)} 1 {' '.join([*bottoms, blob])} {params}")
        self.blobs += 1
        readers = len(self.plan.readers.get(tensor, [])) + (tensor in self.plan.outputs)
        if readers <= 1:
            self.waiting[tensor] = [blob]
            return
        parts = [f"{blob}_{i}" for i in range(readers)]
        self.layers.append(f"Split {name}_split 1 {readers} {blob} {' '.join(parts)}")
        self.blobs += readers
        self.waiting[tensor] = parts

    def take(self, tensor: int) -> str:
        return self.waiting[tensor].pop(0)

    def array(self, values: np.ndarray) -> None:
        self.bin += values.tobytes()
        self.bin += bytes(-len(self.bin) % 4)

    def sliding(self, op: dict, size: int) -> str:
        (kh, kw), (sh, sw), (top, left, bottom, right) = op["kernel"], op["stride"], op["pad"]
        channels = self.plan.shape(op["output"])[0]
        groups = f" 7={op['groups']}" if op["groups"] > 1 else ""
        return f"0={channels} 1={kw} 11={kh} 3={sw} 13={sh} 4={left} 14={top} 15={right} 16={bottom} 5=1 6={size}{groups}"

    def conv(self, op: dict) -> None:
        weight, scale, bias = self.plan.conv(op)
        neuron = self.plan.neuron_after(op["output"])
        in_step = self.steps[op["input"]]
        depthwise = op["groups"] > 1
        term = 1 if depthwise else 2
        params = self.sliding(op, weight.size)
        if self.plan.tensors[op["input"]]["kind"] == "input" and self.plan.windows.max() > 127:
            # ncnn's int8 is signed: pixels up to 255 are read in fp32.
            self.float_conv(op, weight * scale[:, None, None, None])
            return
        if neuron is None:
            params += f" 8={term}"
        else:
            params += f" 8={100 + term} 9=3 -23310=2,0.0,{neuron['levels'] * step(neuron)}"
            self.fused[neuron["output"]] = neuron
        self.bin += INT8.to_bytes(4, "little")
        self.array(weight)
        self.array(bias.astype(np.float32))
        self.array((in_step / scale).astype(np.float32))
        self.array(np.float32([1 / in_step]))
        if neuron is not None:
            self.array(np.float32([1 / step(neuron)]))
        self.layer("ConvolutionDepthWise" if depthwise else "Convolution", op["name"], [self.take(op["input"])], op["output"], params)

    def realconv(self, op: dict) -> None:
        self.float_conv(op, self.plan.weights[f"{op['name']}.weight"])

    def float_conv(self, op: dict, weight: np.ndarray) -> None:
        bias = self.plan.weights[f"{op['name']}.bias"]
        self.bin += bytes(4)
        self.array(weight.astype(np.float32))
        self.array(bias.astype(np.float32))
        kind = "ConvolutionDepthWise" if op["groups"] > 1 else "Convolution"
        self.layer(kind, op["name"], [self.take(op["input"])], op["output"], self.sliding(op, weight.size))

    def neuron(self, op: dict) -> None:
        """Clipped; the convolution behind it rounds when it quantises. Nothing to do where the one before it has."""
        self.steps[op["output"]] = step(op)
        kind, params = ("Noop", "") if op["output"] in self.fused else ("Clip", f"0=0.0 1={op['levels'] * step(op)}")
        self.layer(kind, op["name"], [self.take(op["input"])], op["output"], params)

    def add(self, op: dict) -> None:
        self.layer("BinaryOp", op["name"], [self.take(i) for i in op["inputs"]], op["output"], "0=0")

    def concat(self, op: dict) -> None:
        self.layer("Concat", op["name"], [self.take(i) for i in op["inputs"]], op["output"], "0=0")

    def upsample(self, op: dict) -> None:
        self.layer("Interp", op["name"], [self.take(op["input"])], op["output"], f"0=1 1={op['factor']} 2={op['factor']}")

    def maxpool(self, op: dict) -> None:
        (k, _), (s, _), pad = op["kernel"], op["stride"], op["pad"][0]
        self.layer("Pooling", op["name"], [self.take(op["input"])], op["output"], f"0=0 1={k} 2={s} 3={pad} 5=1")

    def mean(self, op: dict) -> None:
        self.layer("Noop", op["name"], [self.take(op["input"])], op["output"], "")
