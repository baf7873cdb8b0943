// Head maps -> boxes: candidates above the threshold, distances from their softmax, non-maximum suppression.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "detect/nms.h"

namespace saccade::detect {

// One head map: channels 4 * reg_max of distances (left, top, right, bottom), then one logit per class.
struct HeadMap {
  const float* data;
  size_t channel, row, pixel;  // strides in floats: both NHWC and CHW are read in place
};

struct HeadShape {
  int channels, height, width;
  float stride;  // model pixels per cell
};

struct Settings {
  int reg_max = 16;
  int classes = 1;
  float score = 0;  // strict: a candidate's score is above it
  float iou = 1;    // strict: a box whose overlap is above it is dropped
  int max = 100;
  bool multi_label = false;  // a candidate per class above the threshold, else per anchor its best class
  // Boxes are cut at this picture, the model's, before they are compared; as they come without `clip`.
  bool clip = true;
  float width = 0, height = 0;
};

// All memory is taken by Prepare, linear in the size of the heads.
class Detector {
 public:
  // Checks shapes and settings. Empty, or one sentence.
  std::string Prepare(const Settings& settings, const std::vector<HeadShape>& shapes);

  // Writes rows [x1, y1, x2, y2, score, class], best first, and returns how many; `rows` has room for max.
  int Run(const HeadMap* maps, float* rows);

  // Every anchor, unclipped: `y` [4 + classes][Anchors()] takes cx, cy, w, h in model pixels, then the
  // scores.
  void DecodeAll(const HeadMap* maps, float* y) const;
  size_t Anchors() const;

  const Settings& settings() const { return settings_; }
  // Floats that `rows` must hold.
  size_t RowFloats() const { return static_cast<size_t>(settings_.max) * 6; }

 private:
  void Collect(const HeadMap& map, const HeadShape& shape, int anchor);
  void Decode(const HeadMap* maps, Candidate* candidate) const;
  float Corner(double value, float limit) const;
  void Sides(const HeadMap& map, int x, int y, double* sides) const;
  double Distance(const float* logits, size_t step) const;

  Settings settings_;
  std::vector<HeadShape> shapes_;
  std::vector<int> first_anchor_;
  float logit_ = 0;  // no score below this logit passes
  std::vector<Candidate> candidates_;
  size_t count_ = 0;
};

}  // namespace saccade::detect
