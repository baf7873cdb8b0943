#include "kernels/avx512.h"
#include "kernels/fire.h"
#include "kernels/table.h"

namespace saccade::kernels::avx512vnni {

void Neuron(const NeuronArgs& args, const Part& part) {
  FireMap<Avx512Vnni>(args, part);
}

}  // namespace saccade::kernels::avx512vnni
