"""Trains a detector: python3 train.py car.toml --ncars DIR --drives DIR --out NAME [--set training.steps=500 ...].

State, log and EMA weights lie in .state/train/runs/NAME; the same command goes on where a stopped run left off. The log draws
itself: log.svg beside log.jsonl. Weights (ema.pt) carry the names and digests of the recordings that they learned from.
"""
import argparse
import json
import math
import signal
import time
import tomllib
from pathlib import Path

import torch

import loader
import log
from drives import recordings, sha256
from fast import STATE
from loss import DetectionLoss
from metric import prepared, validated
from network import Detector
from origin import inherited, same_run
from quantise import Snapping

SAVE_EVERY, LOG_EVERY, VALIDATE_EVERY = 250, 50, 500
HELD_OUT = {"plain": 96, "street": 96, "drives": 96}


def configuration(path: Path, args: argparse.Namespace) -> dict:
    config = tomllib.loads(path.read_text())
    for key in ("ncars", "drives"):
        config["data"][key] = getattr(args, key) or config["data"].get(key, "")
    for setting in args.set:
        name, value = setting.split("=", 1)
        part, key = name.split(".", 1)
        if key not in config[part]:
            raise SystemExit(f"{path}: there is no {name} to set")
        config[part][key] = tomllib.loads(f"v = {value}")["v"]
    return config


def learning_rate(step: int, t: dict) -> float:
    if step < t["warmup"]:
        return t["rate"] * (step + 1) / t["warmup"]
    part = (step - t["warmup"]) / max(t["steps"] - t["warmup"], 1)
    return t["rate"] * (t["rate_end"] + (1 - t["rate_end"]) * 0.5 * (1 + math.cos(math.pi * min(part, 1))))


class Run:
    def __init__(self, config: dict, folder: Path, start: Path | None) -> None:
        self.config, self.folder = config, folder
        t = config["training"]
        torch.manual_seed(t["seed"])
        self.net = Detector(config["network"])
        self.net.weigh_neurons()
        drives = config["data"].get("drives")
        self.origin = {"recordings": recordings(Path(drives)) if drives else [], "unlisted": [], "start": None}
        if start is not None:
            begun = torch.load(start)
            self.net.load_state_dict(begun["ema"])
            self.origin = inherited(self.origin, begun, sha256(start))
        self.loss = DetectionLoss(config["network"])
        weights = [p for p in self.net.parameters() if p.ndim > 1]
        others = [p for p in self.net.parameters() if p.ndim <= 1]
        groups = [{"params": weights, "weight_decay": t["decay"]}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=t["rate"], betas=(0.9, 0.99))
        self.ema = {k: v.clone() for k, v in self.net.state_dict().items()}
        self.step = 0
        self.snapping = Snapping(self.net)
        self.held_out: dict[str, list] = {}
        if (folder / "state.pt").exists():
            state = torch.load(folder / "state.pt")
            same_run(folder / "state.pt", state, {"config": config, "origin": self.origin})
            self.net.load_state_dict(state["net"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.ema, self.step = state["ema"], state["step"]
        log.cut(folder / "log.jsonl", self.step)

    def save(self) -> None:
        state = {"net": self.net.state_dict(), "optimizer": self.optimizer.state_dict(), "ema": self.ema, "step": self.step}
        _replace(self.folder / "state.pt", state | {"config": self.config, "origin": self.origin})
        # Published, so without the paths of this machine.
        published = self.config | {"data": {"mix": self.config["data"]["mix"], "ncars": bool(self.config["data"].get("ncars"))}}
        _replace(self.folder / "ema.pt", {"ema": self.ema, "step": self.step, "config": published, "origin": self.origin})

    def train(self) -> None:
        t = self.config["training"]
        if self.step >= t["steps"]:
            return
        batches = torch.utils.data.DataLoader(
            loader.Batches(self.config, self.step, t["steps"]), batch_size=None, num_workers=1, prefetch_factor=4
        )
        stopped = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.append(True))
        parts, began, cpu = [], time.time(), time.process_time()
        for batch in batches:
            parts.append(self._step(batch))
            self.step += 1
            if stopped:
                self.save()
                raise SystemExit(f"stopped at step {self.step}; the same command goes on from there")
            if self.step % LOG_EVERY == 0:
                means = [sum(p[i] for p in parts) / len(parts) for i in range(4)]
                spent = {"s": round(time.time() - began, 1), "cpu": round(time.process_time() - cpu, 1)}
                line = dict(zip(("class", "box", "dfl", "norm"), (round(m, 4) for m in means)))
                self._log({"step": self.step} | line | spent)
                parts, began, cpu = [], time.time(), time.process_time()
            if self.step % VALIDATE_EVERY == 0 or self.step == t["steps"]:
                self._validate()
            if self.step % SAVE_EVERY == 0 or self.step == t["steps"]:
                self.save()

    def _step(self, batch: dict) -> list[float]:
        t, net = self.config["training"], self.net
        net.train()
        finishing = self._finishing()
        if finishing:
            net.freeze_norms()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, t)
        self._set_firing(batch)
        x = prepared(batch["frames"], net.steps)
        with self.snapping.applied(finishing):
            loss, parts = self.loss(net(x), batch["boxes"], batch["ignored"])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), t["clip"])
        if not math.isfinite(float(norm)):
            raise SystemExit(f"step {self.step}: the gradient is not finite; start again from {self.folder}/state.pt")
        self.optimizer.step()
        keep = min(t["ema"], (1 + self.step) / (10 + self.step))
        for name, value in net.state_dict().items():
            if value.dtype.is_floating_point:
                self.ema[name].lerp_(value, 1 - keep)
        return [float(p) for p in parts] + [float(norm)]

    def _finishing(self) -> bool:
        """Whether weights are on the grid: in the last steps, and where those were taken; never without any."""
        t = self.config["training"]
        return t["quantise_last"] > 0 and self.step >= t["steps"] - t["quantise_last"]

    def _set_firing(self, batch: dict) -> None:
        """Penalties for this batch: on work in all scenes, more in the last one, where nothing moves."""
        t, firing = self.config["training"], self.net.firing
        n = len(batch["frames"])
        ramp = min(max(self.step - t["firing_from"], 0) / t["firing_ramp"], 1)
        rate = torch.full((n,), t["firing"] * ramp / (n - 1))
        rate[-1] = t["firing_empty"] * ramp
        quiet = torch.zeros(n)
        if batch["empty"]:
            quiet[-1] = t["quiet"] * ramp
        steps = self.net.steps  # each time step carries its share
        firing.rate, firing.quiet = rate.repeat(steps) / steps, quiet.repeat(steps) / steps

    def _validate(self) -> None:
        net = Detector(self.config["network"])
        net.weigh_neurons()
        net.load_state_dict(self.ema)
        self._log({"step": self.step} | measured(net.eval(), self.config, self.held_out, self._finishing()))

    def _log(self, line: dict) -> None:
        print(json.dumps(line), flush=True)
        with open(self.folder / "log.jsonl", "a") as f:
            f.write(json.dumps(line) + "\n")
        log.draw(self.folder / "log.jsonl", self.folder / "log.svg")


def measured(net: Detector, config: dict, held_out: dict[str, list], on_grid: bool) -> dict:
    """AP and densities on the held-out scenes of the mix, kept in `held_out`, and of an empty window."""
    line = {}
    with Snapping(net).applied(on_grid):
        for kind, count in HELD_OUT.items():
            if config["data"]["mix"].get(kind):
                if kind not in held_out:
                    held_out[kind] = loader.held_out(config, kind, count)
                line[kind] = validated(net, held_out[kind], config["network"]["channels"] // 2 * net.steps)
        line["empty"] = net.empty_density()
    return line


def _replace(path: Path, state: dict) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("--ncars", help="folder that holds n-cars_train")
    parser.add_argument("--drives", help="folder of NAME_td.dat with NAME_bbox.npy")
    parser.add_argument("--out", required=True, help="name of the run")
    parser.add_argument("--start", type=Path, help="ema.pt to begin with")
    parser.add_argument("--set", action="append", default=[], help="part.key=value instead of the file's")
    args = parser.parse_args()
    torch.set_num_threads(1)
    config = configuration(args.config, args)
    loader.check(config["data"])
    folder = STATE / "runs" / args.out
    folder.mkdir(parents=True, exist_ok=True)
    Run(config, folder, args.start).train()


if __name__ == "__main__":
    main()
