// WindowBuilder; typed and checked in pipeline/windows/builder.ts.
#include "addon/packet.h"
#include "windows/builder.h"

namespace saccade::addon {

namespace {

int Int(const Napi::Object& options, const char* name) {
  Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Int32Value() : 0;
}

int64_t Long(const Napi::Object& options, const char* name) {
  Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : 0;
}

std::vector<int32_t> Map(const Napi::Object& options, const char* name) {
  Napi::Value value = options.Get(name);
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) return {};
  Napi::Int32Array array = value.As<Napi::Int32Array>();
  return {array.Data(), array.Data() + array.ElementLength()};
}

windows::Spec ReadSpec(const Napi::Object& options) {
  windows::Spec spec;
  Napi::Value kind = options.Get("kind");
  const std::string name = kind.IsString() ? kind.As<Napi::String>().Utf8Value() : "";
  spec.kind = name == "polarity-last" ? windows::Kind::kPolarityLast
              : name == "binary"      ? windows::Kind::kBinary
                                      : windows::Kind::kCount;
  spec.duration = Long(options, "durationUs");
  spec.hop = Long(options, "hopUs");
  spec.steps = Int(options, "steps");
  spec.bins = Int(options, "bins");
  spec.clip = Int(options, "clip");
  spec.width = Int(options, "width");
  spec.height = Int(options, "height");
  spec.newest_first = options.Get("newestFirst").ToBoolean().Value();
  spec.columns = Map(options, "columns");
  spec.rows = Map(options, "rows");
  spec.grid_width = Int(options, "gridWidth");
  spec.grid_height = Int(options, "gridHeight");
  spec.picture_width = Int(options, "pictureWidth");
  spec.picture_height = Int(options, "pictureHeight");
  spec.picture_left = Int(options, "pictureLeft");
  spec.picture_top = Int(options, "pictureTop");
  spec.pad = Int(options, "pad");
  return spec;
}

class WindowBuilder : public Napi::ObjectWrap<WindowBuilder> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "WindowBuilder",
        {InstanceMethod<&WindowBuilder::Attach>("attach"), InstanceMethod<&WindowBuilder::Push>("push"),
         InstanceMethod<&WindowBuilder::Finish>("finish"),
         InstanceMethod<&WindowBuilder::EventsIn>("eventsIn"),
         InstanceAccessor<&WindowBuilder::Slots>("slots"),
         InstanceAccessor<&WindowBuilder::FrameBytes>("frameBytes"),
         InstanceAccessor<&WindowBuilder::Accepted>("accepted"),
         InstanceAccessor<&WindowBuilder::Late>("late"), InstanceAccessor<&WindowBuilder::Outside>("outside"),
         InstanceAccessor<&WindowBuilder::Between>("between")});
  }

  explicit WindowBuilder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<WindowBuilder>(info) {
    Napi::Env env = info.Env();
    windows::Spec spec;
    if (info[0].IsObject()) spec = ReadSpec(info[0].As<Napi::Object>());
    if (env.IsExceptionPending()) return;
    if (!Sound(spec)) {
      Throw(env, "ERR_ARGUMENT", "the window is not one that can be built");
      return;
    }
    builder_ = std::make_unique<windows::Builder>(std::move(spec));
    frames_ = Napi::Persistent(Napi::Array::New(env, builder_->slots()).As<Napi::Object>());
  }

 private:
  // attach(slot, data, tStart). The array is held here and looked at again before each use, so that memory
  // that JS took away (a transferred buffer) is an error and not a wild write.
  Napi::Value Attach(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    size_t slot;
    if (!Slot(info, &slot)) return env.Undefined();
    uint8_t* frame;
    if (!Frame(info[1], &frame)) return env.Undefined();
    if (!info[2].IsNumber()) {
      Throw(env, "ERR_ARGUMENT", "attach: tStart must be a number of µs");
      return env.Undefined();
    }
    frames_.Value().Set(static_cast<uint32_t>(slot), info[1]);
    builder_->Attach(slot, frame, info[2].As<Napi::Number>().Int64Value());
    return env.Undefined();
  }

  // push(packet, from): index of the first event that was not consumed.
  Napi::Value Push(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    events::Packet packet;
    if (!UnwrapPacket(info[0], &packet)) return env.Undefined();
    const uint32_t from = info[1].IsNumber() ? info[1].As<Napi::Number>().Uint32Value() : 0;
    for (size_t slot = 0; slot < builder_->slots(); slot++) {
      if (!builder_->open(slot)) continue;
      uint8_t* frame;
      if (!Frame(frames_.Value().Get(static_cast<uint32_t>(slot)), &frame)) return env.Undefined();
      builder_->Place(slot, frame);
    }
    return Napi::Number::New(env, builder_->Push(packet, from));
  }

  // finish(slot)
  Napi::Value Finish(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    size_t slot;
    if (!Slot(info, &slot)) return env.Undefined();
    if (!builder_->open(slot)) {
      Throw(env, "ERR_ARGUMENT", "finish: the slot has no open window");
      return env.Undefined();
    }
    uint8_t* frame;
    if (!Frame(frames_.Value().Get(static_cast<uint32_t>(slot)), &frame)) return env.Undefined();
    builder_->Finish(slot, frame);
    frames_.Value().Set(static_cast<uint32_t>(slot), env.Undefined());
    return env.Undefined();
  }

  Napi::Value EventsIn(const Napi::CallbackInfo& info) {
    size_t slot;
    if (!Slot(info, &slot)) return info.Env().Undefined();
    return Count(info, builder_->events(slot));
  }

  Napi::Value Slots(const Napi::CallbackInfo& info) { return Count(info, builder_->slots()); }
  Napi::Value FrameBytes(const Napi::CallbackInfo& info) { return Count(info, builder_->frame_bytes()); }
  Napi::Value Accepted(const Napi::CallbackInfo& info) { return Count(info, builder_->accepted); }
  Napi::Value Late(const Napi::CallbackInfo& info) { return Count(info, builder_->late); }
  Napi::Value Outside(const Napi::CallbackInfo& info) { return Count(info, builder_->outside); }
  Napi::Value Between(const Napi::CallbackInfo& info) { return Count(info, builder_->between); }

  static Napi::Value Count(const Napi::CallbackInfo& info, uint64_t count) {
    return Napi::Number::New(info.Env(), static_cast<double>(count));
  }

  bool Slot(const Napi::CallbackInfo& info, size_t* slot) {
    if (info[0].IsNumber()) {
      *slot = info[0].As<Napi::Number>().Uint32Value();
      if (*slot < builder_->slots()) return true;
    }
    Throw(info.Env(), "ERR_ARGUMENT", "the slot is not one of this builder's");
    return false;
  }

  bool Frame(const Napi::Value& value, uint8_t** frame) {
    size_t size;
    if (!UnwrapBytes(value, frame, &size)) return false;
    if (size == builder_->frame_bytes()) return true;
    Throw(value.Env(), "ERR_ARGUMENT",
          "a frame of " + std::to_string(builder_->frame_bytes()) + " bytes was expected, not one of " +
              std::to_string(size));
    return false;
  }

  std::unique_ptr<windows::Builder> builder_;
  Napi::ObjectReference frames_;
};

}  // namespace

void ExportWindows(Napi::Env env, Napi::Object exports) {
  exports.Set("WindowBuilder", WindowBuilder::Define(env));
}

}  // namespace saccade::addon
