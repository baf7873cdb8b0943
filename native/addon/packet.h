// An EventPacket as it comes from JS: { buffer, length, t0 }, checked once per call.
#pragma once

#include "addon/addon.h"
#include "events/packet.h"

namespace saccade::addon {

// Throws and returns false when the value is not a packet.
inline bool UnwrapPacket(const Napi::Value& value, events::Packet* packet) {
  Napi::Env env = value.Env();
  if (value.IsObject()) {
    Napi::Object object = value.As<Napi::Object>();
    Napi::Value buffer = object.Get("buffer");
    Napi::Value length = object.Get("length");
    Napi::Value t0 = object.Get("t0");
    if (buffer.IsArrayBuffer() && length.IsNumber() && t0.IsNumber()) {
      Napi::ArrayBuffer memory = buffer.As<Napi::ArrayBuffer>();
      *packet = events::ViewOf(static_cast<uint8_t*>(memory.Data()), memory.ByteLength());
      packet->length = length.As<Napi::Number>().Uint32Value();
      packet->t0 = t0.As<Napi::Number>().Int64Value();
      if (packet->length <= packet->capacity) return true;
    }
  }
  Throw(env, "ERR_ARGUMENT", "an EventPacket was expected");
  return false;
}

// Unwraps a Uint8Array; throws and returns false when it is none.
inline bool UnwrapBytes(const Napi::Value& value, uint8_t** data, size_t* size) {
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    Napi::Uint8Array array = value.As<Napi::Uint8Array>();
    *data = array.Data();
    *size = array.ByteLength();
    return true;
  }
  Throw(value.Env(), "ERR_ARGUMENT", "a Uint8Array was expected");
  return false;
}

}  // namespace saccade::addon
