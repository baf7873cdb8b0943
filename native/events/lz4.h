// Blocks of LZ4, as the frames of AEDAT 4 have them. A block is a row of: a token (literals << 4 | length of
// a match less 4; 15 of either goes on in bytes that are added until one is not 255), the literals, and the
// match's distance back (uint16). The last one ends behind its literals.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saccade::events {

// Unpacks a block to out + at, `most` bytes of room there; matches may reach back to out[0], where the blocks
// before lie. Returns the bytes written, or -1 when the block is broken or holds more.
int64_t UnpackLz4(const uint8_t* block, size_t size, uint8_t* out, size_t at, size_t most);

// Packs up to 4 MiB. Returns the bytes written, or 0 when they would be more than `room`: the bytes are then
// stored as they are.
size_t PackLz4(const uint8_t* bytes, size_t size, uint8_t* out, size_t room);

}  // namespace saccade::events
