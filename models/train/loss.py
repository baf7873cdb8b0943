"""Task-aligned assignment (TOOD, arXiv 2108.07755) and its loss: BCE on all cells, CIoU and distribution focal loss on positives."""
import math

import torch
import torch.nn.functional as F

ALPHA, BETA, TOP = 0.5, 6.0, 10
GAIN_CLASS, GAIN_BOX, GAIN_DFL = 0.5, 7.5, 1.5


class DetectionLoss:
    """Calls take maps of the heads, boxes and ignored [B, M, 5] (class -1 = none) and give (loss, its three parts)."""

    def __init__(self, config: dict) -> None:
        self.classes, self.reg_max, self.strides = len(config["classes"]), config["reg_max"], config["strides"]
        self.centres, self.stride_of = anchors(config)

    def __call__(self, maps, boxes, ignored):
        logits, sides, decoded = flatten(maps, self.reg_max, self.centres, self.stride_of)
        with torch.no_grad():
            assigned = self._assign(logits.sigmoid(), decoded, boxes)
        index, target, positive = assigned
        weight = self._not_ignored(ignored, target)
        total = target.sum().clamp(min=1)
        bce = (F.binary_cross_entropy_with_logits(logits, target, reduction="none") * weight).sum() / total
        if not positive.any():
            return GAIN_CLASS * bce, (bce.detach(), logits.new_zeros(()), logits.new_zeros(()))
        share = target.sum(-1)[positive]
        truth = torch.gather(boxes[..., 1:], 1, index.unsqueeze(-1).expand(-1, -1, 4))[positive]
        ciou = ((1 - complete_iou(decoded[positive], truth)) * share).sum() / total
        stride = self.stride_of.expand(len(boxes), -1)[positive].unsqueeze(-1)
        centre = self.centres.expand(len(boxes), -1, -1)[positive]
        distance = torch.cat([centre - truth[:, :2], truth[:, 2:] - centre], 1) / stride
        dfl = (self._focal(sides[positive], distance) * share).sum() / total
        return GAIN_CLASS * bce + GAIN_BOX * ciou + GAIN_DFL * dfl, (bce.detach(), ciou.detach(), dfl.detach())

    def _focal(self, logits, distance):
        distance = distance.clamp(0, self.reg_max - 1.01)
        low = distance.floor()
        part = distance - low
        rows = F.log_softmax(logits.view(-1, self.reg_max), 1)
        low, part = low.long().view(-1, 1), part.reshape(-1, 1)
        value = -(rows.gather(1, low) * (1 - part) + rows.gather(1, low + 1) * part)
        return value.view(-1, 4).mean(1)

    def _assign(self, scores, decoded, boxes):
        """For each cell: index of its box, target score per class, whether it is positive."""
        real = boxes[..., 0] >= 0
        kind = boxes[..., 0].clamp(min=0).long()
        corner = boxes[..., 1:]
        delta = torch.cat([self.centres[None, None] - corner[..., None, :2], corner[..., None, 2:] - self.centres[None, None]], -1)
        inside = (delta.amin(-1) > 0) & real[..., None]
        iou = pairwise_iou(corner, decoded) * inside
        score = torch.gather(scores.transpose(1, 2), 1, kind[..., None].expand(-1, -1, scores.shape[1]))
        align = score.pow(ALPHA) * iou.pow(BETA) * inside
        best = align.topk(TOP, -1).indices
        chosen = torch.zeros_like(align).scatter_(-1, best, 1.0).bool() & inside
        crowd = chosen.sum(1, keepdim=True) > 1
        highest = torch.zeros_like(chosen).scatter_(1, (iou * chosen).argmax(1, keepdim=True), True)
        chosen = torch.where(crowd, chosen & highest, chosen)
        positive, index = chosen.any(1), chosen.float().argmax(1)
        align = align * chosen
        scaled = align * ((iou * chosen).amax(-1, keepdim=True) / (align.amax(-1, keepdim=True) + 1e-9))
        value = scaled.amax(1)
        target = torch.zeros_like(scores)
        target.scatter_(-1, torch.gather(kind, 1, index).unsqueeze(-1), (value * positive).unsqueeze(-1))
        return index, target, positive

    def _not_ignored(self, ignored, target):
        corner = ignored[..., 1:]
        delta = torch.cat([self.centres[None, None] - corner[..., None, :2], corner[..., None, 2:] - self.centres[None, None]], -1)
        inside = (delta.amin(-1) > 0) & (ignored[..., :1] >= 0)
        of_class = F.one_hot(ignored[..., 0].clamp(min=0).long(), self.classes).bool()
        hidden = (inside[..., None] & of_class[:, :, None]).any(1)
        return (~hidden | (target > 0)).float()


def anchors(config: dict):
    """Cell centres [A, 2] in pixels and their strides [A], finest first, row by row."""
    centres, strides = [], []
    for s in config["strides"]:
        h, w = config["height"] // s, config["width"] // s
        y, x = torch.meshgrid(torch.arange(h) + 0.5, torch.arange(w) + 0.5, indexing="ij")
        centres.append(torch.stack([x, y], -1).view(-1, 2) * s)
        strides.append(torch.full((h * w,), float(s)))
    return torch.cat(centres), torch.cat(strides)


def flatten(maps, reg_max, centres, stride_of):
    """Class logits [B, A, classes], side logits [B, A, 4 * reg_max], boxes [B, A, 4] in pixels."""
    rows = torch.cat([m.flatten(2) for m in maps], 2).transpose(1, 2)
    sides, logits = rows[..., : 4 * reg_max], rows[..., 4 * reg_max :]
    bins = torch.arange(reg_max, dtype=rows.dtype)
    distance = (sides.reshape(*sides.shape[:2], 4, reg_max).softmax(-1) @ bins) * stride_of[:, None]
    return logits, sides, torch.cat([centres - distance[..., :2], centres + distance[..., 2:]], -1)


def pairwise_iou(a, b):
    """[B, M, 4], [B, A, 4] -> [B, M, A]."""
    low = torch.maximum(a[:, :, None, :2], b[:, None, :, :2])
    high = torch.minimum(a[:, :, None, 2:], b[:, None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    area = lambda q: (q[..., 2:] - q[..., :2]).clamp(min=0).prod(-1)
    return both / (area(a)[:, :, None] + area(b)[:, None] - both + 1e-7)


def complete_iou(a, b):
    """CIoU (arXiv 1911.08287) of matching rows."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    size_a, size_b = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    iou = both / (size_a.prod(-1) + size_b.prod(-1) - both + 1e-7)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2).square().sum(-1) / (hull.square().sum(-1) + 1e-7)
    angle = lambda s: torch.atan(s[:, 0] / (s[:, 1] + 1e-7))
    v = 4 / math.pi**2 * (angle(size_b) - angle(size_a)).square()
    with torch.no_grad():
        alpha = v / (v - iou + 1 + 1e-7)
    return iou - apart - alpha * v
