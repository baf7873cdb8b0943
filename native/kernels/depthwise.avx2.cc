#include "kernels/depthwise.h"

#include "kernels/avx2.h"
#include "kernels/table.h"

namespace saccade::kernels::avx2 {

void Depthwise(const DepthwiseArgs& args, const Part& part) {
  DepthwiseConv<Avx2>(args, part);
}

}  // namespace saccade::kernels::avx2
