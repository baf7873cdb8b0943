"""LiteRT (TensorFlow Lite) with its XNNPACK delegate: the plan written as an int8 flatbuffer, as a converter would.

Settings: as many threads as asked, int8 input set in place; the XNNPACK delegate (the default), and LiteRT's own kernels, which are
better where XNNPACK has no fast one (7x7 depthwise in int8: 28 of its 35 ms on the default model, Zen 3). Weights are s8 with a scale per channel.
Spikes are int8 with zero point 127 - levels, so that saturation and a fused RELU are the neuron's clip; XNNPACK rounds half to
even, as the neuron does. Other currents are int8 with ranges from two windows: residuals are ADD in int8. That rounding
changes spikes: it is another network, close to the first. Where a neuron reads a current that others read, too, its clip is an ADD of
zero. Zero padding of strided convolutions is a PAD before them, since SAME pads on other sides.
"""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as fb
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from plan import Plan, inputs_of, step, u8_range

ADD, CONCAT, CONV, DEPTHWISE, DEQUANTIZE, MAX_POOL, PAD, NEAREST = 0, 2, 3, 4, 6, 17, 34, 97
RELU, SAME, VALID = 1, 0, 1
FLOAT32, INT32, INT8 = 0, 2, 9
FORMS = {"XNNPACK": OpResolverType.AUTO, "own kernels": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES}


def contestants(plan: Plan, threads: int):
    """(rival, form, run, heads) of each form."""
    model = Writer(plan).write()
    for form, resolver in FORMS.items():
        interpreter = Interpreter(model_content=model, num_threads=threads, experimental_op_resolver_type=resolver)
        interpreter.allocate_tensors()
        yield "LiteRT int8", form, *runner(interpreter, plan)


def runner(interpreter, plan: Plan):
    source = interpreter.get_input_details()[0]["index"]
    windows = [(x.transpose(1, 2, 0)[None].astype(np.int16) - 128).astype(np.int8) for x in plan.windows]
    outputs = [entry["index"] for entry in interpreter.get_output_details()]

    def run(window: int) -> None:
        interpreter.tensor(source)()[...] = windows[window]
        interpreter.invoke()

    def heads(window: int) -> np.ndarray:
        run(window)
        return np.concatenate([interpreter.get_tensor(i)[0].transpose(2, 0, 1).ravel() for i in outputs])

    return run, heads


class Writer:
    def __init__(self, plan: Plan):
        self.plan, self.tensors, self.operators, self.codes = plan, [], [], []
        self.buffers = [fb.BufferT()]
        self.ids: dict[int, int] = {}
        self.done: set[int] = set()
        self.tie_ranges()

    def tie_ranges(self) -> None:
        """XNNPACK joins, pools and repeats int8 values without changing them: what goes in and out has one scale."""
        ranges = self.plan.ranges = dict(self.plan.ranges)
        moving = [op for op in self.plan.ops if op["op"] in ("concat", "maxpool", "upsample")]
        for _ in moving:
            for op in moving:
                names = [self.plan.name(i) for i in [*inputs_of(op), op["output"]]]
                low, high = zip(*(ranges[name] for name in names))
                ranges.update({name: (min(low), max(high)) for name in names})

    def write(self) -> bytes:
        plan = self.plan
        source = next(t for t in plan.tensors if t["kind"] == "input")
        self.ids[source["id"]] = self.tensor(self.nhwc(source["id"]), INT8, "frames", 1.0, -128)
        for op in plan.ops:
            if op["output"] not in self.done:
                getattr(self, op["op"])(op)
        outputs = []
        for i in plan.outputs:
            outputs.append(self.tensor(self.nhwc(i), FLOAT32, f"out{i}"))
            self.operator(DEQUANTIZE, [self.ids[i]], outputs[-1], fb.DequantizeOptionsT(), fb.BuiltinOptions.DequantizeOptions)
        graph = fb.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = [self.ids[source["id"]]], outputs
        model = fb.ModelT()
        model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [graph], self.buffers, self.codes
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def nhwc(self, tensor: int) -> list[int]:
        channels, height, width = self.plan.shape(tensor)
        return [1, height, width, channels]

    def tensor(self, shape, kind, name, scale=None, zero=0, data=None, axis=0) -> int:
        made = fb.TensorT()
        made.shape, made.type, made.name, made.buffer = list(shape), kind, name, 0
        if scale is not None:
            made.quantization = fb.QuantizationParametersT()
            made.quantization.scale = np.atleast_1d(scale).astype(np.float32)
            made.quantization.zeroPoint = np.zeros(len(np.atleast_1d(scale)), np.int64) + zero
            made.quantization.quantizedDimension = axis
        if data is not None:
            buffer = fb.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            made.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def operator(self, code: int, inputs: list[int], output: int, options, kind: int) -> None:
        made = fb.OperatorT()
        known = [c.builtinCode for c in self.codes]
        if code not in known:
            entry = fb.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, code, VERSIONS[code]
            self.codes.append(entry)
            known.append(code)
        made.opcodeIndex, made.inputs, made.outputs = known.index(code), inputs, [output]
        made.builtinOptions, made.builtinOptionsType = options, kind
        self.operators.append(made)

    def quantisation(self, tensor: int) -> tuple[float, int]:
        """Scale and zero point of a tensor of the plan in int8."""
        kind = self.plan.tensors[tensor]["kind"]
        if kind == "input":
            return 1.0, -128
        if kind == "spike":
            neuron = next(op for op in self.plan.ops if op["output"] == tensor)
            return step(neuron), 127 - neuron["levels"]
        scale, zero = u8_range(self.plan, tensor)
        return scale, zero - 128

    def into(self, tensor: int) -> tuple[int, int]:
        """The tensor that an operator writes and its activation: the spikes themselves where one neuron follows."""
        neuron = self.plan.neuron_after(tensor)
        target = tensor if neuron is None else neuron["output"]
        made = self.tensor(self.nhwc(target), INT8, f"t{target}", *self.quantisation(target))
        self.ids[target] = made
        self.done.add(target)
        return made, 0 if neuron is None else RELU

    def conv(self, op: dict) -> None:
        weight, scale, bias = self.plan.conv(op)
        in_scale, zero = self.quantisation(op["input"])
        # A spike of 1 is a current of `step` to LiteRT.
        per_channel = scale / (in_scale if self.plan.tensors[op["input"]]["kind"] == "spike" else 1.0)
        depthwise = op["groups"] > 1
        order, axis = ((1, 2, 3, 0), 3) if depthwise else ((0, 2, 3, 1), 0)
        data = weight.transpose(order)
        weights = self.tensor(data.shape, INT8, f"{op['name']}.weight", per_channel, 0, data, axis)
        sums = in_scale * per_channel.astype(np.float64)
        biases = self.tensor([len(bias)], INT32, f"{op['name']}.bias", sums, 0, np.rint(bias / sums).astype(np.int32))
        source = self.ids[op["input"]]
        (kh, kw), (sh, sw), pad = op["kernel"], op["stride"], op["pad"]
        padding = VALID
        if any(pad) and (sh, sw) == (1, 1) and pad == [kh // 2, kw // 2, kh // 2, kw // 2]:
            padding = SAME
        elif any(pad):
            source = self.padded(op["input"], source, pad, in_scale, zero)
        made, activation = self.into(op["output"])
        options = fb.DepthwiseConv2DOptionsT() if depthwise else fb.Conv2DOptionsT()
        options.padding, options.strideH, options.strideW, options.fusedActivationFunction = padding, sh, sw, activation
        options.dilationHFactor = options.dilationWFactor = 1
        if depthwise:
            options.depthMultiplier = 1
        kind = fb.BuiltinOptions.DepthwiseConv2DOptions if depthwise else fb.BuiltinOptions.Conv2DOptions
        self.operator(DEPTHWISE if depthwise else CONV, [source, weights, biases], made, options, kind)

    realconv = conv

    def padded(self, tensor: int, source: int, pad: list[int], scale: float, zero: int) -> int:
        _, height, width, channels = self.nhwc(tensor)
        top, left, bottom, right = pad
        made = self.tensor([1, height + top + bottom, width + left + right, channels], INT8, f"t{tensor}.padded", scale, zero)
        amounts = np.array([[0, 0], [top, bottom], [left, right], [0, 0]], np.int32)
        constant = self.tensor([4, 2], INT32, f"t{tensor}.padding", data=amounts)
        self.operator(PAD, [source, constant], made, fb.PadOptionsT(), fb.BuiltinOptions.PadOptions)
        return made

    def sum(self, a: int, b: int, made: int, activation: int) -> None:
        options = fb.AddOptionsT()
        options.fusedActivationFunction = activation
        self.operator(ADD, [a, b], made, options, fb.BuiltinOptions.AddOptions)

    def add(self, op: dict) -> None:
        a, b = (self.ids[i] for i in op["inputs"])
        self.sum(a, b, *self.into(op["output"]))

    def neuron(self, op: dict) -> None:
        scale, zero = self.quantisation(op["input"])
        nothing = self.tensor([1], INT8, f"{op['name']}.zero", scale, zero, np.int8([zero]))
        made = self.tensor(self.nhwc(op["output"]), INT8, f"t{op['output']}", *self.quantisation(op["output"]))
        self.ids[op["output"]] = made
        self.sum(self.ids[op["input"]], nothing, made, RELU)

    def concat(self, op: dict) -> None:
        made, _ = self.plain(op)
        options = fb.ConcatenationOptionsT()
        options.axis = 3
        self.operator(CONCAT, [self.ids[i] for i in op["inputs"]], made, options, fb.BuiltinOptions.ConcatenationOptions)

    def plain(self, op: dict) -> tuple[int, int]:
        made = self.tensor(self.nhwc(op["output"]), INT8, f"t{op['output']}", *self.quantisation(op["output"]))
        self.ids[op["output"]] = made
        return made, 0

    def upsample(self, op: dict) -> None:
        made = self.tensor(self.nhwc(op["output"]), INT8, f"t{op['output']}", *self.quantisation(op["input"]))
        self.ids[op["output"]] = made
        size = self.tensor([2], INT32, f"{op['name']}.size", data=np.array(self.nhwc(op["output"])[1:3], np.int32))
        options, kind = fb.ResizeNearestNeighborOptionsT(), fb.BuiltinOptions.ResizeNearestNeighborOptions
        self.operator(NEAREST, [self.ids[op["input"]], size], made, options, kind)

    def maxpool(self, op: dict) -> None:
        made, _ = self.plain(op)
        options = fb.Pool2DOptionsT()
        options.padding, (options.filterHeight, options.filterWidth) = SAME, op["kernel"]
        options.strideH, options.strideW = op["stride"]
        self.operator(MAX_POOL, [self.ids[op["input"]]], made, options, fb.BuiltinOptions.Pool2DOptions)

    def mean(self, op: dict) -> None:
        self.ids[op["output"]] = self.ids[op["input"]]


VERSIONS = {ADD: 2, CONCAT: 2, CONV: 3, DEPTHWISE: 3, DEQUANTIZE: 2, MAX_POOL: 2, PAD: 2, NEAREST: 2}
