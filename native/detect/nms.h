// Greedy non-maximum suppression within a class.
#pragma once

namespace saccade::detect {

struct Candidate {
  float x1, y1, x2, y2;
  float score;
  int label;
  int anchor;
};

// The order of detections: higher score, then lower anchor, then lower class. It is total: no two candidates
// have both anchor and class in common.
inline bool Before(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score > b.score;
  if (a.anchor != b.anchor) return a.anchor < b.anchor;
  return a.label < b.label;
}

// Keeps, in order, every box that overlaps none kept before by more than `iou`, up to `max`; moves them to
// the front and returns their number. `boxes` must be sorted by Before.
int Suppress(Candidate* boxes, int count, float iou, int max);

}  // namespace saccade::detect
