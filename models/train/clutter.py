"""What stands around cars in real streets, drawn as events: noise, hot pixels, moving bars, facades, poles, lane marks."""
import numpy as np

from events import HEIGHT, WIDTH, WINDOW_US, Events, joined


def noise(rng: np.random.Generator, least: float, most: float) -> Events:
    n = int(np.exp(rng.uniform(np.log(least), np.log(most))))
    p = (rng.random(n) < rng.uniform(0.2, 0.8)).astype(np.uint8)
    return Events(times(rng, n), uniform(rng, 0, WIDTH, n), uniform(rng, 0, HEIGHT, n), p)


def hot_pixels(rng: np.random.Generator) -> Events:
    parts = []
    for _ in range(rng.integers(0, 7)):
        n = int(rng.integers(3, 500))
        x, y = np.full(n, rng.uniform(0, WIDTH), np.float32), np.full(n, rng.uniform(0, HEIGHT), np.float32)
        parts.append(Events(times(rng, n), x, y, (rng.random(n) < rng.choice([0.1, 0.5, 0.9])).astype(np.uint8)))
    return joined(parts)


def bars(rng: np.random.Generator, most: int = 4) -> Events:
    """Straight edges that move: polarity by side and direction, a few flipped."""
    parts = []
    for _ in range(rng.integers(0, most)):
        length, speed = rng.uniform(8, 120), rng.uniform(0.5, 14)
        angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        middle = np.array([rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)])
        width = rng.uniform(2, 25)
        for side in (0, 1) if rng.random() < 0.7 else (0,):
            n = rng.poisson(length * max(speed, 1) * rng.uniform(0.15, 1.5))
            t = times(rng, n)
            place = middle + np.outer(rng.uniform(-0.5, 0.5, n) * length, along)
            place += np.outer(speed * (t / WINDOW_US - 0.5) + side * width + rng.normal(0, 0.4, n), across)
            p = np.where(rng.random(n) < 0.06, 1 - side, side).astype(np.uint8)
            parts.append(Events(t, *place.T.astype(np.float32), p))
    return joined(parts)


def street(rng: np.random.Generator) -> Events:
    """Facades on one or both sides that run to a vanishing point, poles, lane marks; single pixels may fire many times."""
    vanish = np.array([rng.uniform(0.25, 0.75) * WIDTH, rng.uniform(0.3, 0.55) * HEIGHT])
    push = rng.uniform(0.005, 0.06)  # radial motion in a window, as a share of the distance
    density = np.exp(rng.normal(0, 0.5))
    sides = [-1, 1] if rng.random() < 0.5 else [rng.choice([-1, 1])]
    parts = [_facade(rng, vanish, push, side, density) for side in sides]
    parts += [_pole(rng, vanish, push) for _ in range(rng.integers(0, 4))]
    if rng.random() < 0.6:
        parts += [_lane_marks(rng, vanish, push) for _ in range(rng.integers(1, 4))]
    return joined(parts)


def _facade(rng, vanish, push, side, density) -> Events:
    near = WIDTH if side > 0 else 0
    start = vanish[0] + side * rng.uniform(0.05, 0.5) * abs(near - vanish[0])
    top, bottom = rng.uniform(1.2, 3.5), rng.uniform(0.25, 1.0)  # slopes from the vanishing point, up and down
    flicker = rng.random() < 0.5
    parts = []
    n_edges = int(np.exp(rng.uniform(np.log(6), np.log(90))))
    regular = rng.random() < 0.5
    xs = np.linspace(start, near, n_edges) if regular else rng.uniform(min(start, near), max(start, near), n_edges)
    for x in xs:
        reach = abs(x - vanish[0])
        y1, y2 = sorted(vanish[1] + reach * np.array([-top, bottom]) * rng.uniform(0, 1, 2))
        parts.append(_edge(rng, (x, max(y1, 0)), (x, min(y2, HEIGHT)), reach * push, density, flicker))
    for _ in range(rng.integers(0, max(int(0.7 * n_edges), 1))):
        slope = rng.uniform(-top, bottom)
        a, b = np.sort(rng.uniform(0, 1, 2))
        x1, x2 = start + (near - start) * a, start + (near - start) * b
        y = lambda x: vanish[1] + slope * abs(x - vanish[0])
        parts.append(_edge(rng, (x1, y(x1)), (x2, y(x2)), 0.3 * abs(x2 - vanish[0]) * push, density, flicker))
    for _ in range(rng.integers(0, 5)):  # leaves
        middle = np.array([rng.uniform(min(start, near), max(start, near)), rng.uniform(0, HEIGHT * 0.7)])
        n = rng.poisson(np.exp(rng.uniform(np.log(50), np.log(1500))))
        place = middle + rng.normal(0, rng.uniform(5, 30), (n, 2))
        parts.append(Events(times(rng, n), *place.T.astype(np.float32), rng.integers(0, 2, n).astype(np.uint8)))
    return joined(parts)


def _edge(rng, a, b, sweep, density, flicker) -> Events:
    """Events along a line from a to b that sweeps sideways. A few edges are so strong that their pixels fire dozens of times."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    length = np.hypot(*(b - a))
    multiplicity = min(np.exp(rng.normal(-0.3, 1.3)), 40)
    n = min(rng.poisson(length * multiplicity * density * (0.5 + min(abs(sweep), 4))), 6000)
    along = rng.random(n)
    if flicker and rng.random() < 0.5:  # it comes from few pixels
        along = np.round(along * max(length * rng.uniform(0.1, 0.6), 1)) / max(length, 1)
    t = times(rng, n)
    place = a + np.outer(along, b - a)
    place[:, 0] += sweep * (t / WINDOW_US - 0.5) + rng.normal(0, 0.35, n)
    side = rng.integers(0, 2)
    mixed = rng.uniform(0.02, 0.5)
    p = np.where(rng.random(n) < mixed, 1 - side, side).astype(np.uint8)
    return Events(t, *place.T.astype(np.float32), p)


def _pole(rng, vanish, push) -> Events:
    x = rng.uniform(0, WIDTH)
    y1, y2 = rng.uniform(0, HEIGHT * 0.5), rng.uniform(HEIGHT * 0.4, HEIGHT * 0.8)
    width = rng.uniform(1, 6)
    sweep = abs(x - vanish[0]) * push
    return joined([_edge(rng, (x + k * width, y1), (x + k * width, y2), sweep, 1, False) for k in (0, 1)])


def _lane_marks(rng, vanish, push) -> Events:
    slope = rng.uniform(-2.5, 2.5)
    parts = []
    for _ in range(rng.integers(1, 6)):
        a = rng.uniform(0.15, 1)
        b = a + rng.uniform(0.05, 0.3)
        ends = [(vanish[0] + slope * d * (HEIGHT - vanish[1]), vanish[1] + d * (HEIGHT - vanish[1])) for d in (a, b)]
        parts.append(_edge(rng, ends[0], ends[1], 60 * push, 1, False))
    return joined(parts)


def times(rng, n) -> np.ndarray:
    return rng.uniform(0, WINDOW_US - 1, n).astype(np.float32)


def uniform(rng, low, high, n) -> np.ndarray:
    return rng.uniform(low, high, n).astype(np.float32)
