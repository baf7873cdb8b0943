"""Small runs of equal budget, side by side: python3 ablate.py --drives DIR [--ncars DIR] [--steps 800] [--only NAME …] [--report docs/models.md].

Levels D and time steps T, integers against binary spikes, the ANN twin, and the weight of the firing penalty. Each run is
`train.py` at half the width; a stopped comparison goes on where it was. Prints its tables and, with --report, puts them between
the marks in that file.
"""
import argparse
import json
from pathlib import Path

import torch

import loader
from export import load
from fast import STATE
from report import check_marks, put_between
from report import table as markdown
from subrun import trained
from train import configuration, measured

HERE = Path(__file__).resolve().parent
SMALL = ["network.widths=[8, 24, 48]", "network.heads=[16, 32]"]
TWIN = ["network.neuron='relu'", "training.firing=0", "training.firing_empty=0", "training.quiet=0"]
STEPS = lambda t: [f"network.steps={t}", f"network.channels={4 // t if t < 4 else 2}"]
RUNS = {
    "D1T1": ("I-LIF, D = 1, T = 1", ["network.levels=1"]),
    "D2T1": ("I-LIF, D = 2, T = 1", ["network.levels=2"]),
    "D4T1": ("I-LIF, D = 4, T = 1", []),
    "D4T2": ("I-LIF, D = 4, T = 2", STEPS(2)),
    "D1T4": ("binary spikes, D = 1, T = 4", ["network.levels=1", *STEPS(4)]),
    "twin": ("ANN twin (ReLU)", TWIN),
    "penalty0": ("D = 4, T = 1, no firing penalty", ["training.firing=0", "training.firing_empty=0", "training.quiet=0"]),
    "penalty0.2": ("D = 4, T = 1, firing penalty 0.2", ["training.firing=0.2"]),
    "penalty2": ("D = 4, T = 1, firing penalty 2", ["training.firing=2.0"]),
}
BEGIN, END = "<!-- ablation: written by models/train/ablate.py -->", "<!-- ablation: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=HERE / "car.toml")
    parser.add_argument("--ncars", default="")
    parser.add_argument("--drives", default="")
    parser.add_argument("--mix", help="scenes, as in the configuration: {drives = 1}")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--only", nargs="*", default=list(RUNS), choices=list(RUNS))
    parser.add_argument("--report", type=Path)
    args = parser.parse_args()
    if args.report:
        check_marks(args.report, BEGIN, END)
    args.set = [f"data.mix={args.mix}"] if args.mix else []
    loader.check(configuration(args.config, args)["data"])
    torch.set_num_threads(1)
    for name in args.only:
        run(name, RUNS[name][1], args)
    text = table(args)
    print(text)
    if args.report:
        put_between(args.report, BEGIN, END, text)


def run(name: str, settings: list[str], args: argparse.Namespace) -> None:
    budget = [f"training.steps={args.steps}", "training.quantise_last=0", "training.firing_ramp=200", "training.warmup=100"]
    if args.mix:
        budget.append(f"data.mix={args.mix}")
    trained(args.config, out(name, args.steps), args, [*SMALL, *budget, *settings])


def out(name: str, steps: int) -> str:
    return f"ablation-{steps}-{name}"


def table(args: argparse.Namespace) -> str:
    """Of the runs' weights, measured anew on held-out scenes; their CPU time is what they logged."""
    rows, held_out = [], {}
    for name in args.only:
        folder = STATE / "runs" / out(name, args.steps)
        state = torch.load(folder / "ema.pt", map_location="cpu")
        net = load(folder / "ema.pt")
        net.weigh_neurons()
        data = state["config"]["data"] | {"ncars": args.ncars, "drives": args.drives}
        line = measured(net, state["config"] | {"data": data}, held_out, on_grid=False)
        logged = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        rows.append((RUNS[name][0], line, sum(line.get("cpu", 0) for line in logged)))
    kinds = [k for k in ("plain", "street", "drives") if rows and k in rows[0][1]]
    columns = [(k, c) for k in kinds for c in ("car", "pedestrian") if c in rows[0][1][k]]
    head = ["network", *(f"{k}: {c} AP50 / AP50:95" for k, c in columns), *(f"{k}: MACs with a spike" for k in kinds), "empty", "CPU s"]
    cells = []
    for title, line, cpu in rows:
        aps = [f"{line[k][c][0]:.3f} / {line[k][c][1]:.3f}" for k, c in columns]
        shares = [f"{100 * line[k]['density']:.1f} %" for k in kinds]
        cells.append([title, *aps, *shares, f"{100 * line['empty']:.2f} %", f"{cpu:.0f}"])
    told = f"Each {args.steps} steps of 16 scenes at half the width, the same scenes in the same order; EMA weights, held-out scenes."
    return "\n".join([told, "", *markdown(head, cells)]) + "\n"


if __name__ == "__main__":
    main()
