"""What bench/rivals/server.ts wrote: a plan (model.spike, docs/plan.md), its windows, its head maps, the ranges of its currents."""
import json
import struct
from pathlib import Path

import numpy as np

TYPES = {"I8": np.int8, "I16": np.int16, "F32": np.float32}


class Plan:
    """Operators in order, tensors by id, weights by name. Networks of one time step only."""

    def __init__(self, folder: Path):
        blob = (folder / "model.spike").read_bytes()
        (length,) = struct.unpack("<Q", blob[:8])
        header = json.loads(blob[8 : 8 + length])
        graph = json.loads(header.pop("__metadata__")["saccade.plan"])
        self.folder, self.ops, self.tensors, self.outputs = folder, graph["ops"], graph["tensors"], graph["outputs"]
        self.window = graph["window"]
        if self.window["steps"] != 1:
            raise SystemExit(f"{folder.name}: the other runtimes are compared on networks of one time step")
        self.weights = {}
        for name, entry in header.items():
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            self.weights[name] = np.frombuffer(blob[start:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
        self.ranges = json.loads((folder / "ranges.json").read_text())
        for op in self.ops:
            if op["op"] in ("maxpool", "upsample", "mean"):
                self.ranges[self.name(op["output"])] = self.ranges[self.name(op["input"])]
        self.windows = np.load(folder / "windows.npy")[:, 0]
        self.readers = {}
        for index, op in enumerate(self.ops):
            for tensor in inputs_of(op):
                self.readers.setdefault(tensor, []).append(index)

    def heads(self, window: int) -> np.ndarray:
        """Head maps of a window as saccade computed them, one after the other."""
        levels = range(len(self.outputs))
        return np.concatenate([np.load(self.folder / f"heads-{window}-{level}.npy") for level in levels])

    def name(self, tensor: int) -> str:
        return self.tensors[tensor]["name"]

    def shape(self, tensor: int) -> tuple[int, int, int]:
        entry = self.tensors[tensor]
        return entry["channels"], entry["height"], entry["width"]

    def neuron_after(self, tensor: int) -> dict | None:
        """The neuron that alone reads a tensor."""
        readers = self.readers.get(tensor, [])
        if len(readers) != 1 or tensor in self.outputs or self.ops[readers[0]]["op"] != "neuron":
            return None
        return self.ops[readers[0]]

    def conv(self, op: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights in s8 (OIHW), scale and bias per output channel; int16 weights are rounded: no runtime takes them."""
        weight, bias = self.weights[f"{op['name']}.weight"], self.weights[f"{op['name']}.bias"]
        if weight.dtype == np.int8:
            return weight, self.weights[f"{op['name']}.scale"], bias
        largest = np.maximum(np.abs(weight.astype(np.float64)).max(axis=(1, 2, 3)), 1e-30)
        scale = self.weights.get(f"{op['name']}.scale", np.ones(len(bias)))
        rounded = np.rint(weight / (largest / 127)[:, None, None, None]).astype(np.int8)
        return rounded, (scale * largest / 127).astype(np.float32), bias


def inputs_of(op: dict) -> list[int]:
    return op["inputs"] if "inputs" in op else [op["input"]]


def step(neuron: dict) -> float:
    """Current per spike: without memory a neuron is clip(round(x / step), 0, levels)."""
    return neuron["constant"] if neuron["form"] == "tau" else 1.0


def u8_range(plan: Plan, tensor: int) -> tuple[float, int]:
    """Scale and zero point 0..255 of a real tensor."""
    low, high = plan.ranges[plan.name(tensor)]
    low, high = min(0.0, low), max(0.0, high)
    scale = (high - low) / 255 or 1.0
    return scale, round(-low / scale)
