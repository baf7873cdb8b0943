#include "kernels/neuron.h"

#include "kernels/table.h"

namespace saccade::kernels::scalar {

void Neuron(const NeuronArgs& args, const Part& part) {
  FireMap(args, part);
}

}  // namespace saccade::kernels::scalar
