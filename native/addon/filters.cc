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

// The first two arguments; throws and returns false for what is no sensor or too many pixels.
bool ReadSensor(const Napi::CallbackInfo& info, filters::Sensor* sensor) {
  const int64_t width = Long(info, 0);
  const int64_t height = Long(info, 1);
  if (width >= 1 && height >= 1 && width <= 65536 && height <= 65536 &&
      static_cast<uint64_t>(width * height) <= filters::kMaxPixels) {
    *sensor = {static_cast<uint32_t>(width), static_cast<uint32_t>(height)};
    return true;
  }
  Throw(info.Env(), "ERR_ARGUMENT", "a filter cannot keep state for a sensor of this size");
  return false;
}

// run(packet) of any filter: events kept; packet.length is the caller's to set.
template <class Filter>
Napi::Value RunFilter(const Napi::CallbackInfo& info, Filter& filter) {
  events::Packet packet;
  if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), filter.Run(packet));
}

// new Refractory(width, height, us)
class Refractory : public Napi::ObjectWrap<Refractory> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Refractory",
        {InstanceMethod<&Refractory::Run>("run"), InstanceMethod<&Refractory::Reset>("reset")});
  }

  explicit Refractory(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Refractory>(info) {
    filters::Sensor sensor;
    if (!ReadSensor(info, &sensor)) return;
    const int64_t us = Long(info, 2);
    if (us >= 1 && us <= INT32_MAX)
      filter_ = std::make_unique<filters::Refractory>(sensor, us);
    else
      Throw(info.Env(), "ERR_ARGUMENT", "a refractory time must be 1 to 2^31 - 1 µs");
  }

 private:
  Napi::Value Run(const Napi::CallbackInfo& info) { return RunFilter(info, *filter_); }
  void Reset(const Napi::CallbackInfo&) { filter_->Reset(); }

  std::unique_ptr<filters::Refractory> filter_;
};

// new HotPixels(width, height, periodUs, limit)
class HotPixels : public Napi::ObjectWrap<HotPixels> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "HotPixels",
                       {InstanceMethod<&HotPixels::Run>("run"), InstanceMethod<&HotPixels::Reset>("reset")});
  }

  explicit HotPixels(const Napi::CallbackInfo& info) : Napi::ObjectWrap<HotPixels>(info) {
    filters::Sensor sensor;
    if (!ReadSensor(info, &sensor)) return;
    const int64_t period = Long(info, 2);
    const int64_t limit = Long(info, 3);
    if (period >= 1 && limit >= 0 && limit <= UINT32_MAX)
      filter_ = std::make_unique<filters::HotPixels>(sensor, period, static_cast<uint32_t>(limit));
    else
      Throw(info.Env(), "ERR_ARGUMENT", "the period or the limit is not one");
  }

 private:
  Napi::Value Run(const Napi::CallbackInfo& info) { return RunFilter(info, *filter_); }
  void Reset(const Napi::CallbackInfo&) { filter_->Reset(); }

  std::unique_ptr<filters::HotPixels> filter_;
};

// new PixelMask(width, height, [x0, y0, x1, y1, …] as Uint16Array)
class PixelMask : public Napi::ObjectWrap<PixelMask> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "PixelMask", {InstanceMethod<&PixelMask::Run>("run")});
  }

  explicit PixelMask(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PixelMask>(info) {
    filters::Sensor sensor;
    if (!ReadSensor(info, &sensor)) return;
    if (!info[2].IsTypedArray() || info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint16_array) {
      Throw(info.Env(), "ERR_ARGUMENT", "a Uint16Array of pixels was expected");
      return;
    }
    const Napi::Uint16Array pixels = info[2].As<Napi::Uint16Array>();
    filter_ = std::make_unique<filters::Mask>(sensor);
    for (size_t i = 0; i + 1 < pixels.ElementLength(); i += 2) {
      if (filter_->Mute(pixels[i], pixels[i + 1])) continue;
      Throw(info.Env(), "ERR_ARGUMENT",
            "the pixel " + std::to_string(pixels[i]) + "," + std::to_string(pixels[i + 1]) +
                " is not on a sensor of " + std::to_string(sensor.width) + "x" +
                std::to_string(sensor.height));
      return;
    }
  }

 private:
  Napi::Value Run(const Napi::CallbackInfo& info) { return RunFilter(info, *filter_); }

  std::unique_ptr<filters::Mask> filter_;
};

// swapPolarity(packet)
Napi::Value SwapPolarity(const Napi::CallbackInfo& info) {
  events::Packet packet;
  if (!UnwrapPacket(info[0], &packet)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), filters::SwapPolarity(packet));
}

}  // namespace

void ExportFilters(Napi::Env env, Napi::Object exports) {
  exports.Set("Refractory", Refractory::Define(env));
  exports.Set("HotPixels", HotPixels::Define(env));
  exports.Set("PixelMask", PixelMask::Define(env));
  exports.Set("swapPolarity", Napi::Function::New<SwapPolarity>(env, "swapPolarity"));
}

}  // namespace saccade::addon
