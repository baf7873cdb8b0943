"""Patches made larger, smaller, wider, moving, mirrored: what one crop of N-CARS can look like somewhere else in a picture."""
import numpy as np

from events import WINDOW_US, Events

MOST_EVENTS = 16_000


def placed(e: Events, rng: np.random.Generator, scale: float, aspect: float, mirrored: bool) -> Events:
    """Scaled about its corner. Smaller: thinned, since an edge covers fewer pixels. Larger: drawn again at fresh sub-pixel places."""
    sx, sy = scale * aspect, scale / aspect
    n = len(e)
    if scale < 1:
        e = e.pick(rng.random(n) < scale ** rng.uniform(0, 2))
        copies = np.ones(len(e), int)
    elif scale <= 1.35:
        copies = 1 + (rng.random(n) < (scale * scale - 1) / 2)
    else:
        # Near objects keep their density per pixel: edges get thicker with size, and smear in time.
        wanted = min(scale ** rng.uniform(1.4, 2.0), MOST_EVENTS / max(n, 1))
        copies = rng.poisson(max(wanted, 1), n) if n else np.zeros(0, int)
    index = np.repeat(np.arange(len(e)), copies)
    m = len(index)
    x = (e.x[index] + rng.random(m, dtype=np.float32)) * np.float32(sx)
    y = (e.y[index] + rng.random(m, dtype=np.float32)) * np.float32(sy)
    t = e.t[index]
    if scale > 1.35:
        blur = 0.28 * (scale - 1)
        x += rng.normal(0, blur, m).astype(np.float32)
        y += rng.normal(0, blur, m).astype(np.float32)
        t = np.clip(t + rng.normal(0, 1500 * (scale - 1), m).astype(np.float32), 0, WINDOW_US - 1)
    if mirrored:
        x = np.float32((e.x.max(initial=0) + 1) * sx) - x
    return Events(t, x, y, e.p[index])


def tilted(e: Events, rng: np.random.Generator) -> Events:
    """Turned by up to 6 degrees and sheared a little, about its middle: other roads, other mounts of the camera."""
    turn, shear = rng.normal(0, 0.04), rng.normal(0, 0.05)
    cx, cy = np.float32(e.x.mean()), np.float32(e.y.mean())
    dx, dy = e.x - cx, e.y - cy
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return Events(e.t, cx + cos * dx + (np.float32(shear) - sin) * dy, cy + sin * dx + cos * dy, e.p)


def hidden_in_part(e: Events, rng: np.random.Generator) -> Events:
    """Without what lies in one rectangle, up to a third of it: somebody walks by, a post stands in front."""
    x1, x2, y1, y2 = e.x.min(), e.x.max(), e.y.min(), e.y.max()
    w, h = (x2 - x1) * rng.uniform(0.1, 0.6), (y2 - y1) * rng.uniform(0.1, 0.6)
    x, y = rng.uniform(x1, x2 - w), rng.uniform(y1, y2 - h)
    return e.pick((e.x < x) | (e.x > x + w) | (e.y < y) | (e.y > y + h))


def frayed(e: Events, rng: np.random.Generator) -> Events:
    """Events fade towards the rim of the patch, car or not: a sharp cut edge would be the easiest sign of all."""
    if len(e) == 0:
        return e
    low = np.array([e.x.min(), e.y.min()])
    size = np.array([e.x.max(), e.y.max()]) - low + 1
    width = rng.uniform(0, 0.07) * size.min()
    if width < 0.5:
        return e
    depth = np.minimum.reduce([e.x - low[0], low[0] + size[0] - e.x, e.y - low[1], low[1] + size[1] - e.y])
    return e.pick(rng.random(len(e)) < depth / width)


def moved(e: Events, rng: np.random.Generator, vx: float, vy: float) -> Events:
    """Shifted by v * (t/T - 1/2); a moving edge fires at each pixel that it crosses, so a share is drawn again at random times."""
    again = min(np.hypot(vx, vy) / 7 * rng.uniform(0, 1.2), 2)
    copies = 1 + rng.poisson(again, len(e))
    index = np.repeat(np.arange(len(e)), copies)
    first = np.concatenate([[True], index[1:] != index[:-1]]) if len(index) else np.zeros(0, bool)
    t = np.where(first, e.t[index], rng.uniform(0, WINDOW_US - 1, len(index))).astype(np.float32)
    phase = t / WINDOW_US - np.float32(0.5)
    return Events(t, e.x[index] + np.float32(vx) * phase, e.y[index] + np.float32(vy) * phase, e.p[index])


def extent(e: Events) -> np.ndarray:
    """x1, y1, x2, y2 of the middle 97 % of the events, 1 % wider."""
    x1, x2 = np.percentile(e.x, [1.5, 98.5])
    y1, y2 = np.percentile(e.y, [1.5, 98.5])
    dx, dy = 0.005 * (x2 - x1), 0.005 * (y2 - y1)
    return np.array([x1 - dx, y1 - dy, x2 + dx, y2 + dy])
