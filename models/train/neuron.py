"""The I-LIF neuron: integers while training, spikes at inference (SpikeYOLO, arXiv 2407.20708, section 3.2).

Gradient: straight through, where the membrane lies in 0..levels. The firing penalty lives inside the backward pass,
since slicing a stored activation for an extra loss allocates a full-size gradient per slice (it doubled the step).
"""
import torch

import fast


class Firing:
    """How hard each sample of the batch is pushed towards silence; set once a step, read by every neuron."""

    def __init__(self) -> None:
        self.rate: torch.Tensor | None = None  # [T*B]: gradient per spiking value
        self.quiet: torch.Tensor | None = None  # [T*B]: gradient on membranes above QUIET_ABOVE


# A neuron of an empty window must stay below 0.5, with room for the rounding of weights.
QUIET_ABOVE = 0.35


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, levels, weight, firing):
        x, s = fast.fire(x, levels)
        ctx.save_for_backward(x)
        ctx.levels, ctx.weight, ctx.firing = levels, weight, firing
        return s

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        firing = ctx.firing
        out = fast.fire_backward(x, grad, ctx.levels, firing.rate, firing.quiet, ctx.weight, QUIET_ABOVE)
        return out, None, None, None


class ILIF(torch.nn.Module):
    """Membranes [T*B, C, H, W], time slowest, to spike counts 0..levels; `m[t] = (m[t-1] - s[t-1]) * decay + x[t]`."""

    def __init__(self, firing: Firing, levels: int, steps: int, decay: float = 0.25) -> None:
        super().__init__()
        self.firing, self.levels, self.steps, self.decay = firing, levels, steps, decay
        self.weight = 1.0  # share of all multiply-adds that its spikes cause: `weigh_neurons`
        self.count: list[float] | None = None  # set by `network.density`: [values, spiking values, sum of spikes]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.steps == 1:
            s = _Fire.apply(x, self.levels, self.weight, self.firing)
        else:
            s = self._over_time(x)
        if self.count is not None:
            self.count[0] += s.numel()
            self.count[1] += int((s > 0).sum())
            self.count[2] += float(s.sum())
        return s

    def _over_time(self, x: torch.Tensor) -> torch.Tensor:
        spikes, membrane = [], None
        for t, current in enumerate(x.chunk(self.steps)):
            membrane = current if t == 0 else (membrane - spikes[-1]) * self.decay + current
            spikes.append(_Fire.apply(membrane, self.levels, self.weight, _AtStep(self.firing, t, self.steps)))
        return torch.cat(spikes)


class _AtStep:
    """The penalties of one time step."""

    def __init__(self, firing: Firing, t: int, steps: int) -> None:
        self.rate = None if firing.rate is None else firing.rate.chunk(steps)[t]
        self.quiet = None if firing.quiet is None else firing.quiet.chunk(steps)[t]


class ReLU(torch.nn.ReLU):
    """The neuron of the ANN twin. Counts like ILIF."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = 1.0
        self.count: list[float] | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        s = super().forward(x)
        if self.count is not None:
            self.count[0] += s.numel()
            self.count[1] += int((s > 0).sum())
            self.count[2] += float(s.sum())
        return s
