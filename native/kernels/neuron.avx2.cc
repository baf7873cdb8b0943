#include "kernels/avx2.h"
#include "kernels/fire.h"
#include "kernels/table.h"

namespace saccade::kernels::avx2 {

void Neuron(const NeuronArgs& args, const Part& part) {
  FireMap<Avx2>(args, part);
}

}  // namespace saccade::kernels::avx2
