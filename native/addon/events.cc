// DatDecoder and DatEncoder; typed in pipeline/events/native.ts.
#include "addon/packet.h"
#include "events/dat.h"

namespace saccade::addon {

namespace {

uint32_t Number(const Napi::CallbackInfo& info, size_t at) {
  return info[at].IsNumber() ? info[at].As<Napi::Number>().Uint32Value() : 0;
}

// new DatDecoder(version, width, height); width and height 0 when they are not known.
class DatDecoder : public Napi::ObjectWrap<DatDecoder> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "DatDecoder",
        {InstanceMethod<&DatDecoder::Decode>("decode"), InstanceMethod<&DatDecoder::Restart>("restart"),
         InstanceAccessor<&DatDecoder::OutOfRange>("outOfRange")});
  }

  explicit DatDecoder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DatDecoder>(info) {
    decoder_.version = Number(info, 0) == 1 ? 1 : 2;
    decoder_.width = Number(info, 1);
    decoder_.height = Number(info, 2);
  }

 private:
  // decode(bytes, from, to, packet): bytes used; packet.length and packet.t0 are set.
  Napi::Value Decode(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint8_t* bytes;
    size_t size;
    events::Packet packet;
    if (!UnwrapBytes(info[0], &bytes, &size) || !UnwrapPacket(info[3], &packet)) return env.Undefined();
    const uint32_t from = Number(info, 1);
    const uint32_t to = Number(info, 2);
    if (from > to || to > size) {
      Throw(env, "ERR_ARGUMENT", "the range lies outside the bytes");
      return env.Undefined();
    }
    const size_t used = events::Decode(decoder_, bytes + from, to - from, packet);
    Napi::Object object = info[3].As<Napi::Object>();
    object.Set("length", Napi::Number::New(env, packet.length));
    object.Set("t0", Napi::Number::New(env, static_cast<double>(packet.t0)));
    return Napi::Number::New(env, static_cast<double>(used));
  }

  // restart(epoch, last): as if the record before had the absolute stamp epoch + last; without arguments as
  // if new.
  void Restart(const Napi::CallbackInfo& info) {
    decoder_.tail_length = 0;
    decoder_.clock = {};
    if (!info[0].IsNumber()) return;
    decoder_.clock.epoch = info[0].As<Napi::Number>().Int64Value();
    decoder_.clock.last = Number(info, 1);
    decoder_.clock.started = true;
  }

  Napi::Value OutOfRange(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(decoder_.out_of_range));
  }

  events::DatDecoder decoder_;
};

// new DatEncoder(width, height, origin); origin in µs is subtracted from every stamp.
class DatEncoder : public Napi::ObjectWrap<DatEncoder> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "DatEncoder",
        {InstanceMethod<&DatEncoder::Encode>("encode"), InstanceAccessor<&DatEncoder::Error>("error")});
  }

  explicit DatEncoder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DatEncoder>(info) {
    encoder_.width = Number(info, 0);
    encoder_.height = Number(info, 1);
    if (info[2].IsNumber()) encoder_.origin = info[2].As<Napi::Number>().Int64Value();
  }

 private:
  // encode(packet, out): events written; fewer than packet.length when the next one cannot be (see `error`).
  Napi::Value Encode(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint8_t* out;
    size_t size;
    events::Packet packet;
    if (!UnwrapPacket(info[0], &packet) || !UnwrapBytes(info[1], &out, &size)) return env.Undefined();
    if (size < packet.length * events::kDatRecord) {
      Throw(env, "ERR_ARGUMENT", "the output holds fewer than 8 bytes per event");
      return env.Undefined();
    }
    return Napi::Number::New(env, events::Encode(encoder_, packet, out, &error_));
  }

  // Why the last encode() stopped: "", "stamp" or "coordinate".
  Napi::Value Error(const Napi::CallbackInfo& info) {
    const char* name = error_ == events::DatError::kStamp        ? "stamp"
                       : error_ == events::DatError::kCoordinate ? "coordinate"
                                                                 : "";
    return Napi::String::New(info.Env(), name);
  }

  events::DatEncoder encoder_;
  events::DatError error_ = events::DatError::kNone;
};

}  // namespace

void ExportEvents(Napi::Env env, Napi::Object exports) {
  exports.Set("DatDecoder", DatDecoder::Define(env));
  exports.Set("DatEncoder", DatEncoder::Define(env));
}

}  // namespace saccade::addon
