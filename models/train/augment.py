"""The one augmentation chain: what may differ between a labelled scene and the next camera that sees the same."""
import numpy as np

import clutter
from events import HEIGHT, WIDTH, Events, Scene, boxes_array, joined


def augmented(scene: Scene, rng: np.random.Generator, zoom: bool) -> Scene:
    """Mirrored, zoomed (for scenes that were not composed at random scales), thinned, polarity inverted, with noise on top."""
    if zoom and rng.random() < 0.6:
        scene = _zoomed(scene, rng)
    if rng.random() < 0.5:
        scene = _mirrored(scene)
    e = scene.events
    if rng.random() < 0.1:
        e = Events(e.t, e.x, e.y, 1 - e.p)
    # Real streets leave thinner lines than drawn ones: the car ahead 0.3 to 0.55 events a pixel.
    share, least = (0.6, 0.25) if zoom else (0.25, 0.5)
    if rng.random() < share:
        e = e.pick(rng.random(len(e)) < rng.uniform(least, 1))
    if zoom and rng.random() < 0.5:
        e = joined([e, clutter.noise(rng, 30, 3000), clutter.hot_pixels(rng)])
    return Scene(e, scene.boxes, scene.ignored)


def _mirrored(scene: Scene) -> Scene:
    e = scene.events
    flip = lambda b: np.stack([b[:, 0], WIDTH - b[:, 3], b[:, 2], WIDTH - b[:, 1], b[:, 4]], axis=1)
    return Scene(Events(e.t, np.float32(WIDTH - 1e-3) - e.x, e.y, e.p), flip(scene.boxes), flip(scene.ignored))


def _zoomed(scene: Scene, rng: np.random.Generator) -> Scene:
    """About a random point. Closer: events are thinned no further, the picture's rim is lost; farther: the rim stays empty."""
    s = np.exp(rng.uniform(np.log(0.75), np.log(1.5)))
    shift = np.array([WIDTH, HEIGHT]) * (1 - s) * rng.random(2)
    e = scene.events
    n = len(e)
    keep = rng.random(n) < min(s ** rng.uniform(0, 2), 1)
    e = e.pick(keep)
    x = (np.floor(e.x) + rng.random(len(e), dtype=np.float32)) * np.float32(s) + np.float32(shift[0])
    y = (np.floor(e.y) + rng.random(len(e), dtype=np.float32)) * np.float32(s) + np.float32(shift[1])
    sure, lost = _moved_boxes(scene.boxes, s, shift)
    unsure, also = _moved_boxes(scene.ignored, s, shift)
    return Scene(Events(e.t, x, y, e.p).inside(), sure, boxes_array([*unsure, *lost, *also]))


def _moved_boxes(boxes: np.ndarray, s: float, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(boxes still half in the picture and large enough, those that are not but still touch it)."""
    if len(boxes) == 0:
        return boxes, boxes
    whole = boxes.copy()
    whole[:, 1:] = boxes[:, 1:] * s + np.tile(shift, 2)
    seen = whole.copy()
    seen[:, [1, 3]] = seen[:, [1, 3]].clip(0, WIDTH)
    seen[:, [2, 4]] = seen[:, [2, 4]].clip(0, HEIGHT)
    area = lambda b: (b[:, 3] - b[:, 1]) * (b[:, 4] - b[:, 2])
    share = area(seen) / np.maximum(area(whole), 1e-6)
    side = np.minimum(seen[:, 3] - seen[:, 1], seen[:, 4] - seen[:, 2])
    good = (share >= 0.5) & (side >= 6)
    return seen[good], seen[~good & (share > 0)]
