#include "kernels/conv.h"

#include "kernels/neon.h"
#include "kernels/table.h"

namespace saccade::kernels::neon {

void Conv8(const ConvArgs& args, const Part& part) {
  Conv<Neon, false>(args, part);
}
void Conv16(const ConvArgs& args, const Part& part) {
  Conv<Neon, true>(args, part);
}

}  // namespace saccade::kernels::neon
