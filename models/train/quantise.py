"""The grid on which every sum is exact: after folding the normalisations, int8 * 2^-k per output channel (models/compile/snap.ts).

The finish of a training run sees its weights snapped and learns around it: normalisations are frozen, the folded weight is
rounded with a straight-through gradient, and the rest of the network never notices.
"""
from contextlib import contextmanager

import torch

from network import EPS, Detector, Head, RepUnit, Unit

FINEST_BITS, MOST_INT8, MOST_INT16 = 12, 127, 32_767


def snapped(weight: torch.Tensor) -> torch.Tensor:
    """The nearest weights on the grid; ties away from 0."""
    top = weight.abs().flatten(1).amax(1).clamp(min=1e-12)
    bits = torch.floor(torch.log2(MOST_INT16 / top.max())).clamp(max=FINEST_BITS)
    k = torch.minimum(torch.floor(torch.log2(MOST_INT8 / top)), bits)
    step = (2.0**-k).view(-1, 1, 1, 1)
    return torch.sign(weight) * torch.floor(weight.abs() / step + 0.5) * step


class Snapping:
    """Weights of units and heads; biases move by at most 2^-13 and stay. A RepUnit is merged only at export, so it has no finish."""

    def __init__(self, net: Detector) -> None:
        self.chains = any(isinstance(m, RepUnit) for m in net.modules())
        self.layers = [(m.c, m.bn) for m in net.modules() if isinstance(m, Unit)]
        self.layers += [(m.c2, None) for m in net.modules() if isinstance(m, Head)]
        self.layers.append((net.stem, net.stem_bn))

    @contextmanager
    def applied(self, on: bool):
        """Within it, convolutions compute with snapped weights; the gradient goes to the real ones."""
        if not on:
            yield
            return
        if self.chains:
            raise SystemExit("RepConv chains cannot be trained on the grid: set training.quantise_last=0")
        kept = []
        for conv, norm in self.layers:
            with torch.no_grad():
                gain = torch.ones(len(conv.weight)) if norm is None else norm.weight / torch.sqrt(norm.running_var + EPS)
                gain = gain.view(-1, 1, 1, 1)
                safe = torch.where(gain.abs() < 1e-8, torch.ones_like(gain), gain)
                kept.append(conv.weight.data)
                conv.weight.data = (snapped(conv.weight * gain) / safe).contiguous(memory_format=torch.channels_last)
        try:
            yield
        finally:
            for (conv, _), weight in zip(self.layers, kept):
                conv.weight.data = weight
