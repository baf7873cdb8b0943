// The filters; typed in pipeline/filters/native.ts. Arguments are checked there by schemas; here once more
// what would reach outside memory or divide by zero.
#include "filters/filters.h"

#include <memory>

#include "addon/packet.h"

namespace saccade::addon {

namespace {

int64_t Long(const Napi::CallbackInfo& info, size_t at) {
  return info[at].IsNumber() ? info[at].As<Napi::Number>().Int64Value() : -1;
}

bool Flag(const Napi::CallbackInfo& info, size_t at) {
  return info[at].IsBoolean() && info[at].As<Napi::Boolean>().Value();
}

// Throws and returns false unless the condition holds.
bool Check(const Napi::CallbackInfo& info, bool condition, const char* sentence) {
  if (!condition) Throw(info.Env(), "ERR_ARGUMENT", sentence);
  return condition;
}

bool IsTime(int64_t us) {
  return us >= 1 && us <= INT32_MAX;
}

// The first two arguments; throws and returns false for what is no sensor or too many pixels.
bool ReadSensor(const Napi::CallbackInfo& info, filters::Sensor* sensor) {
  const int64_t width = Long(info, 0);
  const int64_t height = Long(info, 1);
  if (!Check(info,
             width >= 1 && height >= 1 && width <= 65536 && height <= 65536 &&
                 static_cast<uint64_t>(width * height) <= filters::kMaxPixels,
             "a filter cannot keep state for a sensor of this size"))
    return false;
  *sensor = {static_cast<uint32_t>(width), static_cast<uint32_t>(height)};
  return true;
}

// A filter as a class of JS: `new Name(…)`, run(packet) -> events kept (packet.length is the caller's to
// set), reset(). `Kind` has kName, Filter, and Make(info) -> Filter*, nullptr when it threw.
template <class Kind>
class Wrapped : public Napi::ObjectWrap<Wrapped<Kind>> {
 public:
  static void Export(Napi::Env env, Napi::Object exports) {
    using Base = Napi::ObjectWrap<Wrapped<Kind>>;
    exports.Set(Kind::kName, Base::DefineClass(env, Kind::kName,
                                               {Base::template InstanceMethod<&Wrapped::Run>("run"),
                                                Base::template InstanceMethod<&Wrapped::Reset>("reset")}));
  }

  explicit Wrapped(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Wrapped<Kind>>(info), filter_(Kind::Make(info)) {}

 private:
  Napi::Value Run(const Napi::CallbackInfo& info) {
    events::Packet packet;
    if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
    return Napi::Number::New(info.Env(), filter_->Run(packet));
  }

  void Reset(const Napi::CallbackInfo&) { filter_->Reset(); }

  std::unique_ptr<typename Kind::Filter> filter_;
};

struct Refractory {  // width, height, us
  static constexpr const char* kName = "Refractory";
  using Filter = filters::Refractory;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    filters::Sensor sensor;
    const int64_t us = Long(info, 2);
    if (!ReadSensor(info, &sensor)) return nullptr;
    if (!Check(info, IsTime(us), "a refractory time must be 1 to 2^31 - 1 µs")) return nullptr;
    return std::make_unique<Filter>(sensor, us);
  }
};

struct HotPixels {  // width, height, periodUs, limit
  static constexpr const char* kName = "HotPixels";
  using Filter = filters::HotPixels;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    filters::Sensor sensor;
    const int64_t period = Long(info, 2);
    const int64_t limit = Long(info, 3);
    if (!ReadSensor(info, &sensor)) return nullptr;
    if (!Check(info, period >= 1 && limit >= 0 && limit <= UINT32_MAX, "the period or the limit is not one"))
      return nullptr;
    return std::make_unique<Filter>(sensor, period, static_cast<uint32_t>(limit));
  }
};

struct PixelMask {  // width, height, [x0, y0, x1, y1, …] as Uint16Array
  static constexpr const char* kName = "PixelMask";
  using Filter = filters::Mask;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    filters::Sensor sensor;
    if (!ReadSensor(info, &sensor)) return nullptr;
    if (!Check(info,
               info[2].IsTypedArray() && info[2].As<Napi::TypedArray>().TypedArrayType() == napi_uint16_array,
               "a Uint16Array of pixels was expected"))
      return nullptr;
    const Napi::Uint16Array pixels = info[2].As<Napi::Uint16Array>();
    auto mask = std::make_unique<Filter>(sensor);
    for (size_t i = 0; i + 1 < pixels.ElementLength(); i += 2) {
      if (mask->Mute(pixels[i], pixels[i + 1])) continue;
      Throw(info.Env(), "ERR_ARGUMENT",
            "the pixel " + std::to_string(pixels[i]) + "," + std::to_string(pixels[i + 1]) +
                " is not on a sensor of " + std::to_string(sensor.width) + "x" +
                std::to_string(sensor.height));
      return nullptr;
    }
    return mask;
  }
};

struct BackgroundActivity {  // width, height, us, support
  static constexpr const char* kName = "BackgroundActivity";
  using Filter = filters::BackgroundActivity;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    filters::Sensor sensor;
    const int64_t us = Long(info, 2);
    const int64_t support = Long(info, 3);
    if (!ReadSensor(info, &sensor)) return nullptr;
    if (!Check(info, IsTime(us) && support >= 1 && support <= 8, "the time or the support is not one"))
      return nullptr;
    return std::make_unique<Filter>(sensor, us, static_cast<int>(support));
  }
};

struct Trail {  // width, height, us
  static constexpr const char* kName = "Trail";
  using Filter = filters::Trail;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    filters::Sensor sensor;
    const int64_t us = Long(info, 2);
    if (!ReadSensor(info, &sensor)) return nullptr;
    if (!Check(info, IsTime(us), "a trail must be 1 to 2^31 - 1 µs")) return nullptr;
    return std::make_unique<Filter>(sensor, us);
  }
};

struct Contrast {  // width, height, us, cutTrail
  static constexpr const char* kName = "Contrast";
  using Filter = filters::Contrast;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    filters::Sensor sensor;
    const int64_t us = Long(info, 2);
    if (!ReadSensor(info, &sensor)) return nullptr;
    if (!Check(info, IsTime(us), "a burst must be 1 to 2^31 - 1 µs")) return nullptr;
    return std::make_unique<Filter>(sensor, us, Flag(info, 3));
  }
};

struct RateLimit {  // periodUs, budget
  static constexpr const char* kName = "RateLimit";
  using Filter = filters::RateLimit;
  static std::unique_ptr<Filter> Make(const Napi::CallbackInfo& info) {
    const int64_t period = Long(info, 0);
    const int64_t budget = Long(info, 1);
    if (!Check(info, period >= 1 && budget >= 1 && budget <= INT32_MAX,
               "the period or the budget is not one"))
      return nullptr;
    return std::make_unique<Filter>(period, static_cast<uint32_t>(budget));
  }
};

// swapPolarity(packet)
Napi::Value SwapPolarity(const Napi::CallbackInfo& info) {
  events::Packet packet;
  if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), filters::SwapPolarity(packet));
}

// keepPolarity(packet, on)
Napi::Value KeepPolarity(const Napi::CallbackInfo& info) {
  events::Packet packet;
  if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), filters::KeepPolarity(packet, Flag(info, 1)));
}

// keepRegion(packet, x, y, width, height, relative)
Napi::Value KeepRegion(const Napi::CallbackInfo& info) {
  events::Packet packet;
  if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
  const auto side = [&](size_t at) { return static_cast<uint32_t>(Long(info, at)); };
  const filters::Region region{side(1), side(2), side(3), side(4), Flag(info, 5)};
  return Napi::Number::New(info.Env(), filters::KeepRegion(packet, region));
}

// orient(packet, width, height, transpose, flipX, flipY)
Napi::Value Orient(const Napi::CallbackInfo& info) {
  events::Packet packet;
  if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
  const filters::Sensor sensor{static_cast<uint32_t>(Long(info, 1)), static_cast<uint32_t>(Long(info, 2))};
  const filters::Orientation orientation{Flag(info, 3), Flag(info, 4), Flag(info, 5)};
  return Napi::Number::New(info.Env(), filters::Orient(packet, sensor, orientation));
}

}  // namespace

void ExportFilters(Napi::Env env, Napi::Object exports) {
  Wrapped<Refractory>::Export(env, exports);
  Wrapped<HotPixels>::Export(env, exports);
  Wrapped<PixelMask>::Export(env, exports);
  Wrapped<BackgroundActivity>::Export(env, exports);
  Wrapped<Trail>::Export(env, exports);
  Wrapped<Contrast>::Export(env, exports);
  Wrapped<RateLimit>::Export(env, exports);
  exports.Set("swapPolarity", Napi::Function::New<SwapPolarity>(env, "swapPolarity"));
  exports.Set("keepPolarity", Napi::Function::New<KeepPolarity>(env, "keepPolarity"));
  exports.Set("keepRegion", Napi::Function::New<KeepRegion>(env, "keepRegion"));
  exports.Set("orient", Napi::Function::New<Orient>(env, "orient"));
}

}  // namespace saccade::addon
