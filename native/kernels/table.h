// The kernels of one instruction set, as a table that a session chooses once.
#pragma once

#include "kernels/args.h"
#include "kernels/isa.h"

namespace saccade::kernels {

// Cycles that the forms of a convolution take, measured; what dispatch by density computes with. What both
// forms do alike, the epilogue, is left out.
struct Costs {
  float dense_mac;   // of the dense form: per product,
  float block;       // per block of channels of an output pixel
  float pixel;       // of the sparse form: per output pixel,
  float kernel_row;  // per kernel row of one,
  float sixteen;     // per 16 bytes of the map that its list is made from,
  float mac;         // per product with an input that is not 0, padding of vectors and windows included
};

// Of sparse.h: vectors of sums that fit the registers, and channels of each. 0: there is no such form.
struct SparseForm {
  int sums = 0, lanes = 0;
  bool operator==(const SparseForm&) const = default;
};
// The units that have the kernels check these against their registers.
namespace avx2 {
inline constexpr SparseForm kSparse8Form{12, 16}, kSparse16Form{12, 8};
}
namespace avx512vnni {
inline constexpr SparseForm kSparse8Form{12, 32}, kSparse16Form{12, 16};
}
namespace neon {
inline constexpr SparseForm kSparse8Form{24, 8}, kSparse16Form{12, 8};
}

struct Table {
  Isa isa;
  int lanes;          // output channels per vector of the dense kernels
  int vectors = 2;    // vectors per block of output channels
  int narrow = 0;     // 16-bit sums per output channel in conv8, widened by segments; 0: sums of 32 bits
  int largest = 255;  // input of conv8 and of paired taps; less where the instructions take it as signed
  int paired = 0;     // channels per block of the depthwise kernel with paired taps; 0: none
  // Weights by tap, then channel, instead of by channel, then tap: of conv8; of conv16 and paired taps.
  bool by_tap8 = false, by_tap = false;
  // Of sums over what is not 0 (sparse.h); without, all convolutions are dense.
  Costs costs{};
  SparseForm sparse8_form{}, sparse16_form{};
  void (*conv8)(const ConvArgs&, const Part&);
  void (*conv16)(const ConvArgs&, const Part&);
  void (*depthwise)(const DepthwiseArgs&, const Part&);
  // `scratch`: ListSpace::bytes() of lists.h.
  void (*sparse8)(const SparseArgs&, const Part&, uint8_t* scratch) = nullptr;
  void (*sparse16)(const SparseArgs&, const Part&, uint8_t* scratch) = nullptr;
  void (*silence)(const SilentArgs&, const Part&) = nullptr;
  // Bytes that are not 0 in rows of `length` bytes, `row` apart.
  size_t (*nonzeros)(const uint8_t* from, size_t row, int rows, int length) = nullptr;
  void (*neuron)(const NeuronArgs&, const Part&);
  void (*realconv)(const RealConvArgs&, const Part&);
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
#define SACCADE_DECLARE_KERNELS(isa)                       \
  namespace isa {                                          \
  void Conv8(const ConvArgs&, const Part&);                \
  void Conv16(const ConvArgs&, const Part&);               \
  void Depthwise(const DepthwiseArgs&, const Part&);       \
  void Sparse8(const SparseArgs&, const Part&, uint8_t*);  \
  void Sparse16(const SparseArgs&, const Part&, uint8_t*); \
  void Silent(const SilentArgs&, const Part&);             \
  size_t Nonzeros(const uint8_t*, size_t, int, int);       \
  void RealConv(const RealConvArgs&, const Part&);         \
  void Neuron(const NeuronArgs&, const Part&);             \
  void Add(const AddArgs&, const Part&);                   \
  void Upsample(const UpsampleArgs&, const Part&);         \
  void MaxPool(const MaxPoolArgs&, const Part&);           \
  void Concat(const ConcatArgs&, const Part&);             \
  void Mean(const MeanArgs&, const Part&);                 \
  int Frame(const FrameArgs&, const Part&);                \
  }
SACCADE_DECLARE_KERNELS(scalar)
SACCADE_DECLARE_KERNELS(avx2)
SACCADE_DECLARE_KERNELS(avxvnni)
SACCADE_DECLARE_KERNELS(avx512vnni)
SACCADE_DECLARE_KERNELS(neon)
SACCADE_DECLARE_KERNELS(dotprod)
#undef SACCADE_DECLARE_KERNELS

}  // namespace saccade::kernels
