"""train.py as a part of a comparison: a run of its own, with other settings. A stopped one goes on where it was."""
import argparse
import subprocess
import sys
from pathlib import Path

from fast import STATE

HERE = Path(__file__).resolve().parent


def trained(config: Path, name: str, data: argparse.Namespace, settings: list[str], start: Path | None = None) -> Path:
    """ema.pt of the run `name` when it is done. `data` has ncars and drives, empty where there is none."""
    command = [sys.executable, HERE / "train.py", config, "--out", name]
    for key in ("ncars", "drives"):
        if getattr(data, key):
            command += [f"--{key}", getattr(data, key)]
    if start:
        command += ["--start", start]
    for setting in settings:
        command += ["--set", setting]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        raise SystemExit(f"the run {name} ended before it was done")
    return STATE / "runs" / name / "ema.pt"
