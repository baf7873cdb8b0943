#include "kernels/depthwise.h"

#include "kernels/neon.h"
#include "kernels/table.h"

namespace saccade::kernels::neon {

void Depthwise(const DepthwiseArgs& args, const Part& part) {
  DepthwiseConv<Neon>(args, part);
}

}  // namespace saccade::kernels::neon
