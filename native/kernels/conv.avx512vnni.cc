#include "kernels/conv.h"

#include "kernels/avx512.h"
#include "kernels/table.h"

namespace saccade::kernels::avx512vnni {

void Conv8(const ConvArgs& args, const Part& part) {
  Conv<Avx512Vnni, false>(args, part);
}
void Conv16(const ConvArgs& args, const Part& part) {
  Conv<Avx512Vnni, true>(args, part);
}

}  // namespace saccade::kernels::avx512vnni
