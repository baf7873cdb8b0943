"""A start for a wider network: python3 widen.py weights/car.pt car.toml --out start.pt.

Trained weights fill the leading channels. A new channel reads everything (as initialised) and is at first read by no trained one,
so the wider network begins with the narrow one's outputs.
"""
import argparse
import tomllib
from pathlib import Path

import torch

from network import Detector


def widened(narrow: dict[str, torch.Tensor], wide: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """State of a narrow network in that of a wide one; every tensor of the first must fit into its namesake."""
    apart = sorted(narrow.keys() ^ wide.keys())
    if apart:
        raise SystemExit(f"{apart[0]} is only in the {'file' if apart[0] in narrow else 'network'}: they differ in more than their widths")
    out = {}
    for name, fresh in wide.items():
        old = narrow[name]
        if any(a > b for a, b in zip(old.shape, fresh.shape)):
            raise SystemExit(f"{name} is {tuple(old.shape)} in the file and {tuple(fresh.shape)} in the network: it cannot be widened")
        value = fresh.clone()
        if old.ndim > 1:
            value[: old.shape[0], old.shape[1] :] = 0
        value[tuple(slice(n) for n in old.shape)] = old
        out[name] = value
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    config = tomllib.loads(args.config.read_text())
    torch.manual_seed(config["training"]["seed"])
    wide = Detector(config["network"]).state_dict()
    narrow = torch.load(args.weights)
    state = {"ema": widened(narrow["ema"], wide)}
    torch.save(state | ({"origin": narrow["origin"]} if "origin" in narrow else {}), args.out)


if __name__ == "__main__":
    main()
