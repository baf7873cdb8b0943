"""Scores made-up tracks with TrackEval and motmetrics, for tracks.test.ts: JSON cases on stdin, JSON figures on stdout.

A case is a list of frames; a frame is {"labels": [[id, x, y, w, h]...], "tracked": [...]}.
"""
import contextlib
import io
import json
import sys

import motmetrics
import numpy as np

with contextlib.redirect_stdout(io.StringIO()):
    from trackeval.metrics import CLEAR, Identity


def ious(a, b):
    a = np.array(a, dtype=np.float64).reshape(len(a), 5)[:, None, 1:]
    b = np.array(b, dtype=np.float64).reshape(len(b), 5)[None, :, 1:]
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=-1)
    return both / (np.prod(a[..., 2:], axis=-1) + np.prod(b[..., 2:], axis=-1) - both)


def by_trackeval(frames):
    numbers = {part: {} for part in ("labels", "tracked")}
    ids = {part: [] for part in numbers}
    for frame in frames:
        for part, known in numbers.items():
            ids[part].append(np.array([known.setdefault(row[0], len(known)) for row in frame[part]], dtype=int))
    data = {
        "gt_ids": ids["labels"],
        "tracker_ids": ids["tracked"],
        "similarity_scores": [ious(frame["labels"], frame["tracked"]) for frame in frames],
        "num_gt_dets": sum(len(frame["labels"]) for frame in frames),
        "num_tracker_dets": sum(len(frame["tracked"]) for frame in frames),
        "num_gt_ids": len(numbers["labels"]),
        "num_tracker_ids": len(numbers["tracked"]),
        "num_timesteps": len(frames),
    }
    with contextlib.redirect_stdout(io.StringIO()):
        clear, identity = CLEAR().eval_sequence(data), Identity().eval_sequence(data)
    there = data["num_gt_dets"] > 0
    return {
        "mota": float(clear["MOTA"]) if there and data["num_tracker_dets"] else (0 if there else None),
        "switches": int(clear["IDSW"]),
        "missed": int(clear["CLR_FN"]),
        "other": int(clear["CLR_FP"]),
        "overlap": float(clear["MOTP_sum"]),
        "fragments": int(clear["Frag"]),
        "followed": int(clear["MT"]),
        "unfollowed": int(clear["ML"]),
        "identified": int(identity["IDTP"]),
        "idf1": float(identity["IDF1"]) if there else None,
    }


def by_motmetrics(frames):
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for frame in frames:
        distances = 1 - ious(frame["labels"], frame["tracked"])
        distances[distances > 0.5] = np.nan
        accumulator.update([row[0] for row in frame["labels"]], [row[0] for row in frame["tracked"]], distances)
    names = ["mota", "num_switches", "num_misses", "num_false_positives", "idtp", "idf1"]
    row = motmetrics.metrics.create().compute(accumulator, metrics=names, name="case").loc["case"]
    return {
        "mota": float(row["mota"]),
        "switches": int(row["num_switches"]),
        "missed": int(row["num_misses"]),
        "other": int(row["num_false_positives"]),
        "identified": int(row["idtp"]),
        "idf1": float(row["idf1"]),
    }


cases = json.load(sys.stdin)
json.dump([{"trackeval": by_trackeval(case), "motmetrics": by_motmetrics(case)} for case in cases], sys.stdout)
