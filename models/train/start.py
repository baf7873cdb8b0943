"""A start from a trained ONNX file of the same shape: python3 start.py MODEL.onnx car.toml --ncars DIR --out start.pt.

Its convolutions have their normalisations folded in. Each gets one back that changes nothing: mean and variance are those
of its output on a few scenes, gain and offset undo them.
"""
import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from events import frame
from loader import held_out
from metric import prepared
from network import EPS, Detector, Head, Unit, layer_names
from train import configuration

SCENES = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("--ncars", required=True)
    parser.add_argument("--drives", default="")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[])
    args = parser.parse_args()
    config = configuration(args.config, args)
    weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()) for w in onnx.load(args.model).graph.initializer}
    net = Detector(config["network"]).eval()
    biases = {}
    for name, module in net.named_modules():
        if isinstance(module, Unit):
            layer = layer_names(name)[0]
            module.c.weight.data.copy_(weights[f"{layer}.weight"])
            biases[name + ".bn"] = weights[f"{layer}.bias"]
        elif isinstance(module, Head):
            rows = len(weights[f"{name}.c2.weight"])
            module.c2.weight.data[:rows] = weights[f"{name}.c2.weight"]
            module.c2.bias.data[:rows] = weights[f"{name}.c2.bias"]
    net.stem.weight.data.copy_(weights["stem.weight"])
    biases["stem_bn"] = weights["stem.bias"]

    def neutral(name):
        def hook(norm, inputs):
            x = inputs[0]
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.data.copy_(torch.sqrt(variance + EPS))
            norm.bias.data.copy_(biases[name] + mean)

        return hook

    for name, module in net.named_modules():
        if name in biases:
            module.register_forward_pre_hook(neutral(name))
    scenes = [s for kind in ("plain", "street") for s in held_out(config, kind, SCENES // 2)]
    with torch.no_grad():
        net(prepared(torch.from_numpy(np.stack([frame(s.events) for s in scenes])), net.steps))
    torch.save({"ema": net.state_dict()}, args.out)


if __name__ == "__main__":
    main()
