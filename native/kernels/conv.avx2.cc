#include "kernels/conv.h"

#include "kernels/avx2.h"
#include "kernels/table.h"

namespace saccade::kernels::avx2 {

void Conv8(const ConvArgs& args, const Part& part) {
  Conv<Avx2, false>(args, part);
}
void Conv16(const ConvArgs& args, const Part& part) {
  Conv<Avx2, true>(args, part);
}

}  // namespace saccade::kernels::avx2
