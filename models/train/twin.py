"""A network beside its ANN twin: python3 twin.py street.toml --weights weights/street.pt --drives DIR --gt DIR2 [--report docs/models.md].

The twin is the same graph with ReLU. It begins with the network's own weights and goes on for --steps without any firing penalty, so
it has had more training, not less. Both are exported and run by onnxruntime on every labelled window of --gt; `saccade eval` scores
the boxes, paired. Energy by the paper's rule: 0.9 pJ for an accumulation, 4.6 pJ for a multiply-accumulate.
"""
import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from ablate import TWIN
from drives import labels_of, packed
from events import WINDOW_US, Events, frame
from export import load, to_onnx
from fast import STATE
from metric import boxes_of, prepared
from network import multiply_adds
from report import check_marks, put_between
from report import table as markdown

HERE = Path(__file__).resolve().parent
SACCADE = ["node", HERE.parent.parent / "dist/pipeline/cli/main.js"]
PJ_ADD, PJ_MAC = 0.9, 4.6
LABEL = np.dtype([("ts", "<u8"), ("x", "<f4"), ("y", "<f4"), ("w", "<f4"), ("h", "<f4"), ("class_id", "u1"), ("confidence", "<f4"), ("track_id", "<u4")])
BEGIN, END = "<!-- twin: written by models/train/twin.py -->", "<!-- twin: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="ema.pt of the spiking network")
    parser.add_argument("--drives", default="")
    parser.add_argument("--ncars", default="")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--gt", type=Path, required=True, help="folder of NAME_td.dat with NAME_bbox.npy, which neither was trained on")
    parser.add_argument("--eval", nargs="*", default=["--one-set-per-time", "--sure", "0.5", "--classes", "car,pedestrian"])
    parser.add_argument("--report", type=Path)
    args = parser.parse_args()
    if args.report:
        check_marks(args.report, BEGIN, END)
    torch.set_num_threads(1)
    work = STATE / f"twin-{args.weights.stem}"
    trained(args, work.name)
    rows = []
    for name, weights in (("I-LIF", args.weights), ("ReLU", STATE / "runs" / work.name / "ema.pt")):
        out = work / name
        out.mkdir(parents=True, exist_ok=True)
        rows.append((name, watched(weights, args.gt, out)))
    # From within, so that the page names no machine's paths.
    command = [*SACCADE, "eval", "--gt", args.gt.resolve(), "--dt", rows[0][0], "--against", rows[1][0], *args.eval]
    paired = subprocess.run(command, check=True, capture_output=True, text=True, cwd=work).stdout
    text = table(rows, paired, args)
    print(text)
    if args.report:
        put_between(args.report, BEGIN, END, text)


def trained(args: argparse.Namespace, name: str) -> None:
    command = [sys.executable, HERE / "train.py", args.config, "--out", name, "--start", args.weights]
    for key in ("ncars", "drives"):
        if getattr(args, key):
            command += [f"--{key}", getattr(args, key)]
    for setting in [*TWIN, f"training.steps={args.steps}", "training.quantise_last=0", "training.rate=1e-3"]:
        command += ["--set", setting]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def watched(weights: Path, gt: Path, out: Path) -> dict:
    """Boxes of every labelled window by onnxruntime, as NAME_dt.npy in `out`; what its layers read, counted in PyTorch."""
    net = load(weights)
    net.weigh_neurons()
    macs = {layer: count for layer, (_, count) in multiply_adds(net).items()}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(to_onnx(net, {}).SerializeToString(), options, providers=["CPUExecutionProvider"])
    bins = net.config["channels"] // 2 * net.steps
    net.counting(True)
    for path in sorted(gt.rglob("*_td.dat")):
        events, labels = packed(path), np.load(labels_of(path))
        found = []
        for end in np.unique(labels["t" if "t" in labels.dtype.names else "ts"].astype(np.int64)):
            a, b = np.searchsorted(events["t"], [max(end - WINDOW_US, 0), end])
            t = (events["t"][a:b].astype(np.int64) - (end - WINDOW_US)).astype(np.float32)
            e = Events(t, events["x"][a:b].astype(np.float32), events["y"][a:b].astype(np.float32), events["p"][a:b])
            x = prepared(torch.from_numpy(frame(e, bins)[None]), net.steps)
            with torch.no_grad():
                net(x)
            maps = [torch.from_numpy(m) for m in session.run(None, {"frames": x.numpy()})]
            for kind, x1, y1, x2, y2, score in boxes_of(net.config, maps)[0]:
                found.append((end, x1, y1, x2 - x1, y2 - y1, int(kind), score, 0))
        np.save(out / path.name.replace("_td.dat", "_dt.npy"), np.array(found, LABEL))
    return {"macs": sum(macs.values()), "stem": macs["stem"], "density": net.density(), "mean": net.mean_spike()}


def table(rows: list, paired: str, args: argparse.Namespace) -> str:
    lines = [f"`{args.weights.stem}` beside its twin on {args.gt.name}: the twin began with its weights and went on for {args.steps} steps.", ""]
    cells = []
    for name, work in rows:
        spiking = name == "I-LIF"
        stem, rest = work["stem"], work["macs"] - work["stem"]
        every = stem * PJ_MAC + rest * (work["mean"] * PJ_ADD if spiking else PJ_MAC)
        skipped = stem * PJ_MAC + rest * (work["mean"] * PJ_ADD if spiking else work["density"] * PJ_MAC)
        shares = [f"{work['macs'] / 1e9:.3f} G", f"{100 * work['density']:.1f} %"]
        cells.append([name, *shares, f"{every / 1e9:.3f} mJ", f"{skipped / 1e9:.3f} mJ"])
    head = ["network", "MACs", "behind neurons, not zero", "energy, all MACs", "energy, zeros skipped"]
    lines += markdown(head, cells)
    return "\n".join([*lines, "", "```", paired.rstrip(), "```", ""])


if __name__ == "__main__":
    main()
