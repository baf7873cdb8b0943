#include "detect/nms.h"

#include <algorithm>

namespace saccade::detect {

namespace {

double Area(const Candidate& box) {
  return (static_cast<double>(box.x2) - box.x1) * (static_cast<double>(box.y2) - box.y1);
}

// Boxes are finite and ordered (distances are 0 to 63 cells); two empty boxes do not overlap.
double Overlap(const Candidate& a, const Candidate& b) {
  const double width = static_cast<double>(std::min(a.x2, b.x2)) - std::max(a.x1, b.x1);
  const double height = static_cast<double>(std::min(a.y2, b.y2)) - std::max(a.y1, b.y1);
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height;
  return both / (Area(a) + Area(b) - both);
}

}  // namespace

int Suppress(Candidate* boxes, int count, float iou, int max) {
  int kept = 0;
  for (int i = 0; i < count && kept < max; i++) {
    bool free = true;
    for (int k = 0; free && k < kept; k++) {
      free = boxes[k].label != boxes[i].label || !(Overlap(boxes[k], boxes[i]) > static_cast<double>(iou));
    }
    if (free) boxes[kept++] = boxes[i];
  }
  return kept;
}

}  // namespace saccade::detect
