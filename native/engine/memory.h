// Memory of the engine: aligned buffers that may fail politely, and a count of every allocation of the addon.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saccade::engine {

// 64-byte aligned, zeroed. data() is null when the memory was not there.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  uint8_t* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
};

// Calls of operator new in the addon since it was loaded, all threads. Tests assert that it stands still
// while a session runs.
uint64_t AllocationCount();

}  // namespace saccade::engine
