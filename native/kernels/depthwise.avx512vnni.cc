#include "kernels/depthwise.h"

#include "kernels/avx512.h"
#include "kernels/table.h"

namespace saccade::kernels::avx512vnni {

void Depthwise(const DepthwiseArgs& args, const Part& part) {
  DepthwiseConv<Avx512Vnni>(args, part);
}

}  // namespace saccade::kernels::avx512vnni
