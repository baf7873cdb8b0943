// The kernels of one instruction set, as a table that a session chooses once.
#pragma once

#include "kernels/args.h"
#include "kernels/isa.h"

namespace saccade::kernels {

struct Table {
  Isa isa;
  int lanes;          // output channels per vector of the dense kernels
  int vectors = 2;    // vectors per block of output channels
  int narrow = 0;     // 16-bit sums per output channel in conv8, widened by segments; 0: sums of 32 bits
  int largest = 255;  // input of conv8 and of paired taps; less where the instructions take it as signed
  int paired = 0;     // channels per block of the depthwise kernel with paired taps; 0: none
  // Weights by tap, then channel, instead of by channel, then tap: of conv8; of conv16 and paired taps.
  bool by_tap8 = false, by_tap = false;
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

// One namespace per instruction set; the functions live in <name>.<isa>.cc. A set that extends another one
// has only what differs.
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
SACCADE_DECLARE_KERNELS(avxvnni)
SACCADE_DECLARE_KERNELS(avx512vnni)
SACCADE_DECLARE_KERNELS(neon)
SACCADE_DECLARE_KERNELS(dotprod)
#undef SACCADE_DECLARE_KERNELS

}  // namespace saccade::kernels
