"""A network beside its ANN twin: python3 twin.py street.toml --weights weights/street.pt --drives DIR --gt DIR2 [--report docs/models.md].

The network is what ships of its weights: put to rest, on the grid of `saccade calibrate`. The twin is the same graph with ReLU. It
begins with the same weights and goes on for --steps without any firing penalty, so it has had more training, not less. Both are
exported and run by onnxruntime on every labelled window of --gt, boxes found in one way; `saccade eval` scores them, paired.
Energy by the paper's rule: 0.9 pJ for an accumulation, 4.6 pJ for a multiply-accumulate.
"""
import argparse
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from ablate import TWIN
from drives import labels_of, packed
from events import WINDOW_US, Events, frame
from export import load, metadata_of, to_onnx
from fast import STATE
from metric import FLOOR, MOST, boxes_of, prepared
from network import Detector, multiply_adds
from quantise import Snapping
from origin import unseen
from report import check_marks, put_between
from report import table as markdown
from rest import put_to_rest
from subrun import trained

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
    parser.add_argument("--title", help="what --gt is, for the page; else the folder's name")
    parser.add_argument("--eval", nargs="*", default=["--one-set-per-time", "--sure", "0.5", "--classes", "car,pedestrian"])
    parser.add_argument("--report", type=Path)
    args = parser.parse_args()
    if args.report:
        check_marks(args.report, BEGIN, END)
    torch.set_num_threads(1)
    unseen(args.gt, args.weights)
    work = STATE / f"twin-{args.weights.stem}"
    budget = [f"training.steps={args.steps}", "training.quantise_last=0", "training.rate=1e-3"]
    twin = trained(args.config, work.name, args, [*TWIN, *budget], args.weights)
    unseen(args.gt, twin)
    rows = []
    for name, weights in (("I-LIF", args.weights), ("ReLU", twin)):
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


def as_shipped(net: Detector, out: Path) -> Path:
    """The ONNX file that `saccade calibrate --grid` makes of a spiking network at rest; `net` comes to rest in place."""
    net.weigh_neurons()
    put_to_rest(net)
    card = argparse.Namespace(name="network", version="", licence="", data="", score=0.3)
    onnx.save(to_onnx(net, metadata_of(net.config, card)), out / "float.onnx")
    subprocess.run([*SACCADE, "calibrate", out / "float.onnx", "--grid", "-o", out / "grid.spike"], check=True, stdout=subprocess.DEVNULL)
    return out / "grid.onnx"


def watched(weights: Path, gt: Path, out: Path) -> dict:
    """Boxes of every labelled window by onnxruntime, as NAME_dt.npy in `out`; what its layers read, counted in PyTorch."""
    net = load(weights)
    spiking = net.config["neuron"] == "ilif"
    if spiking:
        file = as_shipped(net, out)
    else:
        net.weigh_neurons()
        file = out / "float.onnx"
        onnx.save(to_onnx(net, {}), file)
    macs = {layer: net.steps * count for layer, (_, count) in multiply_adds(net).items()}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    snapping = Snapping(net)
    net.counting(True)
    with snapping.applied(spiking and not snapping.chains):
        for path in sorted(gt.rglob("*_td.dat")):
            np.save(out / path.name.replace("_td.dat", "_dt.npy"), found_in(path, net, session))
    return {"macs": sum(macs.values()), "stem": macs["stem"], "density": net.density(), "mean": net.mean_spike()}


def found_in(path: Path, net: Detector, session: onnxruntime.InferenceSession) -> np.ndarray:
    """Boxes of a recording's labelled windows, by the session; the network counts along."""
    bins = net.config["channels"] // 2 * net.steps
    events, labels = packed(path), np.load(labels_of(path))
    found = []
    for end in np.unique(labels["t" if "t" in labels.dtype.names else "ts"].astype(np.int64)):
        a, b = np.searchsorted(events["t"], [max(end - WINDOW_US, 0), end])
        t = (events["t"][a:b].astype(np.int64) - (end - WINDOW_US)).astype(np.float32)
        e = Events(t, events["x"][a:b].astype(np.float32), events["y"][a:b].astype(np.float32), events["p"][a:b])
        x = prepared(torch.from_numpy(frame(e, bins)[None]), net.steps)
        with torch.no_grad():
            net(x)
        maps = [torch.from_numpy(m) for m in session.run(None, {"frames": x.contiguous().numpy()})]
        for kind, x1, y1, x2, y2, score in boxes_of(net.config, maps)[0]:
            found.append((end, x1, y1, x2 - x1, y2 - y1, int(kind), score, 0))
    return np.array(found, LABEL)


def table(rows: list, paired: str, args: argparse.Namespace) -> str:
    lines = [
        f"`{args.weights.stem}` as it ships beside its twin on {args.title or args.gt.name}: the twin began with its weights and went on for",
        f"{args.steps} steps. Of both, boxes above a score of {FLOOR}, at most {MOST} a window.",
        "",
    ]
    cells = []
    for name, work in rows:
        spiking = name == "I-LIF"
        stem, rest = work["stem"], work["macs"] - work["stem"]
        every = stem * PJ_MAC + rest * (work["mean"] * PJ_ADD if spiking else PJ_MAC)
        skipped = stem * PJ_MAC + rest * (work["mean"] * PJ_ADD if spiking else work["density"] * PJ_MAC)
        shares = [f"{work['macs'] / 1e9:.3f} G", f"{100 * work['density']:.1f} %"]
        cells.append([name, *shares, f"{every / 1e9:.3f} mJ", f"{skipped / 1e9:.3f} mJ"])
    head = ["network", "MACs", "with an input that is not zero", "energy, all MACs", "energy, zeros skipped"]
    lines += markdown(head, cells)
    return "\n".join([*lines, "", "```", paired.rstrip(), "```", ""])


if __name__ == "__main__":
    main()
