"""OpenVINO: the ONNX file as it is (fp32), and the plan in the form that its low-precision passes turn into int8.

Settings: PERFORMANCE_HINT LATENCY, one stream, INFERENCE_PRECISION f32 (no bf16: this is about int8 and fp32), threads as asked,
inputs set once and shared. int8: weights are s8 constants with a scale per channel, activations go through FakeQuantize of
256 levels, as NNCF writes it; a neuron is Clamp and FakeQuantize of step 1, which the convolution before it takes in. `exact`
leaves residuals in f32, `quantised` puts them through FakeQuantize, too.
"""
import numpy as np
import onnx
import openvino as ov
from onnx import inliner
from openvino import opset13 as op13

from plan import Plan, step, u8_range


def contestants(plan: Plan, threads: int):
    """(rival, form, run, heads) of each form."""
    core = ov.Core()
    settings = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    inlined = inliner.inline_local_functions(onnx.load(plan.folder / "model.onnx"))
    forms = [
        ("OpenVINO fp32", "the ONNX file", core.read_model(inlined.SerializeToString()), lambda x: x * np.float32(plan.window["scale"])),
        ("OpenVINO int8", "exact", build(plan, quantise_residuals=False), lambda x: x),
        ("OpenVINO int8", "quantised", build(plan, quantise_residuals=True), lambda x: x),
    ]
    for rival, form, model, prepare in forms:
        request = core.compile_model(model, "CPU", settings).create_infer_request()
        yield rival, form, *runner(request, [np.ascontiguousarray(prepare(x)[None]) for x in plan.windows])


def runner(request, windows):
    tensors = [ov.Tensor(x, shared_memory=True) for x in windows]

    def run(window: int) -> None:
        request.set_input_tensor(tensors[window])
        request.infer()

    def heads(window: int) -> np.ndarray:
        run(window)
        return np.concatenate([t.data.ravel() for t in request.output_tensors])

    return run, heads


def build(plan: Plan, quantise_residuals: bool) -> ov.Model:
    values = {}
    source = next(t for t in plan.tensors if t["kind"] == "input")
    frame = op13.parameter([1, *plan.shape(source["id"])], ov.Type.u8, name="frames")
    counts = op13.convert(frame, "f32")
    values[source["id"]] = counts if saturates(plan) else fake(counts, 255.0, 255.0)
    for op in plan.ops:
        out = op["output"]
        if op["op"] == "conv":
            values[out] = conv(plan, op, values[op["input"]])
        elif op["op"] == "realconv":
            weight, bias = plan.weights[f"{op['name']}.weight"], plan.weights[f"{op['name']}.bias"]
            values[out] = sliding(op, values[op["input"]], op13.constant(weight.astype(np.float32)), bias, weight.shape)
        elif op["op"] == "neuron":
            limited = op13.clamp(values[op["input"]], 0.0, op["levels"] * step(op))
            values[out] = fake(limited, 255.0 * step(op), 255.0)
        elif op["op"] == "add":
            values[out] = op13.add(values[op["inputs"][0]], values[op["inputs"][1]])
        elif op["op"] == "concat":
            values[out] = op13.concat([values[i] for i in op["inputs"]], 1)
        elif op["op"] == "upsample":
            size = np.array(plan.shape(out)[1:], np.int64)
            values[out] = op13.interpolate(values[op["input"]], size, "nearest", "sizes", coordinate_transformation_mode="asymmetric", nearest_mode="floor", axes=np.array([2, 3]))
        elif op["op"] == "maxpool":
            top, left, bottom, right = op["pad"]
            pooled = op13.max_pool(values[op["input"]], op["stride"], [1, 1], [top, left], [bottom, right], op["kernel"])
            values[out] = pooled.output(0)
        else:
            values[out] = values[op["input"]]
        computed = op["op"] in ("conv", "realconv", "add", "concat") and out not in plan.outputs
        if quantise_residuals and computed and plan.neuron_after(out) is None:
            scale, zero = u8_range(plan, out)
            low, high = -zero * scale, (255 - zero) * scale
            values[out] = op13.fake_quantize(values[out], f(low), f(high), f(low), f(high), 256)
    return ov.Model([op13.result(values[i]) for i in plan.outputs], [frame], "int8")


def saturates(plan: Plan) -> bool:
    """Without VNNI the int8 kernels add pairs of products in 16 bits, which pixels up to 255 leave: then the first layer is f32."""
    return plan.windows.max() > 127


def f(value: float):
    return op13.constant(np.float32(value))


def fake(x, high_in: float, high_out: float):
    return op13.fake_quantize(x, f(0), f(high_in), f(0), f(high_out), 256)


def conv(plan: Plan, op: dict, x):
    weight, scale, bias = plan.conv(op)
    groups, shape = op["groups"], weight.shape
    shaped = weight if groups == 1 else weight.reshape(groups, -1, *shape[1:])
    scales = scale.reshape(-1, *[1] * 3) if groups == 1 else scale.reshape(groups, -1, *[1] * 3)
    floats = op13.multiply(op13.convert(op13.constant(shaped), "f32"), op13.constant(scales.astype(np.float32)))
    return sliding(op, x, floats, bias, shape)


def sliding(op: dict, x, weight, bias: np.ndarray, shape):
    top, left, bottom, right = op["pad"]
    kind = op13.convolution
    if op["groups"] > 1:
        kind = op13.group_convolution
        if len(weight.get_output_shape(0)) == 4:
            weight = op13.reshape(weight, np.array([op["groups"], -1, *shape[1:]]), False)
    y = kind(x, weight, op["stride"], [top, left], [bottom, right], [1, 1])
    return op13.add(y, op13.constant(bias.astype(np.float32).reshape(1, -1, 1, 1)))
