"""saccade against OpenVINO, ncnn and LiteRT: the same network, the same windows, in turns.

    npm run build && .state/rivals/bin/python bench/rivals/rivals.py [--network car] [--markdown docs/performance.md] [--json]

Each number of threads has a process of its own, which starts saccade as a child (dist/bench/rivals/server.js) and asks it for its
times, so that the rounds go through all runtimes. Every rival is first tried in each of its forms and runs in the best one;
settings stand at the head of openvino_net.py, ncnn_net.py and litert_net.py. A turn is a rest until no thread of any runtime uses
a processor any more (ncnn's OpenMP threads spin for 20 ms), 20 ms of runs that are not counted (a pool that slept wakes slowly: it
ran back to back when it was tried), and at least three runs, 8 ms, of which the median counts; a ratio is the median of the
rounds' ratios. Who was more than 1.3 times slower in the rounds than when it was tried is named below the table.
"""
import argparse
import importlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from plan import Plan

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RUNTIMES = {"openvino_net": "openvino", "ncnn_net": "ncnn", "litert_net": "ai-edge-litert"}
PAUSE_S, LONGEST_PAUSE_S, WARM_S, TURN_S, RUNS, ROUNDS = 0.025, 0.25, 0.02, 0.008, (3, 8), (5, 41)
# Rest is over when 10 ms have taken less than a tenth of a processor.
STEP_S, IDLE = 0.01, 0.1
SLOWER = 1.3
BEGIN, END = "<!-- rivals {}: written by bench/rivals/rivals.py -->", "<!-- rivals {}: end -->"
LAST = "<!-- bench: end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="car", help="a network of `npm run bench -- engine` with one time step")
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=8, help="of rounds")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        print(json.dumps(compare(args.network, args.worker, args.seconds)))
        return
    results = []
    for threads in args.threads:
        command = [sys.executable, __file__, "--network", args.network, "--seconds", str(args.seconds), "--worker", str(threads)]
        worker = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if worker.returncode:
            raise SystemExit(worker.stderr)
        results.append(json.loads(worker.stdout.splitlines()[-1]))
    text = table(results)
    print(json.dumps(results, indent=2) if args.json else text)
    if args.markdown:
        write(args.markdown, args.network, text)


class Saccade:
    """The child that runs saccade's side."""

    def __init__(self, network: str, threads: int, folder: Path):
        command = ["node", ROOT / "dist/bench/rivals/server.js", network, str(threads), folder]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self.answer()

    def answer(self) -> dict:
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit("saccade's side of the comparison ended")
        return json.loads(line)

    def times(self, window: int, count: int) -> list[float]:
        """Milliseconds of each run, from the call in JavaScript to its promise."""
        self.child.stdin.write(json.dumps({"run": window, "times": count}) + "\n")
        self.child.stdin.flush()
        return self.answer()["ms"]


class Rival:
    """A runtime with a network."""

    def __init__(self, form: str, run, heads):
        self.form, self.run, self.heads = form, run, heads

    def times(self, window: int, count: int) -> list[float]:
        times = []
        for _ in range(count):
            start = time.perf_counter()
            self.run(window)
            times.append(1e3 * (time.perf_counter() - start))
        return times


def compare(network: str, threads: int, seconds: float) -> dict:
    folder = ROOT / ".state/bench/rivals" / network
    folder.parent.mkdir(parents=True, exist_ok=True)
    ours = Saccade(network, threads, folder)
    plan = Plan(folder)
    windows = len(plan.windows)
    wanted = plan.heads(0)
    contestants, tried = {"saccade": ours}, []
    for module in RUNTIMES:
        for name, form, run, heads in importlib.import_module(module).contestants(plan, threads):
            rival = Rival(form, run, heads)
            apart = np.abs(heads(0) - wanted)
            ms = statistics.median(rival.times(0, 8)[3:])
            tried.append({"rival": name, "form": form, "ms": ms, "different": int((apart > 0).sum()), "values": len(apart), "largest": float(apart.max())})
            best = [t["ms"] for t in tried if t["rival"] == name]
            if ms == min(best):
                contestants[name] = rival
    rounds, restless = take_turns(contestants, windows, seconds, lambda: rest(lambda: spent(ours.child.pid)))
    ours.child.stdin.close()
    return {
        "network": network,
        "identity": ours.about["identity"],
        "threads": threads,
        "windows": windows,
        "rounds": len(rounds),
        "restless": restless,
        "saccade": ours.about["settings"],
        "versions": {name: version(name) for name in RUNTIMES.values()},
        "standings": [standing(name, rounds, getattr(contestants[name], "form", ""), tried) for name in contestants],
        "tried": tried,
    }


def take_turns(contestants: dict, windows: int, seconds: float, rest) -> tuple[list[dict], int]:
    """(rounds of medians, number of turns that began while a processor was still used)."""
    counts, per_round, restless = {}, 0.0, 0
    for name, contestant in contestants.items():
        once = contestant.times(0, 2)[1] / 1e3
        warm = max(1, math.ceil(WARM_S / once))
        counts[name] = warm, max(RUNS[0], min(RUNS[1], math.ceil(TURN_S / once)))
        per_round += PAUSE_S + STEP_S + once * sum(counts[name])
    rounds = []
    for r in range(max(ROUNDS[0], min(ROUNDS[1], int(seconds / per_round)))):
        turn = {}
        for name in in_turn(list(contestants), r):
            restless += not rest()
            warm, runs = counts[name]
            turn[name] = statistics.median(contestants[name].times(r % windows, warm + runs)[warm:])
        rounds.append(turn)
    return rounds, restless


def in_turn(names: list[str], r: int) -> list[str]:
    """Another order each round, forwards and backwards, so that nobody always follows the same one."""
    start = r // 2 % len(names)
    order = names[start:] + names[:start]
    return order[::-1] if r % 2 else order


def rest(spent) -> bool:
    """Sleeps until nobody of whom `spent` tells processor seconds uses any; False when one still does after LONGEST_PAUSE_S."""
    end = time.monotonic() + LONGEST_PAUSE_S
    time.sleep(PAUSE_S)
    while time.monotonic() < end:
        before = spent()
        time.sleep(STEP_S)
        if spent() - before < IDLE * STEP_S:
            return True
    return False


def spent(child: int) -> float:
    """Processor seconds of this process and, on Linux, whose clocks of other processes have ids made of theirs, of the child."""
    own = time.process_time()
    return own + time.clock_gettime(~child << 3 | 2) if sys.platform == "linux" else own


def standing(name: str, rounds: list[dict], form: str, tried: list[dict]) -> dict:
    times = [r[name] for r in rounds]
    ratio = statistics.median(r[name] / r["saccade"] for r in rounds)
    trial = next((t["ms"] for t in tried if (t["rival"], t["form"]) == (name, form)), None)
    return {"contestant": name, "form": form, "medianMs": statistics.median(times), "bestMs": min(times), "triedMs": trial, "ratio": ratio}


def table(results: list[dict]) -> str:
    names = [s["contestant"] for s in results[0]["standings"]]
    head = ["runtime", *(f"ms (best), {r['threads']} thread{'s' * (r['threads'] > 1)}" for r in results), *(f"x, {r['threads']}" for r in results)]
    rows = []
    for name in names:
        found = [next(s for s in r["standings"] if s["contestant"] == name) for r in results]
        forms = sorted({s["form"] for s in found} - {""})
        rows.append([name + (f" ({' / '.join(forms)})" if forms else ""), *(f"{s['medianMs']:.2f} ({s['bestMs']:.2f})" for s in found), *(f"{s['ratio']:.2f}" for s in found)])
    widths = [max(3, *(len(row[i]) for row in [head, *rows])) for i in range(len(head))]
    pad = lambda row: "| " + " | ".join(c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |"
    rule = "| " + " | ".join("-" * (w - 1) + ":" if i else "-" * w for i, w in enumerate(widths)) + " |"
    first = results[0]
    versions = ", ".join(f"{name} {number}" for name, number in first["versions"].items())
    about = f"**{first['network']}** on {first['windows']} windows, median ms of a window (its best round); x is the median of the rounds' ratios to saccade ({first['saccade']})."
    notes = [
        f"Forms, {r['threads']} thread{'s' * (r['threads'] > 1)}: " + "; ".join(words(t) for t in r["tried"]) + "." for r in results
    ]
    notes += [warning for r in results for warning in warnings(r)]
    notes.append(f"{first['identity']}; {cpu()}, {os.cpu_count()} processors; {versions}; {time.strftime('%Y-%m-%d')}.")
    return "\n".join([about, "", pad(head), rule, *map(pad, rows), "", *(f"- {note}" for note in notes)])


def warnings(result: dict) -> list[str]:
    """Sentences about what makes the result doubtful."""
    threads = f"{result['threads']} thread{'s' * (result['threads'] > 1)}"
    slow = [s for s in result["standings"] if s["triedMs"] and s["medianMs"] > SLOWER * s["triedMs"]]
    found = [
        f"Doubtful, {threads}: {s['contestant']} took {s['medianMs'] / s['triedMs']:.1f} times as long in the rounds as when it was tried"
        f" ({s['medianMs']:.2f} and {s['triedMs']:.2f} ms)."
        for s in slow
    ]
    if result["restless"]:
        turns = result["rounds"] * len(result["standings"])
        found.append(f"Doubtful, {threads}: {result['restless']} of {turns} turns began while a thread of another runtime still used a processor.")
    return found


def words(tried: dict) -> str:
    equal = "heads equal" if tried["different"] == 0 else f"{tried['different']} of {tried['values']} head values differ, by {tried['largest']:.2g} at most"
    return f"{tried['rival']} {tried['form']} {tried['ms']:.2f} ms, {equal}"


def cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def write(path: Path, network: str, text: str) -> None:
    """Puts the table between its marks, or before the mark at the end of all tables."""
    document = path.read_text()
    begin, end = BEGIN.format(network), END.format(network)
    block = f"{begin}\n\n{text}\n\n{end}"
    if begin in document and end in document:
        before, rest = document.split(begin)
        document = before + block + rest.split(end)[1]
    elif LAST in document:
        document = document.replace(LAST, f"{block}\n\n{LAST}")
    else:
        raise SystemExit(f"{path}: the marks of the table are not there")
    path.write_text(document)


if __name__ == "__main__":
    main()
