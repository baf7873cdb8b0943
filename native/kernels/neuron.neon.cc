#include "kernels/fire.h"
#include "kernels/neon.h"
#include "kernels/table.h"

namespace saccade::kernels::neon {

void Neuron(const NeuronArgs& args, const Part& part) {
  FireMap<Neon>(args, part);
}

}  // namespace saccade::kernels::neon
