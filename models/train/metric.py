"""Boxes out of maps, and average precision for the training log. What is published comes from `saccade eval`."""
import numpy as np
import torch

from events import SCALE, Scene, frame, overlap
from loss import anchors, flatten

FLOOR, NMS_IOU, MOST = 0.005, 0.6, 100
THRESHOLDS = np.arange(0.5, 1, 0.05)


@torch.no_grad()
def detections(net, frames: torch.Tensor) -> list[np.ndarray]:
    """Per sample rows of class, x1, y1, x2, y2, score by falling score; frames u8 [B, C, H, W]."""
    return boxes_of(net.config, net(prepared(frames, net.config["steps"])))


def boxes_of(config: dict, maps: list[torch.Tensor]) -> list[np.ndarray]:
    """The same out of the heads' maps."""
    logits, _, boxes = flatten(maps, config["reg_max"], *anchors(config))
    scores, kinds = logits.sigmoid().max(-1)
    boxes[..., 0::2] = boxes[..., 0::2].clamp(0, config["width"])
    boxes[..., 1::2] = boxes[..., 1::2].clamp(0, config["height"])
    out = []
    for s, k, b in zip(scores.numpy(), kinds.numpy(), boxes.numpy()):
        order = np.argsort(-s, kind="stable")
        order = order[s[order] > FLOOR][:600]
        out.append(_suppressed(np.column_stack([k[order], b[order], s[order]])))
    return out


def prepared(frames: torch.Tensor, steps: int) -> torch.Tensor:
    """u8 [B, steps * C, H, W], time slowest, to f32 [steps * B, C, H, W]."""
    x = frames.float().mul_(SCALE)
    if steps > 1:
        x = torch.cat(x.chunk(steps, 1))
    return x.contiguous(memory_format=torch.channels_last)


def _suppressed(rows: np.ndarray) -> np.ndarray:
    kept: list[int] = []
    iou = overlap(rows[:, 1:5], rows[:, 1:5])
    same = rows[:, None, 0] == rows[None, :, 0]
    for i in range(len(rows)):
        if len(kept) == MOST:
            break
        if not any(same[i, j] and iou[i, j] > NMS_IOU for j in kept):
            kept.append(i)
    return rows[kept]


def average_precision(found: list[np.ndarray], scenes: list[Scene], kind: int) -> np.ndarray:
    """AP at IoU 0.50, 0.55 .. 0.95: 101 points, COCO's greedy matching; ignored boxes swallow what they match."""
    scores, right, total = [], [], 0
    for rows, scene in zip(found, scenes):
        rows = rows[rows[:, 0] == kind]
        truth = scene.boxes[scene.boxes[:, 0] == kind][:, 1:]
        unsure = scene.ignored[scene.ignored[:, 0] == kind][:, 1:]
        total += len(truth)
        iou = overlap(rows[:, 1:5], truth) if len(truth) else np.zeros((len(rows), 0))
        hit = np.zeros((len(rows), len(THRESHOLDS)), bool)
        for k, threshold in enumerate(THRESHOLDS):
            free = np.ones(len(truth), bool)
            for i in range(len(rows)):
                value = np.where(free, iou[i], -1)
                if len(value) and value.max() >= threshold:
                    free[value.argmax()] = False
                    hit[i, k] = True
        keep = np.ones(len(rows), bool)
        if len(unsure) and len(rows):
            keep = hit[:, 0] | (overlap(rows[:, 1:5], unsure).max(1) < 0.5)
        scores.append(rows[keep, 5])
        right.append(hit[keep])
    score, hit = np.concatenate(scores), np.concatenate(right)
    hit = hit[np.argsort(-score, kind="stable")]
    tp = hit.cumsum(0)
    recall, precision = tp / total, tp / np.arange(1, len(hit) + 1)[:, None]
    precision = np.maximum.accumulate(precision[::-1], 0)[::-1]
    points = np.linspace(0, 1, 101)
    out = []
    for k in range(len(THRESHOLDS)):
        at = np.searchsorted(recall[:, k], points, side="left")
        out.append(np.append(precision[:, k], 0)[np.minimum(at, len(hit))].mean())
    return np.array(out)


def validated(net, scenes: list[Scene], bins: int) -> dict:
    """AP50 and AP50:95 per class, share of MACs with a spike at its input."""
    found = []
    net.counting(True)
    for a in range(0, len(scenes), 16):
        part = scenes[a : a + 16]
        found += detections(net, torch.from_numpy(np.stack([frame(s.events, bins) for s in part])))
    out = {"density": net.density()}
    net.counting(False)
    for kind, name in enumerate(net.config["classes"]):
        if not any((s.boxes[:, 0] == kind).any() for s in scenes):
            continue
        ap = average_precision(found, scenes, kind)
        out[name] = [round(float(ap[0]), 4), round(float(ap.mean()), 4)]
    return out
