#include "kernels/maps.h"

#include "kernels/table.h"

namespace saccade::kernels::avx2 {

void Add(const AddArgs& args, const Part& part) {
  AddMaps(args, part);
}
void Upsample(const UpsampleArgs& args, const Part& part) {
  UpsampleMap(args, part);
}
void MaxPool(const MaxPoolArgs& args, const Part& part) {
  MaxPoolMap(args, part);
}
void Concat(const ConcatArgs& args, const Part& part) {
  ConcatMap(args, part);
}
void Mean(const MeanArgs& args, const Part& part) {
  MeanMap(args, part);
}
int Frame(const FrameArgs& args, const Part& part) {
  return LoadFrame(args, part);
}

}  // namespace saccade::kernels::avx2
