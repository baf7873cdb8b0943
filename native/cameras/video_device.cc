#include "cameras/video_device.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#ifdef __linux__
#include <linux/videodev2.h>
#endif

namespace saccade::cameras {

VideoDevice::~VideoDevice() {
  Close();
}

int VideoDevice::Open(const char* path) {
  fd_ = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  return fd_ < 0 ? errno : 0;
}

int VideoDevice::Ioctl(uint32_t request, void* argument, size_t size) {
  // Bits 16 to 29 of a request are the size of its argument (asm-generic/ioctl.h): the kernel writes no more.
  if (((request >> 16) & 0x3FFF) != size) return EINVAL;
  if (fd_ < 0) return EBADF;
  int result;
  do {
    result = ioctl(fd_, static_cast<unsigned long>(request), argument);
  } while (result < 0 && errno == EINTR);
  return result < 0 ? errno : 0;
}

int VideoDevice::SetControl(uint32_t id, int64_t value) {
#ifdef __linux__
  v4l2_ext_control control = {};
  control.id = id;
  control.value64 = value;  // `value` of 32-bit controls is its lower half
  v4l2_ext_controls controls = {};
  controls.count = 1;
  controls.controls = &control;
  return Ioctl(VIDIOC_S_EXT_CTRLS, &controls, sizeof controls);
#else
  return ENOTSUP;
#endif
}

int VideoDevice::Map(size_t length, int64_t offset, uint8_t** data) {
  if (fd_ < 0) return EBADF;
  void* mapped = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, static_cast<off_t>(offset));
  if (mapped == MAP_FAILED) return errno;
  mappings_.push_back({mapped, length});
  *data = static_cast<uint8_t*>(mapped);
  return 0;
}

void VideoDevice::Close() {
  for (const Mapping& mapping : mappings_) munmap(mapping.data, mapping.length);
  Abandon();
}

void VideoDevice::Abandon() {
  mappings_.clear();
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

}  // namespace saccade::cameras
