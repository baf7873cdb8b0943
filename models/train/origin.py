"""What weights learned from: names and digests of recordings, and the weights that they began with. It goes with them, in ema.pt.

"origin": {"recordings": [(name, sha256)], those of the start included; "unlisted": digests of starts that list none; "start": sha256
of the file given by --start, or None}.
"""
import json
import sys
from pathlib import Path

import torch

from drives import sha256


def inherited(own: dict, begun: dict, digest: str) -> dict:
    """What weights learned from, when they begin with others: those others' recordings as well, or their digest if they list none."""
    origin = begun.get("origin")
    known = origin or {"recordings": [], "unlisted": [digest]}
    listed = sorted({*map(tuple, own["recordings"]), *map(tuple, known["recordings"])})
    return {"recordings": listed, "unlisted": known["unlisted"], "start": digest}


def same_run(path: Path, state: dict, wanted: dict) -> None:
    """Stops when the state is that of a run with other settings, another start or other recordings. Where data lie may change."""
    apart = []
    for part in sorted(wanted["config"].keys() | state["config"].keys()):
        there, here = (c["config"].get(part, {}) for c in (state, wanted))
        for key in sorted(there.keys() | here.keys()):
            a, b = there.get(key), here.get(key)
            if part == "data" and key in ("ncars", "drives"):
                a, b = bool(a), bool(b)
            if a != b:
                apart.append(f"{part}.{key} = {json.dumps(a)}, not {json.dumps(b)}")
    if "origin" not in state:
        print(f"{path} does not say with which weights and recordings the run began: not compared", file=sys.stderr)
    else:
        if state["origin"]["start"] != wanted["origin"]["start"]:
            apart.append("another --start" if state["origin"]["start"] else "no --start")
        there, here = ({*map(tuple, o["origin"]["recordings"])} for o in (state, wanted))
        if there != here:
            apart.append(f"other recordings: {len(there - here)} are not there any more, {len(here - there)} are new")
    if apart:
        raise SystemExit(f"{path} is of a run with {'; '.join(apart)}: give --out another name, or delete that folder to begin anew")


def unseen(gt: Path, weights: Path) -> None:
    """Stops when weights say that they learned from a recording of --gt; tells when they do not say all that they learned from."""
    origin = torch.load(weights, map_location="cpu").get("origin")
    if origin is None or origin["unlisted"]:
        print(f"{weights} does not name all recordings that it learned from, so that --gt is compared with none of those", file=sys.stderr)
    names, digests = map(set, zip(*origin["recordings"])) if origin and origin["recordings"] else (set(), set())
    for path in sorted(gt.rglob("*_td.dat")):
        if path.name in names or sha256(path) in digests:
            raise SystemExit(f"{path}: {weights} learned from it; --gt names recordings that no network here was trained on")
