"""A detector in the shape of SpikeYOLO, at any width: stem, blocks at strides 4, 8 and 16, a lateral path, two heads.

Layer names are those of the ONNX file. Every convolution but the stem reads spikes; residuals are added on membranes.
"""
import torch
from torch import nn

import fast
from neuron import ILIF, Firing, ReLU

EPS = 1e-3  # of every normalisation, as in SpikeYOLO
MOMENTUM = 0.03


class Unit(nn.Module):
    """neuron -> convolution -> normalisation."""

    def __init__(self, net: "Detector", inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.n = net.neuron()
        self.c = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, EPS, MOMENTUM)

    def forward(self, x):
        s = self.n(x)
        return self.bn(fast.depthwise(s, self.c.weight) if self.c.groups > 1 else self.c(s))


class RepUnit(nn.Module):
    """neuron -> 1x1 -> normalisation with a border of its own zero -> depthwise 3x3 -> 1x1 -> normalisation: one dense 3x3 once merged."""

    def __init__(self, net: "Detector", inputs: int, outputs: int) -> None:
        super().__init__()
        self.n = net.neuron()
        self.pw1 = nn.Conv2d(inputs, inputs, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inputs, EPS, MOMENTUM)
        self.dw = nn.Conv2d(inputs, inputs, 3, groups=inputs, bias=False)
        self.pw2 = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.bn = nn.BatchNorm2d(outputs, EPS, MOMENTUM)

    def forward(self, x):
        y = self.bn1(self.pw1(self.n(x)))
        border = self.bn1.bias - self.bn1.running_mean * self.bn1.weight / torch.sqrt(self.bn1.running_var + EPS)
        shape = (y.shape[0], y.shape[1], y.shape[2] + 2, y.shape[3] + 2)
        framed = border.detach().view(1, -1, 1, 1).expand(shape).clone(memory_format=torch.channels_last)
        framed[:, :, 1:-1, 1:-1] = y
        return self.bn(self.pw2(self.dw(framed)))


class Separable(nn.Module):
    """x + (1x1 to twice the channels, depthwise, 1x1 back): the token mixer of both blocks."""

    def __init__(self, net: "Detector", channels: int, kernel: int) -> None:
        super().__init__()
        self.pw1 = Unit(net, channels, 2 * channels, 1)
        self.dw = Unit(net, 2 * channels, 2 * channels, kernel, groups=2 * channels)
        self.pw2 = Unit(net, 2 * channels, channels, 1)
        nn.init.constant_(self.pw2.bn.weight, 0.5)

    def forward(self, x):
        return x + self.pw2(self.dw(self.pw1(x)))


class Pair(nn.Module):
    """x + two 3x3 convolutions: the channel mixer; `rep` as in SNN-Block-2, else dense as in SNN-Block-1."""

    def __init__(self, net: "Detector", channels: int, rep: bool = False, ratio: float = 1) -> None:
        super().__init__()
        inner = int(channels * ratio)
        self.c1 = RepUnit(net, channels, inner) if rep else Unit(net, channels, inner, 3)
        self.c2 = RepUnit(net, inner, channels) if rep else Unit(net, inner, channels, 3)
        nn.init.constant_(self.c2.bn.weight, 0.5)

    def forward(self, x):
        return x + self.c2(self.c1(x))


class Block(nn.Module):
    def __init__(self, net: "Detector", channels: int, kernel: int, rep: bool, ratio: float) -> None:
        super().__init__()
        self.sep = Separable(net, channels, kernel)
        self.pair = Pair(net, channels, rep, ratio)

    def forward(self, x):
        return self.pair(self.sep(x))


class Head(nn.Module):
    """3x3, then 1x1 with a bias to 4 * reg_max distances and one logit a class."""

    def __init__(self, net: "Detector", inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.c1 = Unit(net, inputs, inner, 3)
        self.n2 = net.neuron()
        self.c2 = nn.Conv2d(inner, outputs, 1)

    def forward(self, x):
        return self.c2(self.n2(self.c1(x)))


class Detector(nn.Module):
    """Frames [T*B, C, H, W] in; maps [B, 4 * reg_max + classes, H/8, W/8] and H/16 out.

    config: widths (stride 4, 8, 16), blocks (number at stride 8, 16), kernel, rep8, rep16, ratio, heads (two widths), reg_max,
    classes, levels, steps, neuron ("ilif" or "relu"), channels.
    """

    def __init__(self, config: dict) -> None:
        super().__init__()
        self.config = config
        self.firing = Firing()
        self.steps = config["steps"]
        w4, w8, w16 = config["widths"]
        kernel, ratio = config["kernel"], config["ratio"]
        outputs = 4 * config["reg_max"] + len(config["classes"])
        self.stem = nn.Conv2d(config["channels"], w4, 7, 4, 3, bias=False)
        self.stem_bn = nn.BatchNorm2d(w4, EPS, MOMENTUM)
        self.s1 = nn.Module()
        self.s1.pair = Pair(self, w4)
        self.d2 = Unit(self, w4, w8, 3, 2)
        self.s2 = nn.Sequential(*(Block(self, w8, kernel, config["rep8"], ratio) for _ in range(config["blocks"][0])))
        self.d3 = Unit(self, w8, w16, 3, 2)
        self.s3 = nn.Sequential(*(Block(self, w16, kernel, config["rep16"], ratio) for _ in range(config["blocks"][1])))
        self.lat = Unit(self, w16, w8, 1)
        self.f3 = nn.Module()
        self.f3.pair = Pair(self, w8, config["rep8"], ratio)
        self.p3 = Head(self, w8, config["heads"][0], outputs)
        self.p4 = Head(self, w16, config["heads"][1], outputs)
        for head in (self.p3, self.p4):
            nn.init.constant_(head.c2.bias, 0)
            nn.init.constant_(head.c2.bias[-len(config["classes"]):], -4.6)
        self.to(memory_format=torch.channels_last)

    def neuron(self) -> nn.Module:
        if self.config["neuron"] == "relu":
            return ReLU()
        return ILIF(self.firing, self.config["levels"], self.config["steps"])

    def forward(self, x):
        x = self.s1.pair(self.stem_bn(self.stem(x)))
        deep8 = self.s2(self.d2(x))
        deep16 = self.s3(self.d3(deep8))
        merged = deep8 + nn.functional.interpolate(self.lat(deep16), scale_factor=2, mode="nearest")
        maps = [self.p3(self.f3.pair(merged)), self.p4(deep16)]
        if self.steps > 1:
            maps = [m.view(self.steps, -1, *m.shape[1:]).mean(0) for m in maps]
        return maps

    def weigh_neurons(self) -> None:
        """Gives each neuron the share of multiply-adds that its spikes cause, so that the firing penalty is a penalty on work."""
        macs = multiply_adds(self)
        work = {name: 0 for name, m in self.named_modules() if isinstance(m, (ILIF, ReLU))}
        for name, (neuron, count) in macs.items():
            if neuron is not None:
                work[neuron] += count
        total = sum(work.values())
        modules = dict(self.named_modules())
        for name, count in work.items():
            modules[name].weight = count / total
            modules[name].macs = count

    def freeze_norms(self) -> None:
        for m in self.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.eval()

    @torch.no_grad()
    def empty_density(self) -> float:
        """`density` of a window without events."""
        self.counting(True)
        c = self.config
        self(torch.zeros(c["steps"], c["channels"], c["height"], c["width"]).contiguous(memory_format=torch.channels_last))
        share = self.density()
        self.counting(False)
        return share

    def counting(self, on: bool) -> None:
        for m in self.modules():
            if isinstance(m, (ILIF, ReLU)):
                m.count = [0, 0, 0.0] if on else None

    def density(self) -> float:
        """Share of multiply-adds behind neurons whose input is not zero, since `counting(True)`."""
        return self._weighed(1)

    def mean_spike(self) -> float:
        """Mean of what the multiply-adds behind neurons read, since `counting(True)`."""
        return self._weighed(2)

    def _weighed(self, what: int) -> float:
        spent = [(m.macs, m.count) for m in self.modules() if isinstance(m, (ILIF, ReLU))]
        return sum(macs * c[what] / max(c[0], 1) for macs, c in spent) / sum(macs for macs, _ in spent)


def layer_names(unit: str) -> tuple[str, str]:
    """Names of a unit's convolution and neuron in the ONNX file; a block that is alone at stride 8 has no number."""
    name = unit.replace("s2.0.", "s2.")
    if "." not in name:
        return f"{name}.c", f"{name}.n"
    stem, last = name.rsplit(".", 1)
    return name, f"{stem}.n{ {'pw1': 1, 'dw': 2, 'pw2': 3, 'c1': 1, 'c2': 2}[last] }"


def multiply_adds(net: Detector) -> dict[str, tuple[str | None, int]]:
    """Convolution -> (the neuron that it reads, multiply-adds of one time step, RepConv as the dense 3x3 that it becomes)."""
    out: dict[str, tuple[str | None, int]] = {}
    handles = []

    def watch(name, neuron, module, count):
        def hook(_, __, y):
            out[name] = (neuron, y.shape[2] * y.shape[3] * count)

        handles.append(module.register_forward_hook(hook))

    for name, m in net.named_modules():
        if isinstance(m, Unit):
            # Not on m.c: a depthwise convolution is never called, `fast.depthwise` reads its weight.
            watch(f"{name}.c", f"{name}.n", m.bn, m.c.weight.numel())
        elif isinstance(m, RepUnit):
            watch(f"{name}.c", f"{name}.n", m.pw2, 9 * m.pw2.weight.numel())
        elif isinstance(m, Head):
            watch(f"{name}.c2", f"{name}.n2", m.c2, m.c2.weight.numel())
    watch("stem", None, net.stem, net.stem.weight.numel())
    training = net.training
    net.eval()
    c = net.config
    with torch.no_grad():
        net(torch.zeros(c["steps"], c["channels"], c["height"], c["width"]))
    net.train(training)
    for handle in handles:
        handle.remove()
    return out
