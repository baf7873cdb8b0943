#include "kernels/sparse.h"

#include "kernels/neon.h"
#include "kernels/silence.h"
#include "kernels/table.h"

namespace saccade::kernels::neon {

static_assert(kSparse8Form == FormOf<Neon, false>() && kSparse16Form == FormOf<Neon, true>());

void Sparse8(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  SparseConv<Neon, false>(args, part, scratch);
}
void Sparse16(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  SparseConv<Neon, true>(args, part, scratch);
}
void Silent(const SilentArgs& args, const Part& part) {
  Silence<Neon>(args, part);
}
size_t Nonzeros(const uint8_t* from, size_t row, int rows, int length) {
  return CountNonzeros(from, row, rows, length);
}

}  // namespace saccade::kernels::neon
