// Packed bytes: what recordings pack their events with. Typed in pipeline/sources/codecs.ts.
#include "addon/packet.h"
#include "events/ecf.h"
#include "events/lz4.h"

namespace saccade::addon {

namespace {

size_t Size(const Napi::Value& value) {
  const int64_t size = value.IsNumber() ? value.As<Napi::Number>().Int64Value() : 0;
  return size > 0 ? static_cast<size_t>(size) : 0;
}

// unpackLz4(block, out, at, most): bytes written to `out` from `at` on, at most `most`; -1 for a broken
// block.
Napi::Value UnpackLz4(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint8_t *block, *out;
  size_t size, room;
  if (!UnwrapBytes(info[0], &block, &size) || !UnwrapBytes(info[1], &out, &room)) return env.Undefined();
  const size_t at = std::min(Size(info[2]), room);
  const size_t most = std::min(Size(info[3]), room - at);
  return Napi::Number::New(env, static_cast<double>(events::UnpackLz4(block, size, out, at, most)));
}

// packLz4(bytes, out): bytes written, 0 when `out` has no room for them.
Napi::Value PackLz4(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint8_t *bytes, *out;
  size_t size, room;
  if (!UnwrapBytes(info[0], &bytes, &size) || !UnwrapBytes(info[1], &out, &room)) return env.Undefined();
  return Napi::Number::New(env, static_cast<double>(events::PackLz4(bytes, size, out, room)));
}

// The elements of a typed array; nullptr, and `size` as it is, for another type. `size` is the least of all
// asked for.
template <class Element>
Element* Elements(const Napi::Value& value, napi_typedarray_type type, size_t* size) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) return nullptr;
  Napi::TypedArrayOf<Element> array = value.As<Napi::TypedArrayOf<Element>>();
  *size = std::min(*size, array.ElementLength());
  return array.Data();
}

// decodeEcf(chunk, t, x, y, p): events written to the front of the arrays, -1 for a broken chunk.
Napi::Value DecodeEcf(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  uint8_t* chunk;
  size_t size;
  if (!UnwrapBytes(info[0], &chunk, &size)) return env.Undefined();
  events::EcfEvents out;
  out.capacity = SIZE_MAX;
  out.t = Elements<double>(info[1], napi_float64_array, &out.capacity);
  out.x = Elements<uint16_t>(info[2], napi_uint16_array, &out.capacity);
  out.y = Elements<uint16_t>(info[3], napi_uint16_array, &out.capacity);
  out.p = Elements<uint8_t>(info[4], napi_uint8_array, &out.capacity);
  if (out.t == nullptr || out.x == nullptr || out.y == nullptr || out.p == nullptr) {
    Throw(env, "ERR_ARGUMENT", "arrays for t, x, y and p were expected");
    return env.Undefined();
  }
  return Napi::Number::New(env, static_cast<double>(events::DecodeEcf(chunk, size, out)));
}

}  // namespace

void ExportCodecs(Napi::Env env, Napi::Object exports) {
  exports.Set("unpackLz4", Napi::Function::New(env, UnpackLz4));
  exports.Set("decodeEcf", Napi::Function::New(env, DecodeEcf));
  exports.Set("packLz4", Napi::Function::New(env, PackLz4));
}

}  // namespace saccade::addon
