"""Batches for training: 15 scenes of the mix and, last, a window in which nothing moves (empty, or noise alone)."""
import signal
from pathlib import Path

import numpy as np
import torch

import clutter
from augment import augmented
from compose import KINDS, Composer, Kind
from drives import Drives
from events import BINS, Scene, frame, nothing
from ncars import Patches

PASTED = Kind(cars=(1, 3), backgrounds=(0, 2), scale=(0.5, 1.8), background_scale=(0.5, 1.5), lateral=0.2, noise=(30, 300), bars=0.2)


def check(data: dict) -> None:
    """Stops with a sentence when the mix needs what `data` does not name, or it names a test split."""
    asked = [kind for kind, weight in data["mix"].items() if weight]
    for source, kinds in (("ncars", [*KINDS, "pasted"]), ("drives", ["drives", "pasted"])):
        without = [kind for kind in asked if kind in kinds]
        if without and not data.get(source):
            raise SystemExit(f"the mix has {', '.join(without)}: give --{source}, or a configuration without such scenes (street.toml: drives alone)")
    if "n-cars_test" in str(data.get("ncars")):
        raise SystemExit(f"{data['ncars']}: the test split is not for training; --ncars names the folder above n-cars_train")


class Sources:
    """What the configuration's `data` names: N-CARS, folders of recordings, and the mix of scenes made of them."""

    def __init__(self, data: dict, part: str, bins: int) -> None:
        self.bins, self.mix = bins, data["mix"]
        self.composer = None
        if data.get("ncars"):
            root = Path(data["ncars"])
            self.composer = Composer(*(Patches(root, kind, part) for kind in ("cars", "background")), augment=part == "train")
        self.drives = None
        if data.get("drives"):
            self.drives = Drives(Path(data["drives"]), part)

    def scene(self, rng: np.random.Generator, kind: str) -> Scene:
        if kind == "drives":
            return augmented(self.drives.scene(int(rng.integers(len(self.drives)))), rng, zoom=True)
        if kind == "pasted":
            under = augmented(self.drives.scene(int(rng.integers(len(self.drives)))), rng, zoom=True)
            layers, boxes, ignored = [under.events], list(under.boxes), list(under.ignored)
            return self.composer.onto(rng, PASTED, layers, boxes, ignored)
        return augmented(self.composer.scene(rng, KINDS[kind]), rng, zoom=False)

    def batch(self, step: int, size: int, seed: int) -> dict:
        """A pure function of seed and step, so that a resumed run sees what it would have seen."""
        rng = np.random.default_rng([seed, step])
        kinds, weights = list(self.mix), np.array(list(self.mix.values()), float)
        chosen = rng.choice(len(kinds), size - 1, p=weights / weights.sum())
        scenes = [self.scene(rng, kinds[k]) for k in chosen]
        quiet = nothing() if step % 2 else clutter.noise(rng, 30, 3000)
        scenes.append(Scene(quiet, np.zeros((0, 5), np.float32), np.zeros((0, 5), np.float32)))
        return collate(scenes, self.bins) | {"empty": step % 2 == 1}


def collate(scenes: list[Scene], bins: int) -> dict:
    """frames u8 [B, C, H, W]; boxes and ignored f32 [B, most of a scene, at least 1, 5], class -1 where there is none."""
    frames = torch.from_numpy(np.stack([frame(s.events, bins) for s in scenes]))
    return {"frames": frames} | {name: _padded([getattr(s, name) for s in scenes]) for name in ("boxes", "ignored")}


def _padded(boxes: list[np.ndarray]) -> torch.Tensor:
    rows = np.full((len(boxes), max([1, *map(len, boxes)]), 5), -1, np.float32)
    for row, of_scene in zip(rows, boxes):
        row[: len(of_scene)] = of_scene
    return torch.from_numpy(rows)


class Batches(torch.utils.data.IterableDataset):
    def __init__(self, config: dict, first: int, last: int) -> None:
        self.config, self.first, self.last = config, first, last

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        for number in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the run itself says when it has saved
            signal.signal(number, signal.SIG_IGN)
        torch.set_num_threads(1)
        sources = Sources(self.config["data"], "train", self.config["network"]["channels"] // 2 * self.config["network"]["steps"])
        for step in range(self.first + worker.id, self.last, worker.num_workers):
            yield sources.batch(step, self.config["training"]["batch"], self.config["training"]["seed"])


def held_out(config: dict, kind: str, count: int) -> list[Scene]:
    """The same scenes every time, of ids and drives that training does not see."""
    sources = Sources(config["data"], "held-out", BINS)
    if kind == "drives":
        pick = np.linspace(0, len(sources.drives) - 1, count).astype(int)
        return [sources.drives.scene(int(i)) for i in pick]
    rng = np.random.default_rng(20_000)
    return [sources.composer.scene(rng, KINDS[kind]) for _ in range(count)]
