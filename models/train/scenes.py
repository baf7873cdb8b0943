"""Writes composed scenes as a recording: python3 scenes.py --ncars DIR --kind plain --count 300 --out DIR/NAME.

NAME_td.dat and NAME_bbox.npy in the layout of Gen1, 304 x 240, for `saccade eval`: one scene a 50 ms window, back to back from
t = 1 s, its labels at the window's end. Of ids that training does not see, unless --part train.
"""
import argparse
from pathlib import Path

import numpy as np

from compose import KINDS, Composer
from events import HEIGHT, WIDTH, WINDOW_US, Scene
from ncars import Patches

FIRST_US = 1_000_000
LABEL = np.dtype({
    "names": ["t", "x", "y", "w", "h", "class_id", "confidence", "track_id"],
    "formats": ["<u8", "<f4", "<f4", "<f4", "<f4", "u1", "<f4", "<u4"],
})  # fmt: skip


def write(scenes: list[Scene], name: Path) -> None:
    rows, words = [], []
    for k, scene in enumerate(scenes):
        start = FIRST_US + k * WINDOW_US
        e = scene.events.inside()
        order = np.argsort(e.t, kind="stable")
        t = (start + e.t[order].astype(np.int64)).astype("<u4")
        bits = e.x[order].astype("<u4") | e.y[order].astype("<u4") << 14 | e.p[order].astype("<u4") << 28
        words.append(np.column_stack([t, bits]))
        for c, x1, y1, x2, y2 in scene.boxes:
            rows.append((start + WINDOW_US, x1, y1, x2 - x1, y2 - y1, int(c), 1, len(rows)))
    name.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{name}_td.dat", "wb") as f:
        f.write(f"% Data file containing CD events.\n% Version 2\n% Width {WIDTH}\n% Height {HEIGHT}\n".encode() + bytes([12, 8]))
        f.write(np.concatenate(words).astype("<u4").tobytes())
    np.save(f"{name}_bbox.npy", np.array(rows, LABEL))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ncars", type=Path, required=True)
    parser.add_argument("--part", choices=["held-out", "train"], default="held-out")
    parser.add_argument("--kind", choices=list(KINDS), default="plain")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    composer = Composer(*(Patches(args.ncars, kind, args.part) for kind in ("cars", "background")), augment=False)
    rng = np.random.default_rng(args.seed)
    write([composer.scene(rng, KINDS[args.kind]) for _ in range(args.count)], args.out)


if __name__ == "__main__":
    main()
