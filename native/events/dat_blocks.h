// Blocks of DAT records that are nothing but events inside their limits, nearly all of any file. PlainBlocks
// says what is meant; the others do the same with vectors. For dat.cc.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "events/dat.h"

namespace saccade::events {

namespace {

// Places in a record's second word.
template <DatKind kKind>
constexpr int kRowShift = kKind == DatKind::kV1 ? 9 : 14;
template <DatKind kKind>
constexpr int kColumnMask = kKind == DatKind::kV1 ? 0x1FF : 0x3FFF;
template <DatKind kKind>
constexpr int kRowMask = kKind == DatKind::kV1 ? 0xFF : 0x3FFF;
template <DatKind kKind>
constexpr int kPolarityShift = kKind == DatKind::kV1 ? 17 : 28;

struct Pixel {
  uint16_t x, y;
  uint8_t p;
};

template <DatKind kKind>
inline Pixel Unpack(uint32_t word) {
  return {static_cast<uint16_t>(word & kColumnMask<kKind>),
          static_cast<uint16_t>(word >> kRowShift<kKind> & kRowMask<kKind>),
          static_cast<uint8_t>(word >> kPolarityShift<kKind> & 1)};
}

// Between which stamps records need no new epoch and lie in the packet, and between which pixels on the
// sensor.
struct Limits {
  uint32_t base, span;  // raw stamps from base to base + span
  uint32_t offset;      // of a stamp from the packet's t0, less the raw stamp
  uint32_t right, bottom;
};

// Records that are tried at a time: of a sensor of known size, near in time, as nearly all are.
constexpr uint32_t kBlock = 16;

// Writes records behind the packet's last event, block after block of which all may stay there. Returns how
// many.
template <DatKind kKind>
size_t PlainBlocks(const uint8_t* bytes, size_t blocks, const Limits& limits, const Packet& packet) {
  for (size_t block = 0; block < blocks; block++) {
    uint32_t words[2 * kBlock];
    std::memcpy(words, bytes + block * sizeof words, sizeof words);
    const size_t n = packet.length + block * kBlock;
    uint32_t* __restrict t = packet.t + n;
    uint16_t* __restrict x = packet.x + n;
    uint16_t* __restrict y = packet.y + n;
    uint8_t* __restrict p = packet.p + n;
    uint32_t wrong = 0;
    for (uint32_t k = 0; k < kBlock; k++) {
      const uint32_t raw = words[2 * k];
      const Pixel pixel = Unpack<kKind>(words[2 * k + 1]);
      wrong |= (limits.right - pixel.x) | (limits.bottom - pixel.y);
      wrong |= raw - limits.base > limits.span ? 0x80000000u : 0;
      t[k] = raw + limits.offset;
      x[k] = pixel.x;
      y[k] = pixel.y;
      p[k] = pixel.p;
    }
    if (wrong >> 31) return block;
  }
  return blocks;
}

#if defined(__x86_64__)

// Sixteen numbers of two halves, which the shuffle below has mixed.
__attribute__((target("avx2"))) inline __m256i Pack(__m256i order, __m256i a, __m256i b) {
  return _mm256_permutevar8x32_epi32(_mm256_packus_epi32(a, b), order);
}

// The same with AVX2. Stamps and pixels of four records and four more are parted by one shuffle; its order,
// and that of packing to 16 bits, is undone by one permutation for each array.
template <DatKind kKind>
__attribute__((target("avx2"))) size_t WideBlocks(const uint8_t* bytes, size_t blocks, const Limits& limits,
                                                  const Packet& packet) {
  const __m256i column = _mm256_set1_epi32(kColumnMask<kKind>), line = _mm256_set1_epi32(kRowMask<kKind>);
  const __m256i one = _mm256_set1_epi32(1), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  const __m256i base = _mm256_set1_epi32(static_cast<int>(limits.base));
  const __m256i span = _mm256_set1_epi32(static_cast<int>(limits.span));
  const __m256i offset = _mm256_set1_epi32(static_cast<int>(limits.offset));
  const __m256i right = _mm256_set1_epi16(static_cast<int16_t>(limits.right));
  const __m256i bottom = _mm256_set1_epi16(static_cast<int16_t>(limits.bottom));
  const Packet out = packet;
  for (size_t block = 0; block < blocks; block++) {
    const __m256i* from = reinterpret_cast<const __m256i*>(bytes) + 4 * block;
    const size_t n = out.length + block * kBlock;
    __m256i stamps[2], pixels[2];
    for (int half = 0; half < 2; half++) {
      const __m256 a = _mm256_castsi256_ps(_mm256_loadu_si256(from + 2 * half));
      const __m256 b = _mm256_castsi256_ps(_mm256_loadu_si256(from + 2 * half + 1));
      stamps[half] = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
      pixels[half] = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xDD));
    }
    const __m256i x = Pack(order, _mm256_and_si256(pixels[0], column), _mm256_and_si256(pixels[1], column));
    const __m256i y = Pack(order, _mm256_and_si256(_mm256_srli_epi32(pixels[0], kRowShift<kKind>), line),
                           _mm256_and_si256(_mm256_srli_epi32(pixels[1], kRowShift<kKind>), line));
    const __m256i p = Pack(order, _mm256_and_si256(_mm256_srli_epi32(pixels[0], kPolarityShift<kKind>), one),
                           _mm256_and_si256(_mm256_srli_epi32(pixels[1], kPolarityShift<kKind>), one));
    // How far stamps and places lie beyond their limits: 0 where all is well.
    const __m256i early = _mm256_sub_epi32(stamps[0], base), late = _mm256_sub_epi32(stamps[1], base);
    const __m256i beyond =
        _mm256_or_si256(_mm256_or_si256(_mm256_sub_epi32(_mm256_max_epu32(early, span), span),
                                        _mm256_sub_epi32(_mm256_max_epu32(late, span), span)),
                        _mm256_or_si256(_mm256_subs_epu16(x, right), _mm256_subs_epu16(y, bottom)));
    if (!_mm256_testz_si256(beyond, beyond)) return block;
    for (int half = 0; half < 2; half++) {
      const __m256i t = _mm256_permute4x64_epi64(stamps[half], 0xD8);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.t + n) + half, _mm256_add_epi32(t, offset));
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.x + n), x);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.y + n), y);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out.p + n),
                     _mm_packus_epi16(_mm256_castsi256_si128(p), _mm256_extracti128_si256(p, 1)));
  }
  return blocks;
}

template <DatKind kKind>
const auto Blocks = __builtin_cpu_supports("avx2") ? WideBlocks<kKind> : PlainBlocks<kKind>;
#elif defined(__aarch64__)

// The same with NEON, which loads stamps and pixels apart.
template <DatKind kKind>
size_t WideBlocks(const uint8_t* bytes, size_t blocks, const Limits& limits, const Packet& packet) {
  const uint32x4_t base = vdupq_n_u32(limits.base), span = vdupq_n_u32(limits.span);
  const uint32x4_t offset = vdupq_n_u32(limits.offset);
  const uint16x4_t column = vdup_n_u16(kColumnMask<kKind>), line = vdup_n_u16(kRowMask<kKind>);
  const uint16x4_t right = vdup_n_u16(static_cast<uint16_t>(limits.right));
  const uint16x4_t bottom = vdup_n_u16(static_cast<uint16_t>(limits.bottom));
  const Packet out = packet;
  for (size_t block = 0; block < blocks; block++) {
    const size_t n = out.length + block * kBlock;
    uint32x4_t late = vdupq_n_u32(0);
    uint16x4_t outside = vdup_n_u16(0);
    for (uint32_t k = 0; k < kBlock; k += 4) {
      uint32_t words[8];
      std::memcpy(words, bytes + (block * kBlock + k) * kDatRecord, sizeof words);
      const uint32x4x2_t records = vld2q_u32(words);
      const uint32x4_t raw = records.val[0], pixel = records.val[1];
      const uint16x4_t x = vand_u16(vmovn_u32(pixel), column);
      const uint16x4_t y = vand_u16(vmovn_u32(vshrq_n_u32(pixel, kRowShift<kKind>)), line);
      const uint16x4_t p = vand_u16(vmovn_u32(vshrq_n_u32(pixel, kPolarityShift<kKind>)), vdup_n_u16(1));
      late = vorrq_u32(late, vcgtq_u32(vsubq_u32(raw, base), span));
      outside = vorr_u16(outside, vorr_u16(vcgt_u16(x, right), vcgt_u16(y, bottom)));
      vst1q_u32(out.t + n + k, vaddq_u32(raw, offset));
      vst1_u16(out.x + n + k, x);
      vst1_u16(out.y + n + k, y);
      const uint8x8_t bytes_of_p = vmovn_u16(vcombine_u16(p, p));
      vst1_lane_u32(reinterpret_cast<uint32_t*>(out.p + n + k), vreinterpret_u32_u8(bytes_of_p), 0);
    }
    if (vmaxvq_u32(late) != 0 || vmaxv_u16(outside) != 0) return block;
  }
  return blocks;
}

template <DatKind kKind>
constexpr auto Blocks = WideBlocks<kKind>;
#else
template <DatKind kKind>
constexpr auto Blocks = PlainBlocks<kKind>;
#endif

}  // namespace

}  // namespace saccade::events
