// Where every tensor lies. All maps share one block of memory; two maps may share bytes when no step needs
// both.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/memory.h"
#include "engine/plan.h"
#include "engine/schedule.h"
#include "kernels/args.h"

namespace saccade::engine {

// The layout of one tensor: NHWC, channels padded to a multiple of 4 (not those of the input: there the end
// of a kernel row is padded instead, since 2 or 3 channels padded to 4 would cost a third more products). u8
// maps have a border of zeros as wide as their consumers' padding.
struct Layout {
  bool stored = false;
  bool bytes_map = false;
  int channels = 0, height = 0, width = 0, steps = 1;
  int top = 0, left = 0, bottom = 0, right = 0;
  size_t offset = 0;  // in the arena
  size_t bytes = 0;   // slack included
  size_t Row() const { return static_cast<size_t>(left + width + right) * static_cast<size_t>(channels); }
  size_t Step() const { return static_cast<size_t>(top + height + bottom) * Row(); }
};

class Arena {
 public:
  // Most memory a network may ask for, weights included.
  static constexpr size_t kLimit = size_t{4} << 30;

  // Lays the tensors out and takes the memory. Empty, or one sentence.
  std::string Build(const Plan& plan, const PlanFacts& facts, const std::vector<Step>& steps);

  const Layout& At(int tensor) const { return layouts_[static_cast<size_t>(tensor)]; }
  kernels::RealMap Real(int tensor) const;
  kernels::SpikeMap Spikes(int tensor) const;
  // Zeroes the border of a u8 map, of these rows and what lies beside them: its bytes may have belonged to
  // another map before.
  void ClearBorder(int tensor, int row_begin, int row_end) const;
  size_t bytes() const { return memory_.bytes(); }
  size_t tensors() const { return layouts_.size(); }

 private:
  std::vector<Layout> layouts_;
  Buffer memory_;
};

}  // namespace saccade::engine
