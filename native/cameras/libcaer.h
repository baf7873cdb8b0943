// Cameras of iniVation through their own library, which is looked for when one is opened: nothing of it is
// needed to build. Function signatures and the layouts of what it hands over are those of libcaer 3.3 (soname
// libcaer.so.1).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "events/packet.h"
#include "events/stream.h"

namespace saccade::cameras {

enum class CaerKind : uint16_t { kDvs128 = 0, kDavis = 4, kDvxplorer = 8 };

// A struct that the library returns by value; ours is longer than any, so that a longer one than we know
// fits.
struct CaerInfo {
  alignas(8) uint8_t bytes[512];
};

// The functions of the library that are used.
struct CaerApi {
  void* (*open)(uint16_t id, uint16_t type, uint8_t bus, uint8_t address, const char* serial);
  bool (*close)(void** device);
  bool (*send_default_config)(void* device);
  bool (*config_set)(void* device, int8_t module, uint8_t parameter, uint32_t value);
  bool (*config_get)(void* device, int8_t module, uint8_t parameter, uint32_t* value);
  bool (*data_start)(void* device, void (*more)(void*), void (*less)(void*), void* more_user,
                     void (*gone)(void*), void* gone_user);
  bool (*data_stop)(void* device);
  void* (*data_get)(void* device);
  CaerInfo (*dvs128_info)(void* device);
  CaerInfo (*davis_info)(void* device);
  CaerInfo (*dvxplorer_info)(void* device);
  void (*log_level_set)(int level);
};

// Loads the library, once for each path, for good. Null and a sentence when it is absent or lacks a function.
const CaerApi* LoadCaer(const std::string& path, std::string* error);

// Events of the containers that the library hands over. A pure walk over its memory.
class CaerContainers {
 public:
  // No time comes before `told`: stamps of a clock that began anew go on from there.
  void Begin(int64_t told);
  // Appends from one container; false when the packet, or the list of triggers, takes no more of it: hand on
  // and come again.
  bool Decode(const uint8_t* container, events::Packet& packet, events::Report& report);

 private:
  bool Polarity(const uint8_t* header, events::Packet& packet, events::Report& report);
  bool Special(const uint8_t* header, events::Report& report);
  int64_t TimeOf(const uint8_t* header, const uint8_t* event);

  int32_t packet_ = 0;  // where it goes on
  int32_t event_ = 0;
  int64_t shift_ = 0;  // added to every stamp
  bool rebase_ = true;
  int64_t last_ = 0;
};

class CaerDevice {
 public:
  CaerDevice(const CaerApi* api, CaerKind kind) : api_(api), kind_(kind) {}
  CaerDevice(const CaerDevice&) = delete;
  CaerDevice& operator=(const CaerDevice&) = delete;
  ~CaerDevice() { Close(); }

  // An empty serial number takes any camera of the kind. False when there is none.
  bool Open(const std::string& serial);
  void Size(int* width, int* height, std::string* serial) const;
  bool SendDefaults() { return device_ && api_->send_default_config(device_); }
  bool Set(int8_t module, uint8_t parameter, uint32_t value) {
    return device_ && api_->config_set(device_, module, parameter, value);
  }
  // The callbacks come from the library's own thread.
  bool Start(void (*more)(void*), void (*gone)(void*), void* user, int64_t told);
  // Appends events. kMore: hand on and call again. kEmpty: nothing waits.
  enum class Taken { kMore, kDone, kEmpty };
  Taken Take(events::Packet& packet, events::Report& report);
  void Stop();
  void Close();

 private:
  const CaerApi* api_;
  CaerKind kind_;
  void* device_ = nullptr;
  bool started_ = false;
  uint8_t* container_ = nullptr;
  CaerContainers containers_;
};

}  // namespace saccade::cameras
