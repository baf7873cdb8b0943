#include "kernels/sparse.h"

#include "kernels/avx2.h"
#include "kernels/silence.h"
#include "kernels/table.h"

namespace saccade::kernels::avx2 {

static_assert(kSparse8Form == FormOf<Avx2, false>() && kSparse16Form == FormOf<Avx2, true>());

void Sparse8(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  SparseConv<Avx2, false>(args, part, scratch);
}
void Sparse16(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  SparseConv<Avx2, true>(args, part, scratch);
}
void Silent(const SilentArgs& args, const Part& part) {
  Silence<Avx2>(args, part);
}
size_t Nonzeros(const uint8_t* from, size_t row, int rows, int length) {
  return CountNonzeros(from, row, rows, length);
}

}  // namespace saccade::kernels::avx2
