// The s16 form is that of NEON.
#include "kernels/conv.h"

#include "kernels/dotprod.h"
#include "kernels/table.h"

namespace saccade::kernels::dotprod {

void Conv8(const ConvArgs& args, const Part& part) {
  Conv<Dotprod, false>(args, part);
}

}  // namespace saccade::kernels::dotprod
