"""Windows of labelled recordings in the layout of Gen1: NAME_td.dat beside NAME_bbox.npy. The simulator writes such folders.

What a network is scored on is kept from training by two rules: a recording below a folder that is called `test`, or that holds
a file TEST, is refused; and weights carry the names and digests of the recordings that they learned from (`recordings`).
"""
import hashlib
import os
import zlib
from pathlib import Path

import numpy as np

from cache import lay_down
from events import HEIGHT, WIDTH, WINDOW_US, Events, Scene, boxes_array
from fast import STATE, refractory
from ncars import read_dat

# A file of this name in a folder keeps the recordings below it from training.
TEST = "TEST"
# The filter that the models ask for (saccade.input.filters): what it removes is removed before training, too.
REFRACTORY_US = 50
# A label that shows less than this is neither asked for nor denied.
SURE = 0.5
# Nor is a box with a side below this, px: it may hold no cell's centre.
LEAST_SIDE = 6


class Drives:
    """All label times of the recordings below a folder. Recordings are 304 x 240; classes above 1 teach what is no car."""

    def __init__(self, folder: Path, part: str) -> None:
        """part: "train", or "held-out" (one recording in twenty)."""
        found = for_training(folder)
        # By name, so that recordings that are added later do not move others to the other side.
        found = [f for f in found if (zlib.crc32(f.name.encode()) % 20 == 0) == (part == "held-out")]
        if not found:
            raise SystemExit(f"{folder}: too few recordings, none is {part}; a twentieth is held out")
        self.files: list[dict] = []
        self.index: list[tuple[int, int, int, int, np.ndarray]] = []  # file, first event, last event, end of window, labels
        for path in found:
            events, labels = packed(path), np.load(labels_of(path))
            times = labels["t" if "t" in labels.dtype.names else "ts"].astype(np.int64)
            for end in np.unique(times):
                if end < WINDOW_US:
                    continue
                a, b = np.searchsorted(events["t"], [end - WINDOW_US, end])
                self.index.append((len(self.files), int(a), int(b), int(end), labels[times == end]))
            self.files.append(events)

    def __len__(self) -> int:
        return len(self.index)

    def scene(self, i: int) -> Scene:
        file, a, b, end, labels = self.index[i]
        data = self.files[file]
        t = data["t"][a:b].astype(np.int64) - (end - WINDOW_US)
        e = Events(t.astype(np.float32), data["x"][a:b].astype(np.float32), data["y"][a:b].astype(np.float32), data["p"][a:b])
        sure, unsure = [], []
        for row in labels:
            x, y, w, h = (float(row[f]) for f in ("x", "y", "w", "h"))
            box = [float(row["class_id"]), max(x, 0), max(y, 0), min(x + w, WIDTH), min(y + h, HEIGHT)]
            if box[0] > 1 or box[3] <= box[1] or box[4] <= box[2]:
                continue
            certain = float(row["confidence" if "confidence" in row.dtype.names else "class_confidence"]) >= SURE
            large = min(box[3] - box[1], box[4] - box[2]) >= LEAST_SIDE
            (sure if certain and large else unsure).append(box)
        return Scene(e, boxes_array(sure), boxes_array(unsure))


def for_training(folder: Path) -> list[Path]:
    """Labelled recordings below a folder, by path; stops when one of them is for tests."""
    found = sorted(f for f in Path(folder).resolve().rglob("*_td.dat") if labels_of(f).exists())
    if not found:
        raise SystemExit(f"{folder}: no NAME_td.dat with NAME_bbox.npy; write some with `saccade simulate`")
    top = Path(folder).resolve()
    for place in sorted({parent for f in found for parent in f.parents}):
        if place.name == "test" and place.is_relative_to(top):
            raise SystemExit(f"{place}: a folder called test is not for training; --drives names a folder without one")
        if (place / TEST).exists():
            raise SystemExit(f"{place}: the file {TEST} in it says that its recordings are not for training")
    return found


def recordings(folder: Path) -> list[tuple[str, str]]:
    """(name, sha256 of its events) of every recording that training or its held-out part reads, by name."""
    return sorted((f.name, _digest(f)) for f in for_training(folder))


def _digest(path: Path) -> str:
    """sha256, cached by the file's size and time: a set of recordings takes minutes to read from a disk."""
    cache = STATE / "digests" / _known_by(path)
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        part = cache.with_name(f"{cache.name}.{os.getpid()}")
        part.write_text(sha256(path))
        part.rename(cache)
    return cache.read_text()


def sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def labels_of(path: Path) -> Path:
    return path.with_name(path.name.replace("_td.dat", "_bbox.npy"))


def packed(path: Path) -> dict:
    """Events of a recording behind the refractory merge; what it keeps is cached by the file's size and time."""
    cache = STATE / "drives" / f"{_known_by(path)}-{REFRACTORY_US}"
    fields = ("t", "x", "y", "p")
    if not cache.exists():
        t, x, y, p = read_dat(path)
        if len(x) and (int(x.max()) >= WIDTH or int(y.max()) >= HEIGHT):
            raise SystemExit(f"{path}: an event at {x.max()},{y.max()} lies outside {WIDTH}x{HEIGHT}; train on recordings of that size")
        keep = refractory(t, y.astype(np.int32) * WIDTH + x, WIDTH * HEIGHT, REFRACTORY_US)
        lay_down(cache, {f: values[keep] for f, values in zip(fields, (t, x, y.astype(np.uint8), p))})
    return {f: np.load(cache / f"{f}.npy") for f in fields}


def _known_by(path: Path) -> str:
    stat = path.stat()
    return f"{path.name[:-7]}-{stat.st_size}-{int(stat.st_mtime)}"
