"""N-CARS patches, the train split only: 100 ms of a car or of something else, at most 120 x 100 pixels."""
import hashlib
from pathlib import Path

import numpy as np

from cache import lay_down
from events import WINDOW_US, Events
from fast import STATE

PATCH_US = 100_000
# Neighbouring ids are often the same car, so that what is held out is one block of ids at the end (reference: the set's own order).
HELD_OUT = 0.06


class Patches:
    """kind: "cars" or "background". part: "train", "held-out" (the last 6 % of ids) or "test"."""

    def __init__(self, root: Path, kind: str, part: str) -> None:
        split = "n-cars_test" if part == "test" else "n-cars_train"
        whole = _cached(Path(root) / split / kind, f"{split}-{kind}")
        count = len(whole["offsets"]) - 1
        cut = count - int(count * HELD_OUT)
        self.first, self.last = {"train": (0, cut), "held-out": (cut, count), "test": (0, count)}[part]
        self.data = whole

    def __len__(self) -> int:
        return self.last - self.first

    def whole(self, i: int) -> Events:
        """All 100 ms of a patch; t in 0..100 000."""
        a, b = self.data["offsets"][self.first + i : self.first + i + 2]
        return Events(*(self.data[f][a:b] for f in ("t", "x", "y", "p")))

    def window(self, rng: np.random.Generator, duration_us: float = WINDOW_US, backwards: bool = False) -> Events:
        """A random stretch of a random patch, played in 50 ms. `backwards`: the film runs the other way, and what got darker gets brighter."""
        e = self.whole(int(rng.integers(len(self))))
        start = rng.uniform(0, PATCH_US - duration_us)
        a, b = np.searchsorted(e.t, [start, start + duration_us])
        t = (e.t[a:b].astype(np.float32) - np.float32(start)) * np.float32(WINDOW_US / duration_us)
        t = np.minimum(t, np.float32(WINDOW_US - 1))
        x, y, p = e.x[a:b].astype(np.float32), e.y[a:b].astype(np.float32), e.p[a:b]
        return Events(np.float32(49_999) - t, x, y, 1 - p) if backwards else Events(t, x, y, p)


def shows_a_car(e: Events) -> bool:
    """Cars without motion against the camera leave nearly nothing: one label in twelve would be an almost empty box."""
    if len(e) < 150:
        return False
    width, height = int(e.x.max()) + 1, int(e.y.max()) + 1
    seen = np.zeros((height, width), bool)
    seen[e.y.astype(int), e.x.astype(int)] = True
    if seen.mean() < 0.06:
        return False
    rows = np.linspace(0, height, 5).astype(int)
    columns = np.linspace(0, width, 5).astype(int)
    cells = [
        seen[rows[j] : rows[j + 1], columns[i] : columns[i + 1]] for j in range(4) for i in range(4)
    ]
    return sum(cell.size > 0 and cell.mean() >= 0.02 for cell in cells) >= 9


def _cached(folder: Path, name: str) -> dict:
    """All patches of a folder as memory maps, laid down once."""
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    cache = STATE / "ncars" / f"{name}-{place}"
    fields = ("t", "x", "y", "p", "offsets")
    if not cache.exists():
        columns: dict = {f: [] for f in fields[:4]}
        sizes = [0]
        files = sorted(folder.glob("obj_*_td.dat"))
        if not files:
            raise SystemExit(f"{folder}: no obj_*_td.dat files; --ncars names the folder that holds n-cars_train")
        for file in files:
            t, x, y, p = read_dat(file)
            for f, values in zip(fields, (t, x.astype(np.uint8), y.astype(np.uint8), p)):
                columns[f].append(values)
            sizes.append(len(t))
        lay_down(cache, {f: np.concatenate(columns[f]) for f in fields[:4]} | {"offsets": np.cumsum(sizes)})
    return {f: np.load(cache / f"{f}.npy", mmap_mode="r") for f in fields}


def read_dat(file: Path) -> tuple[np.ndarray, ...]:
    """t (u32, us), x, y (u16), p (u8) of a DAT v2 file."""
    data = file.read_bytes()
    start = 0
    while data[start : start + 1] == b"%":
        start = data.index(b"\n", start) + 1
    words = np.frombuffer(data, "<u4", offset=start + 2, count=(len(data) - start - 2) // 8 * 2).reshape(-1, 2)
    bits = words[:, 1]
    return (
        words[:, 0].copy(),
        (bits & 0x3FFF).astype(np.uint16),
        (bits >> 14 & 0x3FFF).astype(np.uint16),
        (bits >> 28 & 1).astype(np.uint8),
    )
