"""Scenes made of N-CARS patches: plain ones, streets, large and moving cars, a camera at rest; or cars pasted into a drive."""
from dataclasses import dataclass

import numpy as np

import clutter
from events import CAR, HEIGHT, PEDESTRIAN, WIDTH, WINDOW_US, Events, Scene, boxes_array, joined, nothing, overlap
from ncars import Patches, shows_a_car
from patches import extent, frayed, hidden_in_part, moved, placed, tilted

MOST_OVERLAP = 0.12
MOST_COVERED = 0.3
TRIES = 12


@dataclass
class Kind:
    """How a composite is made. Scales log-uniform; `lateral` the share of cars that move across."""

    cars: tuple[int, int] = (0, 4)
    backgrounds: tuple[int, int] = (0, 6)
    scale: tuple[float, float] = (0.5, 1.3)
    background_scale: tuple[float, float] = (0.5, 1.3)
    street: float = 0.0
    lateral: float = 0.0
    noise: tuple[float, float] = (30, 5000)
    bars: float = 0.5
    stretch: float = 0.0


KINDS = {
    "plain": Kind(),
    "street": Kind(street=1.0),
    "large": Kind(cars=(0, 3), scale=(0.45, 2.6), background_scale=(0.5, 2.2), street=0.35, lateral=0.35, stretch=0.3),
    "alone": Kind(cars=(0, 1), backgrounds=(0, 1), scale=(0.9, 1.1), background_scale=(0.9, 1.1), noise=(1, 300), bars=0),
    "resting": Kind(cars=(0, 2), backgrounds=(0, 2), scale=(0.6, 2.5), noise=(30, 2500), lateral=0.6, stretch=0.3, bars=0.33),
}


class Composer:
    def __init__(self, cars: Patches, backgrounds: Patches, augment: bool = True) -> None:
        self.cars, self.backgrounds, self.augment = cars, backgrounds, augment

    def scene(self, rng: np.random.Generator, kind: Kind) -> Scene:
        behind = [clutter.street(rng)] if rng.random() < kind.street else []
        return self.onto(rng, kind, behind, [], [])

    def onto(self, rng, kind: Kind, layers: list[Events], boxes: list, ignored: list) -> Scene:
        """Adds patches, noise and bars to layers of events with their boxes."""
        for _ in range(rng.integers(kind.backgrounds[0], kind.backgrounds[1] + 1)):
            patch, velocity = self._patch(rng, self.backgrounds, kind.background_scale, kind, lateral=0.2)
            patch = _dropped(patch, rng.uniform(-30, WIDTH - 10), rng.uniform(-20, HEIGHT - 10))
            if velocity.any():  # so that motion alone is no sign of a car
                patch = moved(patch, rng, *velocity)
            layers.append(patch)
            if len(patch):  # some of these patches show people
                ignored.append([PEDESTRIAN, *extent(patch)])
        for _ in range(rng.integers(kind.cars[0], kind.cars[1] + 1)):
            self._add_car(rng, kind, layers, boxes)
        layers.append(clutter.noise(rng, *kind.noise))
        layers.append(clutter.hot_pixels(rng))
        if rng.random() < kind.bars:
            layers.append(clutter.bars(rng))
        return Scene(joined(layers).inside(), boxes_array(boxes), boxes_array(ignored))

    def _patch(self, rng, patches, scales, kind, lateral, must_show=False) -> tuple[Events, np.ndarray]:
        """(events, velocity across in pixels per window)."""
        backwards = self.augment and rng.random() < 0.25
        duration = WINDOW_US * rng.uniform(0.6, 1.5) if self.augment and rng.random() < 0.4 else WINDOW_US
        e = patches.window(rng, duration, backwards)
        if must_show and not shows_a_car(e):
            return nothing(), np.zeros(2)
        scale = np.exp(rng.uniform(*np.log(scales)))
        aspect = np.exp(rng.uniform(-0.05, 0.05))
        if rng.random() < kind.stretch:
            aspect *= np.exp(rng.uniform(0, 0.35))
        e = placed(e, rng, scale, aspect, rng.random() < 0.5)
        if self.augment and len(e) and rng.random() < 0.5:
            e = tilted(e, rng)
        e = frayed(e, rng)
        if self.augment and rng.random() < 0.15:
            e.p = 1 - e.p
        if self.augment and rng.random() < 0.3:
            e = e.pick(rng.random(len(e)) < rng.uniform(0.5, 1))
        velocity = np.zeros(2)
        if rng.random() < lateral:
            velocity = np.array([rng.uniform(1.5, 15) * rng.choice([-1, 1]), rng.normal(0, 1.0)])
        return e, velocity

    def _add_car(self, rng, kind, layers, boxes) -> None:
        e, velocity = self._patch(rng, self.cars, kind.scale, kind, kind.lateral, must_show=True)
        if len(e) < 60:
            return
        box = extent(e)
        size = box[2:] - box[:2]
        if size[0] > 270 or size[1] > 200 or size.min() < 8:
            return
        if self.augment and rng.random() < 0.2:
            e = hidden_in_part(e, rng)
        taken = boxes_array(boxes)[:, 1:]
        for _ in range(TRIES):
            x = rng.uniform(-0.3 * size[0], WIDTH - 0.7 * size[0])
            y = rng.uniform(-0.2 * size[1], HEIGHT - 0.8 * size[1])
            here = np.array([x, y, x + size[0], y + size[1]])
            if len(taken) and (overlap(here[None], taken).max() > MOST_OVERLAP or covered(taken, here).max() > MOST_COVERED):
                continue
            e = _dropped(e, x - box[0], y - box[1])
            if rng.random() < 0.65:  # it hides what lies behind
                layers[:] = [_outside(layer, here) for layer in layers]
            if velocity.any():
                e = moved(e, rng, *velocity)
                here[:2] += velocity / 2
                here[2:] += velocity / 2
            seen = np.clip(here, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
            if np.prod(np.clip(seen[2:] - seen[:2], 0, None)) < 0.5 * np.prod(size):
                return
            layers.append(e)
            boxes.append([CAR, *seen])
            return


def covered(boxes: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Share of each box x1, y1, x2, y2 that another one hides."""
    both = np.clip(np.minimum(boxes[:, 2:], by[2:]) - np.maximum(boxes[:, :2], by[:2]), 0, None)
    return np.prod(both, axis=1) / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)


def _dropped(e: Events, x: float, y: float) -> Events:
    return Events(e.t, e.x + np.float32(x), e.y + np.float32(y), e.p)


def _outside(e: Events, box: np.ndarray) -> Events:
    return e.pick((e.x < box[0]) | (e.x > box[2]) | (e.y < box[1]) | (e.y > box[3]))
