// A V4L2 device as far as the kernel's calls go: open, ioctl, mmap. What the calls mean, and in which order,
// is pipeline/sources/v4l2.ts; a test puts a script in the place of this file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace saccade::cameras {

class VideoDevice {
 public:
  VideoDevice() = default;
  VideoDevice(const VideoDevice&) = delete;
  VideoDevice& operator=(const VideoDevice&) = delete;
  ~VideoDevice();

  // All return 0 or an errno.
  int Open(const char* path);
  // The argument must have the size that the request names.
  int Ioctl(uint32_t request, void* argument, size_t size);
  // Sets a control, of 32 or 64 bits: the one call whose argument has a pointer in it.
  int SetControl(uint32_t id, int64_t value);
  // Maps a buffer of the driver's for reading.
  int Map(size_t length, int64_t offset, uint8_t** data);
  // Unmaps all, too.
  void Close();
  // Closes, and leaves what is mapped: somebody may still look at it.
  void Abandon();

  int fd() const { return fd_; }

 private:
  struct Mapping {
    void* data;
    size_t length;
  };
  int fd_ = -1;
  std::vector<Mapping> mappings_;
};

}  // namespace saccade::cameras
