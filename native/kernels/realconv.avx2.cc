#include "kernels/realconv.h"

#include "kernels/table.h"

namespace saccade::kernels::avx2 {

void RealConv(const RealConvArgs& args, const Part& part) {
  RealConvolve(args, part);
}

}  // namespace saccade::kernels::avx2
