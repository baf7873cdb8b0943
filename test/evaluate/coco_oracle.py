"""Scores made-up recordings with pycocotools, for coco.test.ts: JSON cases on stdin, JSON figures on stdout.

Choice and pairing of boxes are written here a second time, with numpy masks; the figures are those of COCOeval itself.
"""
import contextlib
import io
import json
import sys

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

TOLERANCE = 50_000


def kept(rows, rules):
    boxes = np.array(rows, dtype=np.float64).reshape(len(rows), 7)
    w, h = boxes[:, 3].astype(np.float32), boxes[:, 4].astype(np.float32)
    mask = (boxes[:, 0] > rules["afterUs"]) & (w >= rules["side"]) & (h >= rules["side"])
    mask &= w**2 + h**2 >= np.float32(rules["diagonal"] ** 2)
    boxes = boxes[mask]
    return boxes[np.argsort(boxes[:, 0], kind="stable")]


def images_of(recording, rules):
    labels = kept(recording["labels"], rules)
    detections = kept(recording["detections"], rules)
    for t in np.unique(labels[:, 0]):
        near = detections[np.abs(detections[:, 0] - t) <= TOLERANCE]
        if rules["pairing"] == "nearest" and len(near):
            near = near[near[:, 0] == near[np.argmin(np.abs(near[:, 0] - t)), 0]]
        yield labels[labels[:, 0] == t], near


def coco(images, part):
    annotations = []
    for number, image in enumerate(images):
        for t, x, y, w, h, cls, score in image[part].tolist():
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": int(cls) + 1,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "iscrowd": 0,
                    "score": score,
                }
            )
    made = COCO()
    made.dataset = {
        "images": [{"id": number, "width": 304, "height": 240} for number in range(len(images))],
        "categories": [{"id": cls + 1, "name": str(cls)} for cls in range(3)],
        "annotations": annotations,
    }
    made.createIndex()
    return made


class Evaluation(COCOeval):
    """COCOeval forgets "ignore" of the labels and takes "iscrowd" for it, with which one label has many boxes."""

    sure = 0.0

    def _prepare(self):
        super()._prepare()
        for labels in self._gts.values():
            for label in labels:
                label["ignore"] = int(label["score"] < self.sure)


def score(case):
    images = [image for recording in case["recordings"] for image in images_of(recording, case["rules"])]
    evaluation = Evaluation(coco(images, 0), coco(images, 1), "bbox")
    evaluation.sure = case["rules"].get("sure", 0.0)
    evaluation.params.imgIds = list(range(len(images)))
    evaluation.evaluate()
    evaluation.accumulate()
    # [IoU, recall, class, area, most detections]; -1 where nothing is labelled.
    precision = evaluation.eval["precision"][..., -1] if images else -np.ones((10, 101, 3, 4))
    figures = precision.mean(axis=1)
    mean = lambda values: float(values[values > -1].mean()) if (values > -1).any() else None
    return {
        "classes": [figures[:, cls, 0].tolist() for cls in range(3)],
        "ap50": mean(figures[0, :, 0]),
        "ap75": mean(figures[5, :, 0]),
        "ap": mean(figures[:, :, 0]),
        "areas": [mean(figures[:, :, area]) for area in (1, 2, 3)],
    }


with contextlib.redirect_stdout(io.StringIO()):
    answers = [score(case) for case in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
