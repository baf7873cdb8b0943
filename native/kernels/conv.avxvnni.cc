#include "kernels/conv.h"

#include "kernels/avxvnni.h"
#include "kernels/table.h"

namespace saccade::kernels::avxvnni {

void Conv8(const ConvArgs& args, const Part& part) {
  Conv<AvxVnni, false>(args, part);
}
void Conv16(const ConvArgs& args, const Part& part) {
  Conv<AvxVnni, true>(args, part);
}

}  // namespace saccade::kernels::avxvnni
