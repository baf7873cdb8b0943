#include "kernels/sparse.h"

#include "kernels/avx512.h"
#include "kernels/silence.h"
#include "kernels/table.h"

namespace saccade::kernels::avx512vnni {

static_assert(kSparse8Form == FormOf<Avx512Vnni, false>() && kSparse16Form == FormOf<Avx512Vnni, true>());

void Sparse8(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  SparseConv<Avx512Vnni, false>(args, part, scratch);
}
void Sparse16(const SparseArgs& args, const Part& part, uint8_t* scratch) {
  SparseConv<Avx512Vnni, true>(args, part, scratch);
}
void Silent(const SilentArgs& args, const Part& part) {
  Silence<Avx512Vnni>(args, part);
}
size_t Nonzeros(const uint8_t* from, size_t row, int rows, int length) {
  return CountNonzeros(from, row, rows, length);
}

}  // namespace saccade::kernels::avx512vnni
