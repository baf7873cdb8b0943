// EdvsDecoder; typed in pipeline/events/native.ts.
#include "addon/packet.h"
#include "events/edvs.h"

namespace saccade::addon {

namespace {

// new EdvsDecoder(startUs, stampBytes?, mayBeSteps?): the first stamp is not below startUs; without
// stampBytes they are told from the stream, in which steps are looked for when they may be there.
class EdvsDecoder : public Napi::ObjectWrap<EdvsDecoder> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "EdvsDecoder",
        {InstanceMethod<&EdvsDecoder::Decode>("decode"),
         InstanceAccessor<&EdvsDecoder::StampBytes>("stampBytes"),
         InstanceAccessor<&EdvsDecoder::Offset>("offset"), InstanceAccessor<&EdvsDecoder::Resyncs>("resyncs"),
         InstanceAccessor<&EdvsDecoder::SkippedBytes>("skippedBytes")});
  }

  explicit EdvsDecoder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EdvsDecoder>(info) {
    if (info[0].IsNumber()) decoder_.t = info[0].As<Napi::Number>().Int64Value();
    decoder_.may_be_steps = info[2].IsBoolean() && info[2].As<Napi::Boolean>().Value();
    if (info[1].IsUndefined()) return;
    const int stamp_bytes = info[1].IsNumber() ? info[1].As<Napi::Number>().Int32Value() : -1;
    if (stamp_bytes >= 0 && stamp_bytes <= 4) {
      decoder_.stamp_bytes = stamp_bytes;
    } else {
      Throw(info.Env(), "ERR_ARGUMENT", "an eDVS sends 0, 2, 3 or 4 bytes of stamp, or steps (1)");
    }
  }

 private:
  // decode(bytes, from, nowUs, sentAfterUs, packet): bytes used; packet.length and packet.t0 are set.
  Napi::Value Decode(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uint8_t* bytes;
    size_t size;
    events::Packet packet;
    if (!UnwrapBytes(info[0], &bytes, &size) || !UnwrapPacket(info[4], &packet)) return env.Undefined();
    if (!info[1].IsNumber() || !info[2].IsNumber() || !info[3].IsNumber()) {
      Throw(env, "ERR_ARGUMENT", "decode takes bytes, from, nowUs, sentAfterUs and a packet");
      return env.Undefined();
    }
    const int64_t from = info[1].As<Napi::Number>().Int64Value();
    if (from < 0 || static_cast<size_t>(from) > size) {
      Throw(env, "ERR_ARGUMENT", "the range lies outside the bytes");
      return env.Undefined();
    }
    const events::Arrival arrival = {info[2].As<Napi::Number>().Int64Value(),
                                     info[3].As<Napi::Number>().Int64Value()};
    const size_t used = events::Decode(decoder_, bytes + from, size - from, arrival, packet);
    Napi::Object object = info[4].As<Napi::Object>();
    object.Set("length", Napi::Number::New(env, packet.length));
    object.Set("t0", Napi::Number::New(env, static_cast<double>(packet.t0)));
    return Count(info, used);
  }

  Napi::Value StampBytes(const Napi::CallbackInfo& info) {
    if (decoder_.stamp_bytes == events::kEdvsUnknown) return info.Env().Undefined();
    return Napi::Number::New(info.Env(), decoder_.stamp_bytes);
  }

  Napi::Value Offset(const Napi::CallbackInfo& info) { return Count(info, decoder_.offset); }
  Napi::Value Resyncs(const Napi::CallbackInfo& info) { return Count(info, decoder_.resyncs); }
  Napi::Value SkippedBytes(const Napi::CallbackInfo& info) { return Count(info, decoder_.skipped_bytes); }

  template <class T>
  static Napi::Value Count(const Napi::CallbackInfo& info, T count) {
    return Napi::Number::New(info.Env(), static_cast<double>(count));
  }

  events::EdvsDecoder decoder_;
};

}  // namespace

void ExportCameras(Napi::Env env, Napi::Object exports) {
  exports.Set("EdvsDecoder", EdvsDecoder::Define(env));
}

}  // namespace saccade::addon
