#include "detect/detector.h"

#include <algorithm>
#include <cmath>

#include "detect/exp.h"

namespace saccade::detect {

namespace {

constexpr int kMaxCandidates = 30000;
constexpr int kMaxBins = 64;
// With it a corner stays far below the largest float, whatever the maps hold.
constexpr float kMaxStride = 1024;
// 16 million scores: 128 times the largest SpikeYOLO head.
constexpr size_t kMaxScores = size_t{1} << 24;

bool Probability(float value) {
  return value >= 0.0f && value <= 1.0f;
}

}  // namespace

std::string Detector::Prepare(const Settings& settings, const std::vector<HeadShape>& shapes) {
  if (settings.reg_max < 1 || settings.reg_max > kMaxBins)
    return "reg_max must be 1.." + std::to_string(kMaxBins);
  if (settings.classes < 1 || settings.classes > 4096) return "the number of classes must be 1..4096";
  if (!Probability(settings.score) || !Probability(settings.iou)) return "score and iou must be 0..1";
  if (settings.max < 1 || settings.max > kMaxCandidates)
    return "max must be 1.." + std::to_string(kMaxCandidates);
  if (settings.clip && (!(settings.width > 0) || !(settings.height > 0))) return "the picture has no size";
  if (shapes.empty()) return "there is no head map";
  size_t anchors = 0;
  first_anchor_.clear();
  for (const HeadShape& shape : shapes) {
    if (shape.channels != 4 * settings.reg_max + settings.classes) {
      return "a head map has " + std::to_string(shape.channels) + " channels, 4 * reg_max + classes is " +
             std::to_string(4 * settings.reg_max + settings.classes);
    }
    if (shape.height < 1 || shape.width < 1 || !std::isfinite(shape.stride) || !(shape.stride > 0)) {
      return "a head map has no size or no stride";
    }
    if (shape.stride > kMaxStride)
      return "a stride must be at most " + std::to_string(static_cast<int>(kMaxStride));
    first_anchor_.push_back(static_cast<int>(anchors));
    anchors += static_cast<size_t>(shape.height) * static_cast<size_t>(shape.width);
    if (anchors > kMaxScores) return "the head maps are too large";
  }
  const size_t scores = anchors * (settings.multi_label ? static_cast<size_t>(settings.classes) : 1);
  if (scores > kMaxScores) return "the head maps are too large";
  settings_ = settings;
  shapes_ = shapes;
  candidates_.resize(scores);
  // Most logits are far below the threshold and need no exponential. The margin is a million times the error
  // of either logarithm or Exp, so this cannot decide a score.
  const double score = settings.score;
  logit_ = score <= 0   ? -HUGE_VALF
           : score >= 1 ? HUGE_VALF
                        : static_cast<float>(std::log(score / (1.0 - score)) -
                                             1e-3 * (1.0 + std::fabs(std::log(score / (1.0 - score)))));
  return "";
}

int Detector::Run(const HeadMap* maps, float* rows) {
  count_ = 0;
  for (size_t i = 0; i < shapes_.size(); i++) Collect(maps[i], shapes_[i], first_anchor_[i]);
  // Only the best are decoded and compared: the cost is bounded whatever the maps hold.
  Candidate* begin = candidates_.data();
  const size_t kept = std::min(count_, static_cast<size_t>(kMaxCandidates));
  if (kept < count_) std::nth_element(begin, begin + kept, begin + count_, Before);
  std::sort(begin, begin + kept, Before);
  for (size_t i = 0; i < kept; i++) Decode(maps, begin + i);
  const int boxes = Suppress(begin, static_cast<int>(kept), settings_.iou, settings_.max);
  for (int i = 0; i < boxes; i++) {
    const Candidate& c = begin[i];
    for (float value : {c.x1, c.y1, c.x2, c.y2, c.score, static_cast<float>(c.label)}) *rows++ = value;
  }
  return boxes;
}

void Detector::Collect(const HeadMap& map, const HeadShape& shape, int anchor) {
  for (int y = 0; y < shape.height; y++) {
    for (int x = 0; x < shape.width; x++, anchor++) {
      const float* logits = map.data + static_cast<size_t>(y) * map.row + static_cast<size_t>(x) * map.pixel +
                            static_cast<size_t>(4 * settings_.reg_max) * map.channel;
      Candidate best{0, 0, 0, 0, settings_.score, -1, anchor};
      for (int label = 0; label < settings_.classes; label++) {
        const float logit = logits[static_cast<size_t>(label) * map.channel];
        if (!(logit > logit_)) continue;
        const float score = Sigmoid(logit);
        if (!(score > (settings_.multi_label ? settings_.score : best.score))) continue;
        best.score = score;
        best.label = label;
        if (settings_.multi_label) candidates_[count_++] = best;
      }
      if (!settings_.multi_label && best.label >= 0) candidates_[count_++] = best;
    }
  }
}

void Detector::Decode(const HeadMap* maps, Candidate* candidate) const {
  size_t level = first_anchor_.size() - 1;
  while (first_anchor_[level] > candidate->anchor) level--;
  const HeadShape& shape = shapes_[level];
  const HeadMap& map = maps[level];
  const int cell = candidate->anchor - first_anchor_[level];
  const int x = cell % shape.width, y = cell / shape.width;
  double sides[4];
  Sides(map, x, y, sides);
  const double stride = shape.stride;
  candidate->x1 = Corner((x + 0.5 - sides[0]) * stride, settings_.width);
  candidate->y1 = Corner((y + 0.5 - sides[1]) * stride, settings_.height);
  candidate->x2 = Corner((x + 0.5 + sides[2]) * stride, settings_.width);
  candidate->y2 = Corner((y + 0.5 + sides[3]) * stride, settings_.height);
}

float Detector::Corner(double value, float limit) const {
  if (!settings_.clip) return static_cast<float>(value);
  if (!(value > 0)) return 0.0f;
  return value < static_cast<double>(limit) ? static_cast<float>(value) : limit;
}

void Detector::DecodeAll(const HeadMap* maps, float* y) const {
  const size_t anchors = Anchors();
  for (size_t level = 0; level < shapes_.size(); level++) {
    const HeadShape& shape = shapes_[level];
    const HeadMap& map = maps[level];
    float* to = y + first_anchor_[level];
    for (int row = 0; row < shape.height; row++) {
      for (int column = 0; column < shape.width; column++, to++) {
        double sides[4];
        Sides(map, column, row, sides);
        const double left = column + 0.5 - sides[0], top = row + 0.5 - sides[1];
        const double right = column + 0.5 + sides[2], bottom = row + 0.5 + sides[3];
        const double box[4] = {(left + right) / 2, (top + bottom) / 2, right - left, bottom - top};
        for (size_t i = 0; i < 4; i++)
          to[i * anchors] = static_cast<float>(box[i] * static_cast<double>(shape.stride));
        const float* logits = map.data + static_cast<size_t>(row) * map.row +
                              static_cast<size_t>(column) * map.pixel +
                              static_cast<size_t>(4 * settings_.reg_max) * map.channel;
        for (size_t label = 0; label < static_cast<size_t>(settings_.classes); label++)
          to[(4 + label) * anchors] = Sigmoid(logits[label * map.channel]);
      }
    }
  }
}

size_t Detector::Anchors() const {
  const HeadShape& last = shapes_.back();
  return static_cast<size_t>(first_anchor_.back()) +
         static_cast<size_t>(last.height) * static_cast<size_t>(last.width);
}

// Distances from the middle of a cell to the left, top, right and bottom, in cells.
void Detector::Sides(const HeadMap& map, int x, int y, double* sides) const {
  const float* logits = map.data + static_cast<size_t>(y) * map.row + static_cast<size_t>(x) * map.pixel;
  for (int side = 0; side < 4; side++) {
    sides[side] = Distance(logits + static_cast<size_t>(side * settings_.reg_max) * map.channel, map.channel);
  }
}

// Expected bin of a softmax, in cells.
double Detector::Distance(const float* logits, size_t step) const {
  float largest = logits[0];
  for (int i = 1; i < settings_.reg_max; i++) {
    const float logit = logits[static_cast<size_t>(i) * step];
    if (logit > largest) largest = logit;
  }
  double sum = 0, weighted = 0;
  for (int i = 0; i < settings_.reg_max; i++) {
    const double e =
        Exp(static_cast<double>(logits[static_cast<size_t>(i) * step]) - static_cast<double>(largest));
    sum = sum + e;
    weighted = weighted + e * i;
  }
  return sum > 0 ? weighted / sum : 0.0;
}

}  // namespace saccade::detect
