#include "engine/memory.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace {

std::atomic<uint64_t> allocations{0};

void* Allocate(size_t bytes, size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (bytes == 0) bytes = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  void* memory = nullptr;
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

// The addon is built without exceptions: out of memory ends the process, except where nothrow is asked for.
void* AllocateOrEnd(size_t bytes, size_t alignment) {
  void* memory = Allocate(bytes, alignment);
  if (!memory) std::abort();
  return memory;
}

}  // namespace

// Counting replacements. native/addon/exports.map keeps them inside the addon, so Node's own are not touched.
void* operator new(size_t bytes) {
  return AllocateOrEnd(bytes, 1);
}
void* operator new[](size_t bytes) {
  return AllocateOrEnd(bytes, 1);
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return AllocateOrEnd(bytes, static_cast<size_t>(alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return AllocateOrEnd(bytes, static_cast<size_t>(alignment));
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes, 1);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes, 1);
}
void* operator new(size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace saccade::engine {

Buffer::Buffer(size_t bytes)
    : data_(static_cast<uint8_t*>(::operator new (bytes, std::align_val_t{64}, std::nothrow))),
      bytes_(data_ ? bytes : 0) {
  if (data_) std::memset(data_, 0, bytes);
}

Buffer::~Buffer() {
  if (data_) ::operator delete (data_, std::align_val_t{64});
}

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

uint64_t AllocationCount() {
  return allocations.load(std::memory_order_relaxed);
}

}  // namespace saccade::engine
