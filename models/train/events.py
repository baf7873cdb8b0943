"""Events of one 50 ms window while a scene is made: t in microseconds from the window's start, x and y real pixels, p 0 or 1."""
from dataclasses import dataclass

import numpy as np

WIDTH, HEIGHT, WINDOW_US = 304, 240, 50_000
BINS, CLIP = 2, 15  # of a window: saccade.input
SCALE = 0.25  # of a count
CAR, PEDESTRIAN = 0, 1


@dataclass
class Events:
    t: np.ndarray
    x: np.ndarray
    y: np.ndarray
    p: np.ndarray

    def __len__(self) -> int:
        return len(self.t)

    def pick(self, mask: np.ndarray) -> "Events":
        return Events(self.t[mask], self.x[mask], self.y[mask], self.p[mask])

    def inside(self) -> "Events":
        return self.pick((self.x >= 0) & (self.x < WIDTH) & (self.y >= 0) & (self.y < HEIGHT))


def nothing() -> Events:
    empty = np.empty(0, np.float32)
    return Events(empty, empty, empty, np.empty(0, np.uint8))


def joined(parts: list[Events]) -> Events:
    if not parts:
        return nothing()
    return Events(*(np.concatenate([getattr(e, f) for e in parts]) for f in ("t", "x", "y", "p")))


@dataclass
class Scene:
    """boxes: rows of class, x1, y1, x2, y2 (pixels, real; the window's end). ignored: the same, where a class is neither asked for nor denied."""

    events: Events
    boxes: np.ndarray
    ignored: np.ndarray


def frame(e: Events, bins: int = BINS) -> np.ndarray:
    """u8 [2 * bins, HEIGHT, WIDTH]: counts, bin-major, OFF before ON, clipped: the `count` window of pipeline/windows."""
    e = e.inside()
    b = np.minimum((e.t * (bins / WINDOW_US)).astype(np.int64), bins - 1)
    index = ((2 * b + e.p) * HEIGHT + e.y.astype(np.int64)) * WIDTH + e.x.astype(np.int64)
    counts = np.bincount(index, minlength=2 * bins * HEIGHT * WIDTH)
    return np.minimum(counts, CLIP).astype(np.uint8).reshape(2 * bins, HEIGHT, WIDTH)


def boxes_array(rows: list) -> np.ndarray:
    return np.asarray(rows, np.float32).reshape(-1, 5)


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes x1, y1, x2, y2: [n, 4], [m, 4] -> [n, m]."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=2)
    area = lambda q: np.prod(q[:, 2:] - q[:, :2], axis=1)
    return both / np.maximum(area(a)[:, None] + area(b)[None] - both, 1e-9)
