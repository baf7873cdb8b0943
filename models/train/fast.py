"""Compiles and calls fast.cc. State and libraries live in `.state/train`, which git ignores."""
import ctypes
import hashlib
import os
import subprocess
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
STATE = HERE.parent.parent / ".state" / "train"


def _library() -> ctypes.CDLL:
    source = HERE / "fast.cc"
    digest = hashlib.sha256(source.read_bytes() + os.uname().nodename.encode()).hexdigest()[:12]
    target = STATE / f"fast-{digest}.so"
    if not target.exists():
        STATE.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}")
        command = ["g++", "-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fno-signed-zeros", "-shared", "-fPIC", "-o", part, source]
        subprocess.run(command, check=True)
        part.rename(target)
    return ctypes.CDLL(str(target))


_fast = _library()
_F, _L, _P = ctypes.c_float, ctypes.c_int64, ctypes.c_void_p
_fast.fire.argtypes = [_P, _P, _L, _F]
_fast.fire_backward.argtypes = [_P, _P, _P, _L, _L, _F, _P, _P, _F, _F]
_fast.refractory.argtypes = [_P, _P, _P, _L, ctypes.c_int32, _L]
_fast.depthwise_weights.argtypes = [_P, _P, _P, _L, _L, _L, _L, _L]


def _dense(x: torch.Tensor) -> torch.Tensor:
    if x.is_contiguous(memory_format=torch.channels_last) or x.is_contiguous():
        return x
    return x.contiguous(memory_format=torch.channels_last)


def fire(x: torch.Tensor, levels: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(x as it was read, spike counts)."""
    x = _dense(x)
    s = torch.empty_like(x)
    _fast.fire(x.data_ptr(), s.data_ptr(), x.numel(), levels)
    return x, s


def fire_backward(x, grad, levels, rate, quiet, weight, quiet_above):
    grad = grad.contiguous() if x.is_contiguous() and not x.is_contiguous(memory_format=torch.channels_last) else grad.contiguous(memory_format=torch.channels_last)
    out = torch.empty_like(x)
    pointer = lambda a: None if a is None else a.data_ptr()
    _fast.fire_backward(
        x.data_ptr(), grad.data_ptr(), out.data_ptr(), x.shape[0], x[0].numel(), levels, pointer(rate), pointer(quiet), weight, quiet_above
    )
    return out


def refractory(t: np.ndarray, pixel: np.ndarray, pixels: int, refractory_us: int) -> np.ndarray:
    """Mask of the events that the refractory merge keeps: that of pipeline/filters, in file order."""
    t = np.ascontiguousarray(t, np.int64)
    pixel = np.ascontiguousarray(pixel, np.int32)
    keep = np.empty(len(t), np.uint8)
    _fast.refractory(t.ctypes.data, pixel.ctypes.data, keep.ctypes.data, len(t), pixels, refractory_us)
    return keep.astype(bool)


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution at stride 1 whose weight gradient does not take 20 times its forward."""

    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return torch.nn.functional.conv2d(x, weight, padding=weight.shape[2] // 2, groups=weight.shape[0])

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        channels, k = weight.shape[0], weight.shape[2]
        if channels % 8 != 0 or k not in (3, 5, 7):
            raise ValueError(f"a depthwise {k}x{k} of {channels} channels: fast.cc knows 3, 5 and 7, and multiples of 8")
        grad = grad.contiguous(memory_format=torch.channels_last)
        flipped = weight.flip(2, 3)
        dx = torch.nn.functional.conv2d(grad, flipped, padding=k // 2, groups=channels)
        padded = torch.nn.functional.pad(x, (k // 2,) * 4).contiguous(memory_format=torch.channels_last)
        out = torch.empty(k, k, channels)
        n, _, h, w = grad.shape
        _fast.depthwise_weights(padded.data_ptr(), grad.data_ptr(), out.data_ptr(), n, h, w, channels, k)
        return dx, out.permute(2, 0, 1).unsqueeze(1)


depthwise = _Depthwise.apply
