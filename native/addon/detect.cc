// Head maps of another runtime -> boxes, by the code that the native session uses. Both functions take
// {heads: Float32Array[], shapes: [C, H, W][], strides, detect}.
#include <vector>

#include "addon/addon.h"
#include "addon/plan.h"
#include "detect/detector.h"

namespace saccade::addon {

namespace {

// False and an exception when the options do not fit each other.
bool ReadHeads(const Napi::CallbackInfo& info, detect::Detector* detector,
               std::vector<detect::HeadMap>* maps) {
  Napi::Env env = info.Env();
  std::string error;
  Options options(info[0].IsObject() ? info[0].As<Napi::Object>() : Napi::Object::New(env), "heads", &error);
  const detect::Settings settings = ReadSettings(options.Child("detect"));
  const std::vector<float> strides = ReadFloats(options, "strides", 64);
  const Napi::Array heads = options.Array("heads", 64);
  const Napi::Array shapes = options.Array("shapes", 64);
  if (error.empty() && (heads.Length() != shapes.Length() || heads.Length() != strides.size())) {
    error = "heads, shapes and strides differ in number";
  }
  std::vector<detect::HeadShape> head_shapes;
  for (uint32_t i = 0; i < heads.Length() && error.empty(); i++) {
    const Napi::Value data = heads.Get(i);
    const Napi::Value shape = shapes.Get(i);
    if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_float32_array ||
        !shape.IsArray()) {
      error = "a head must be a Float32Array with a shape [C, H, W]";
      break;
    }
    Options sides(shape.As<Napi::Object>(), "shape", &error);
    constexpr int kMaxSide = 1 << 14;
    const int channels = sides.Int("0", 1, kMaxSide), height = sides.Int("1", 1, kMaxSide),
              width = sides.Int("2", 1, kMaxSide);
    const auto array = data.As<Napi::Float32Array>();
    const size_t plane = static_cast<size_t>(height) * static_cast<size_t>(width);
    if (error.empty() && array.ElementLength() != static_cast<size_t>(channels) * plane) {
      error = "a head's length is not the product of its shape";
    }
    head_shapes.push_back({channels, height, width, strides[i]});
    maps->push_back({array.Data(), plane, static_cast<size_t>(width), 1});
  }
  if (error.empty()) error = detector->Prepare(settings, head_shapes);
  if (!error.empty()) Throw(env, "ERR_MODEL", error);
  return error.empty();
}

// -> {count, rows}: what the session would find.
Napi::Value DecodeHeads(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  detect::Detector detector;
  std::vector<detect::HeadMap> maps;
  if (!ReadHeads(info, &detector, &maps)) return env.Undefined();
  Napi::Float32Array rows = Napi::Float32Array::New(env, detector.RowFloats());
  Napi::Object result = Napi::Object::New(env);
  result.Set("count", detector.Run(maps.data(), rows.Data()));
  result.Set("rows", rows);
  return result;
}

// -> Float32Array [4 + classes, anchors]: every anchor, unclipped.
Napi::Value DecodeAnchors(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  detect::Detector detector;
  std::vector<detect::HeadMap> maps;
  if (!ReadHeads(info, &detector, &maps)) return env.Undefined();
  const size_t rows = 4 + static_cast<size_t>(detector.settings().classes);
  Napi::Float32Array y = Napi::Float32Array::New(env, rows * detector.Anchors());
  detector.DecodeAll(maps.data(), y.Data());
  return y;
}

}  // namespace

void ExportDetect(Napi::Env env, Napi::Object exports) {
  exports.Set("decodeHeads", Napi::Function::New(env, DecodeHeads, "decodeHeads"));
  exports.Set("decodeAnchors", Napi::Function::New(env, DecodeAnchors, "decodeAnchors"));
}

}  // namespace saccade::addon
