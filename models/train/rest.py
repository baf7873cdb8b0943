"""Rest: a network in whose empty window no neuron fires. `export.py` makes it so.

Without spikes every convolution gives its offset, everywhere, so the membrane of an empty window is one number per channel. Where
that number fires, the normalisation written last is lowered until it does not.
"""
import torch
from torch import nn

from network import Detector
from neuron import ILIF

# A neuron fires above 0.5; the rest is for the rounding of weights.
HIGHEST, ROUNDING = 0.48, 1e-5


@torch.no_grad()
def put_to_rest(net: Detector) -> float:
    """Lowers offsets in place, in the order of the network; returns the most that one was lowered."""
    written: list[nn.BatchNorm2d] = []
    most = 0.0

    def lower(neuron, inputs):
        nonlocal most
        highest = HIGHEST if neuron.steps == 1 else HIGHEST * (1 - neuron.decay)  # what a leak adds up to
        excess = inputs[0].amax((0, 2, 3)) - highest
        excess[excess < ROUNDING] = 0
        if excess.any():
            written[-1].bias -= excess
            most = max(most, float(excess.max()))
            inputs[0].sub_(excess.view(1, -1, 1, 1))  # in place: others read the same membranes, residuals go on from them

    handles = []
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            handles.append(m.register_forward_hook(lambda norm, _, __: written.append(norm)))
        elif isinstance(m, ILIF):
            handles.append(m.register_forward_pre_hook(lower))
    c = net.config
    net.eval()
    net(torch.zeros(c["steps"], c["channels"], c["height"], c["width"]))
    for handle in handles:
        handle.remove()
    if net.empty_density() > 0:
        raise SystemExit("a neuron still fires in an empty window: its offset is not the last that was written")
    return most
