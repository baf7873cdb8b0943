"""saccade against the readers that people use: the same files, own processes, CPU time per event, in turns.

    npm run build && .state/readers/bin/python bench/rivals/readers.py [--seconds 0.3] [--rounds 3] [--shared ../shared]

Each turn is a process that reads a file whole at least three times, from the page cache, and for at least so many seconds of CPU
time (of all its threads); its fastest pass counts, so that starting and first use do not, and the median of the rounds is shown.
Readers take all events into arrays or packets, as their documents show it; where one reads another number of events than saccade,
the number is printed.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = {
    "gen1/driving_td.dat": "dat",
    "formats/evt2_gen3_640x480.raw": "evt2",
    "formats/evt3_driving_1280x720.raw": "evt3",
    "formats/es_dvs_320x240.es": "es",
    "formats/aedat4_lz4_dvxplorer_320x240.aedat4": "aedat4",
}
READS = {
    "expelliarmus": {"dat", "evt2", "evt3"},
    "faery": {"dat", "evt2", "evt3", "es", "aedat4"},
    "evlib": {"dat", "evt2", "evt3", "aedat4"},
    "dv_processing": {"aedat4"},
    "event_stream": {"es"},
}


def expelliarmus(path: str, encoding: str) -> int:
    from expelliarmus import Wizard

    return len(Wizard(encoding=encoding).read(path))


def faery(path: str, _: str) -> int:
    import faery

    return sum(len(packet) for packet in faery.events_stream_from_file(path))


def evlib(path: str, _: str) -> int:
    import evlib

    return evlib.load_events(path).collect().height


def dv_processing(path: str, _: str) -> int:
    import dv_processing as dv

    recording, events = dv.io.MonoCameraRecording(path), 0
    while (batch := recording.getNextEventBatch()) is not None:
        events += batch.size()
    return events


def event_stream(path: str, _: str) -> int:
    import event_stream

    return sum(len(packet) for packet in event_stream.Decoder(path))


def work(reader: str, path: str, encoding: str, seconds: float) -> None:
    read, passes, total = globals()[reader], [], 0.0
    while total < seconds or len(passes) < 3:
        start = time.process_time()
        events = read(path, encoding)
        passes.append((events, time.process_time() - start))
        total += passes[-1][1]
    print(json.dumps(passes))


def turn(reader: str, path: Path, encoding: str, seconds: float) -> tuple[int, float] | str:
    """Events and ns per event of the fastest pass, or why there is none."""
    if reader == "saccade":
        command = ["node", str(ROOT / "dist/bench/rivals/reader.js"), str(path), str(seconds)]
    else:
        command = [sys.executable, __file__, "--worker", reader, encoding, str(path), "--seconds", str(seconds)]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        return (run.stderr.strip().splitlines() or ["no message"])[-1]
    events, best = min(json.loads(run.stdout.splitlines()[-1]), key=lambda each: each[1])
    return events, best / max(events, 1) * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        reader, encoding, path = args.worker
        work(reader, path, encoding, args.seconds)
        return
    print("| file | reader | events | ns per event | x |\n| --- | --- | ---: | ---: | ---: |")
    for name, encoding in FILES.items():
        path = args.shared / "recordings" / name
        readers = ["saccade", *(reader for reader, formats in READS.items() if encoding in formats)]
        turns = {reader: [] for reader in readers}
        for _ in range(args.rounds):
            for reader in readers:
                turns[reader].append(turn(reader, path, encoding, args.seconds))
        ours = statistics.median(each[1] for each in turns["saccade"])
        for reader in readers:
            failed = next((each for each in turns[reader] if isinstance(each, str)), None)
            if failed is not None:
                print(f"| {path.name} | {reader} | | {failed} | |")
                continue
            ns = statistics.median(each[1] for each in turns[reader])
            print(f"| {path.name} | {reader} | {turns[reader][0][0]:,} | {ns:.2f} | {ns / ours:.1f} |", flush=True)


if __name__ == "__main__":
    main()
