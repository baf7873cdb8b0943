#include "cameras/libcaer.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

namespace saccade::cameras {

namespace {

using events::Fault;
using events::Load;

constexpr int kLogCritical = 2;  // what goes wrong is told by our own sentences

// A container: its packets' number at 24, pointers to them from 28 on.
constexpr size_t kContainerPackets = 24, kContainerFirst = 28;
constexpr int32_t kMostPackets = 64;
// A packet: header, then events.
constexpr size_t kHeaderBytes = 28, kEventSize = 4, kTsOffset = 8, kOverflow = 12, kCapacity = 16,
                 kNumber = 20;
constexpr int16_t kTypeSpecial = 0, kTypePolarity = 1;
constexpr int32_t kEventBytes = 8;
constexpr uint32_t kTimestampReset = 1;

uint8_t* PacketOf(const uint8_t* container, int32_t index) {
  return Load<uint8_t*>(container + kContainerFirst + sizeof(void*) * static_cast<size_t>(index));
}

int32_t PacketsIn(const uint8_t* container) {
  return std::clamp(Load<int32_t>(container + kContainerPackets), 0, kMostPackets);
}

int32_t EventsIn(const uint8_t* header) {
  return std::clamp(Load<int32_t>(header + kNumber), 0, std::max(0, Load<int32_t>(header + kCapacity)));
}

// The library frees with free(), in functions that are inline in its headers.
void Free(uint8_t* container) {
  for (int32_t i = 0; i < PacketsIn(container); i++) std::free(PacketOf(container, i));
  std::free(container);
}

// Edges of the three inputs: rising, falling, and a pulse of a length that is not told.
bool EdgeOf(uint32_t type, uint32_t* id, uint32_t* value) {
  if (type < 2 || type > 11 || type == 5) return false;
  const uint32_t of_input = type < 5 ? type - 2 : (type - 6) % 3;
  *id = type < 5 ? 0 : 1 + (type - 6) / 3;
  *value = of_input == 1 ? 0 : 1;
  return true;
}

}  // namespace

const CaerApi* LoadCaer(const std::string& path, std::string* error) {
  static std::map<std::string, CaerApi> loaded;
  if (const auto known = loaded.find(path); known != loaded.end()) return &known->second;
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    *error = dlerror();
    return nullptr;
  }
  CaerApi api;
  const auto find = [&](const char* name, auto* function) {
    *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(dlsym(library, name));
    if (*function == nullptr && error->empty()) *error = path + " has no function " + name;
  };
  find("caerDeviceOpen", &api.open);
  find("caerDeviceClose", &api.close);
  find("caerDeviceSendDefaultConfig", &api.send_default_config);
  find("caerDeviceConfigSet", &api.config_set);
  find("caerDeviceConfigGet", &api.config_get);
  find("caerDeviceDataStart", &api.data_start);
  find("caerDeviceDataStop", &api.data_stop);
  find("caerDeviceDataGet", &api.data_get);
  find("caerDVS128InfoGet", &api.dvs128_info);
  find("caerDavisInfoGet", &api.davis_info);
  find("caerDVXplorerInfoGet", &api.dvxplorer_info);
  find("caerLogLevelSet", &api.log_level_set);
  if (!error->empty()) {
    dlclose(library);
    return nullptr;
  }
  api.log_level_set(kLogCritical);
  return &loaded.emplace(path, api).first->second;
}

void CaerContainers::Begin(int64_t told) {
  packet_ = event_ = 0;
  last_ = told;
  rebase_ = true;
}

bool CaerContainers::Decode(const uint8_t* container, events::Packet& packet, events::Report& report) {
  for (; packet_ < PacketsIn(container); packet_++, event_ = 0) {
    const uint8_t* header = PacketOf(container, packet_);
    if (header == nullptr) continue;
    const int16_t type = Load<int16_t>(header);
    // Frames, inertial events and what later versions add.
    if (type < kTypeSpecial || type > kTypePolarity || Load<int32_t>(header + kEventSize) != kEventBytes) {
      report.Count(Fault::kOther, 0, static_cast<uint64_t>(EventsIn(header)));
    } else if (!(type == kTypePolarity ? Polarity(header, packet, report) : Special(header, report))) {
      return false;
    }
  }
  packet_ = event_ = 0;
  return true;
}

bool CaerContainers::Polarity(const uint8_t* header, events::Packet& packet, events::Report& report) {
  for (; event_ < EventsIn(header); event_++) {
    const uint8_t* event = header + kHeaderBytes + kEventBytes * event_;
    const uint32_t data = Load<uint32_t>(event);
    if ((data & 1) == 0) {
      report.Count(Fault::kOther, 0);
      continue;
    }
    const int64_t t = TimeOf(header, event);
    if (!Fits(packet, t)) return false;
    Append(packet, t, static_cast<uint16_t>(data >> 17), static_cast<uint16_t>(data >> 2 & 0x7FFF),
           data >> 1 & 1);
    last_ = std::max(last_, t);
  }
  return true;
}

bool CaerContainers::Special(const uint8_t* header, events::Report& report) {
  for (; event_ < EventsIn(header); event_++) {
    const uint8_t* event = header + kHeaderBytes + kEventBytes * event_;
    const uint32_t data = Load<uint32_t>(event), type = data >> 1 & 0x7F;
    if ((data & 1) == 0) continue;
    if (type == kTimestampReset) rebase_ = true;
    events::Trigger trigger;
    if (!EdgeOf(type, &trigger.id, &trigger.value)) continue;
    trigger.t = TimeOf(header, event);
    if (!report.Add(trigger)) return false;
  }
  return true;
}

int64_t CaerContainers::TimeOf(const uint8_t* header, const uint8_t* event) {
  const int64_t overflow = std::max(0, Load<int32_t>(header + kOverflow));
  const int64_t t = overflow << 31 | (Load<int32_t>(event + 4) & 0x7FFFFFFF);
  if (rebase_) shift_ = std::max<int64_t>(0, last_ - t);
  rebase_ = false;
  return t + shift_;
}

bool CaerDevice::Open(const std::string& serial) {
  Close();
  const char* wanted = serial.empty() ? nullptr : serial.c_str();
  device_ = api_->open(1, static_cast<uint16_t>(kind_), 0, 0, wanted);
  return device_ != nullptr;
}

void CaerDevice::Size(int* width, int* height, std::string* serial) const {
  const bool is_dvs128 = kind_ == CaerKind::kDvs128;
  const CaerInfo info = is_dvs128                   ? api_->dvs128_info(device_)
                        : kind_ == CaerKind::kDavis ? api_->davis_info(device_)
                                                    : api_->dvxplorer_info(device_);
  const size_t at = is_dvs128 ? 28 : 32;
  *width = Load<int16_t>(info.bytes + at);
  *height = Load<int16_t>(info.bytes + at + 2);
  const char* text = reinterpret_cast<const char*>(info.bytes + 2);
  serial->assign(text, strnlen(text, 8));
}

bool CaerDevice::Start(void (*more)(void*), void (*gone)(void*), void* user, int64_t told) {
  containers_.Begin(told);
  started_ = device_ && api_->data_start(device_, more, nullptr, user, gone, user);
  return started_;
}

CaerDevice::Taken CaerDevice::Take(events::Packet& packet, events::Report& report) {
  if (container_ == nullptr && started_) container_ = static_cast<uint8_t*>(api_->data_get(device_));
  if (container_ == nullptr) return Taken::kEmpty;
  if (!containers_.Decode(container_, packet, report)) return Taken::kMore;
  Free(container_);
  container_ = nullptr;
  return Taken::kDone;
}

void CaerDevice::Stop() {
  if (started_) api_->data_stop(device_);
  started_ = false;
  if (container_ != nullptr) Free(container_);
  container_ = nullptr;
}

void CaerDevice::Close() {
  Stop();
  if (device_ != nullptr) api_->close(&device_);
  device_ = nullptr;
}

}  // namespace saccade::cameras
