// EventDecoder and EventEncoder, for every format of native/events/registry.cc; typed in
// pipeline/events/native.ts.
#include "addon/packet.h"
#include "events/registry.h"

namespace saccade::addon {

namespace {

uint32_t Number(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0;
}
int64_t Micros(const Napi::Value& value) {
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : 0;
}
Napi::Number Count(Napi::Env env, int64_t count) {
  return Napi::Number::New(env, static_cast<double>(count));
}

// A range [from, to) of bytes; throws and returns false when it lies outside.
bool UnwrapRange(const Napi::CallbackInfo& info, uint8_t** bytes, size_t* size) {
  size_t length;
  if (!UnwrapBytes(info[0], bytes, &length)) return false;
  const uint32_t from = Number(info[1]), to = Number(info[2]);
  if (from > to || to > length) {
    Throw(info.Env(), "ERR_ARGUMENT", "the range lies outside the bytes");
    return false;
  }
  *bytes += from;
  *size = to - from;
  return true;
}

// new EventDecoder(format, width, height, origin): width and height 0 when they are not known; origin in µs
// is added to every stamp.
class EventDecoder : public Napi::ObjectWrap<EventDecoder> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "EventDecoder",
        {InstanceMethod<&EventDecoder::Decode>("decode"), InstanceMethod<&EventDecoder::Restart>("restart"),
         InstanceMethod<&EventDecoder::Save>("save"), InstanceMethod<&EventDecoder::Restore>("restore"),
         InstanceMethod<&EventDecoder::TakeFaults>("takeFaults"),
         InstanceMethod<&EventDecoder::TakeTriggers>("takeTriggers"),
         InstanceAccessor<&EventDecoder::Held>("held")});
  }

  explicit EventDecoder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EventDecoder>(info) {
    const std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
    stream_ = events::MakeDecoder(name, {Number(info[1]), Number(info[2])}, Micros(info[3]));
    if (!stream_) Throw(info.Env(), "ERR_ARGUMENT", "there is no native decoder \"" + name + "\"");
  }

 private:
  // decode(bytes, from, to, packet): bytes used; packet.length and packet.t0 are set.
  Napi::Value Decode(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint8_t* bytes;
    size_t size;
    events::Packet packet;
    if (!UnwrapRange(info, &bytes, &size) || !UnwrapPacket(info[3], &packet)) return env.Undefined();
    const size_t used = stream_->Decode(bytes, size, packet, report_);
    Napi::Object object = info[3].As<Napi::Object>();
    object.Set("length", Napi::Number::New(env, packet.length));
    object.Set("t0", Count(env, packet.t0));
    return Count(env, static_cast<int64_t>(used));
  }

  // restart(position, last?): as new, with the next byte at this offset, as if an event with the absolute
  // stamp `last` had come before it.
  void Restart(const Napi::CallbackInfo& info) {
    stream_->Restart(Micros(info[0]));
    if (info[1].IsNumber()) stream_->Follow(Micros(info[1]));
    report_ = {};
  }

  Napi::Value Save(const Napi::CallbackInfo& info) {
    Napi::Uint8Array state = Napi::Uint8Array::New(info.Env(), stream_->StateBytes());
    stream_->Save(state.Data());
    return state;
  }

  // restore(state): false when it is none.
  Napi::Value Restore(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint8_t* bytes;
    size_t size;
    if (!UnwrapBytes(info[0], &bytes, &size)) return env.Undefined();
    const bool restored = stream_->Restore(bytes, size);
    if (restored) report_ = {};
    return Napi::Boolean::New(env, restored);
  }

  // takeFaults(): [kind, count, offset of the first, kind, …] since the last call, undefined without any.
  Napi::Value TakeFaults(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    bool any = false;
    for (const uint64_t count : report_.faults) any |= count > 0;
    if (!any) return env.Undefined();
    Napi::Array list = Napi::Array::New(env);
    for (size_t kind = 0; kind < events::kFaults; kind++) {
      if (report_.faults[kind] == 0) continue;
      const uint32_t at = list.Length();
      list.Set(at, events::kFaultNames[kind]);
      list.Set(at + 1, Count(env, static_cast<int64_t>(report_.faults[kind])));
      list.Set(at + 2, Count(env, report_.first[kind]));
      report_.faults[kind] = 0;
    }
    return list;
  }

  // takeTriggers(): [t, id, value, t, …] since the last call, undefined without any.
  Napi::Value TakeTriggers(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (report_.trigger_count == 0) return env.Undefined();
    Napi::Array list = Napi::Array::New(env, 3 * report_.trigger_count);
    for (uint32_t i = 0; i < report_.trigger_count; i++) {
      list.Set(3 * i, Count(env, report_.triggers[i].t));
      list.Set(3 * i + 1, Count(env, report_.triggers[i].id));
      list.Set(3 * i + 2, Count(env, report_.triggers[i].value));
    }
    report_.trigger_count = 0;
    return list;
  }

  Napi::Value Held(const Napi::CallbackInfo& info) { return Count(info.Env(), stream_->Held()); }

  std::unique_ptr<events::Stream> stream_;
  events::Report report_;
};

// new EventEncoder(format, width, height, origin): origin in µs is subtracted from every stamp.
class EventEncoder : public Napi::ObjectWrap<EventEncoder> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "EventEncoder",
        {InstanceMethod<&EventEncoder::Encode>("encode"), InstanceMethod<&EventEncoder::Trigger>("trigger"),
         InstanceAccessor<&EventEncoder::Bytes>("bytes"), InstanceAccessor<&EventEncoder::Error>("error")});
  }

  explicit EventEncoder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EventEncoder>(info) {
    const std::string name = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
    encoder_ = events::MakeEncoder(name, {Number(info[1]), Number(info[2])}, Micros(info[3]));
    if (!encoder_) Throw(info.Env(), "ERR_ARGUMENT", "there is no native encoder \"" + name + "\"");
  }

 private:
  // encode(packet, from, to, out): index of the first event that was not written. `bytes` says how much of
  // `out` is filled; without `error` call again with the rest and a new `out`.
  Napi::Value Encode(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    events::Packet packet;
    events::Output out;
    if (!UnwrapPacket(info[0], &packet) || !UnwrapOutput(info[3], &out)) return env.Undefined();
    uint32_t at = Number(info[1]);
    const uint32_t to = Number(info[2]);
    if (at > to || to > packet.length) {
      Throw(env, "ERR_ARGUMENT", "the range lies outside the packet");
      return env.Undefined();
    }
    result_ = encoder_->Events(packet, &at, to, out);
    bytes_ = out.size;
    return Count(env, at);
  }

  // trigger(t, id, value, out): false when it wants to be called again with a new `out`.
  Napi::Value Trigger(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    events::Output out;
    if (!UnwrapOutput(info[3], &out)) return env.Undefined();
    result_ = encoder_->Edge({Micros(info[0]), Number(info[1]), Number(info[2])}, out);
    bytes_ = out.size;
    return Napi::Boolean::New(env, result_ != events::Encoded::kFull);
  }

  static bool UnwrapOutput(const Napi::Value& value, events::Output* out) {
    if (!UnwrapBytes(value, &out->data, &out->capacity)) return false;
    out->size = 0;
    if (out->capacity >= events::Encoder::kLeastRoom) return true;
    Throw(value.Env(), "ERR_ARGUMENT", "the output holds fewer than 64 bytes");
    return false;
  }

  Napi::Value Bytes(const Napi::CallbackInfo& info) {
    return Count(info.Env(), static_cast<int64_t>(bytes_));
  }

  // Why the last call stopped: "", "stamp", "silence" or "coordinate".
  Napi::Value Error(const Napi::CallbackInfo& info) {
    const char* name = result_ == events::Encoded::kStamp        ? "stamp"
                       : result_ == events::Encoded::kSilence    ? "silence"
                       : result_ == events::Encoded::kCoordinate ? "coordinate"
                                                                 : "";
    return Napi::String::New(info.Env(), name);
  }

  std::unique_ptr<events::Encoder> encoder_;
  events::Encoded result_ = events::Encoded::kAll;
  size_t bytes_ = 0;
};

}  // namespace

void ExportEvents(Napi::Env env, Napi::Object exports) {
  exports.Set("EventDecoder", EventDecoder::Define(env));
  exports.Set("EventEncoder", EventEncoder::Define(env));
}

}  // namespace saccade::addon
