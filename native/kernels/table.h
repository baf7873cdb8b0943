// The kernels of one instruction set, as a table that a session chooses once.
#pragma once

#include "kernels/args.h"
#include "kernels/isa.h"

namespace saccade::kernels {

struct Table {
  Isa isa;
  int lanes;    // output channels per vector of the dense kernels
  int vectors;  // vectors per block of output channels
  bool narrow;  // s8 products are summed in 16 bits and widened by segments
  int paired;   // channels per block of the depthwise kernel with paired taps; 0: none
  void (*conv8)(const ConvArgs&, const Part&);
  void (*conv16)(const ConvArgs&, const Part&);
  void (*depthwise)(const DepthwiseArgs&, const Part&);
  void (*realconv)(const RealConvArgs&, const Part&);
  void (*neuron)(const NeuronArgs&, const Part&);
  void (*add)(const AddArgs&, const Part&);
  void (*upsample)(const UpsampleArgs&, const Part&);
  void (*maxpool)(const MaxPoolArgs&, const Part&);
  void (*concat)(const ConcatArgs&, const Part&);
  void (*mean)(const MeanArgs&, const Part&);
  int (*frame)(const FrameArgs&, const Part&);
};

const Table& TableOf(Isa isa);

// One namespace per instruction set; the functions live in <name>.<isa>.cc.
#define SACCADE_DECLARE_KERNELS(isa)                 \
  namespace isa {                                    \
  void Conv8(const ConvArgs&, const Part&);          \
  void Conv16(const ConvArgs&, const Part&);         \
  void Depthwise(const DepthwiseArgs&, const Part&); \
  void RealConv(const RealConvArgs&, const Part&);   \
  void Neuron(const NeuronArgs&, const Part&);       \
  void Add(const AddArgs&, const Part&);             \
  void Upsample(const UpsampleArgs&, const Part&);   \
  void MaxPool(const MaxPoolArgs&, const Part&);     \
  void Concat(const ConcatArgs&, const Part&);       \
  void Mean(const MeanArgs&, const Part&);           \
  int Frame(const FrameArgs&, const Part&);          \
  }
SACCADE_DECLARE_KERNELS(scalar)
SACCADE_DECLARE_KERNELS(avx2)
SACCADE_DECLARE_KERNELS(avx512vnni)
#undef SACCADE_DECLARE_KERNELS

}  // namespace saccade::kernels
