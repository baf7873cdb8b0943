// CaerDevice; typed in pipeline/sources/caer-device.ts.
#include <uv.h>

#include <atomic>
#include <utility>

#include "addon/packet.h"
#include "cameras/libcaer.h"

namespace saccade::addon {

namespace {

// What the library's thread may touch: it outlives the object until its loop has closed it.
struct Doorbell {
  uv_async_t async;
  std::atomic<bool> gone{false};
};

// new CaerDevice(libraryPath, type, serial): throws ERR_NOT_FOUND with the loader's words when there is no
// library, ERR_CONNECT when there is no camera.
class CaerDevice : public Napi::ObjectWrap<CaerDevice> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "CaerDevice",
        {InstanceMethod<&CaerDevice::SendDefaults>("sendDefaults"), InstanceMethod<&CaerDevice::Set>("set"),
         InstanceMethod<&CaerDevice::Start>("start"), InstanceMethod<&CaerDevice::Take>("take"),
         InstanceMethod<&CaerDevice::TakeTriggers>("takeTriggers"),
         InstanceMethod<&CaerDevice::TakeOthers>("takeOthers"), InstanceMethod<&CaerDevice::Close>("close"),
         InstanceAccessor<&CaerDevice::Width>("width"), InstanceAccessor<&CaerDevice::Height>("height"),
         InstanceAccessor<&CaerDevice::Serial>("serial"), InstanceAccessor<&CaerDevice::Gone>("gone")});
  }

  explicit CaerDevice(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CaerDevice>(info) {
    Napi::Env env = info.Env();
    if (!info[0].IsString() || !info[1].IsNumber() || !info[2].IsString()) {
      Throw(env, "ERR_ARGUMENT", "CaerDevice takes a library, a type and a serial number");
      return;
    }
    std::string error;
    const cameras::CaerApi* api = cameras::LoadCaer(info[0].As<Napi::String>().Utf8Value(), &error);
    if (api == nullptr) {
      Throw(env, "ERR_NOT_FOUND", error);
      return;
    }
    const auto kind = static_cast<cameras::CaerKind>(info[1].As<Napi::Number>().Uint32Value());
    device_ = std::make_unique<cameras::CaerDevice>(api, kind);
    if (!device_->Open(info[2].As<Napi::String>().Utf8Value())) {
      Throw(env, "ERR_CONNECT", "no such camera, or no access to it");
      return;
    }
    device_->Size(&width_, &height_, &serial_);
  }

  ~CaerDevice() override { Shut(); }

 private:
  Napi::Value SendDefaults(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), device_ && device_->SendDefaults());
  }

  // set(module, parameter, value): false when the camera refuses.
  Napi::Value Set(const Napi::CallbackInfo& info) {
    const auto number = [&](size_t i) {
      return info[i].IsNumber() ? info[i].As<Napi::Number>().Int64Value() : 0;
    };
    const bool set = device_ && device_->Set(static_cast<int8_t>(number(0)), static_cast<uint8_t>(number(1)),
                                             static_cast<uint32_t>(number(2)));
    return Napi::Boolean::New(info.Env(), set);
  }

  // start(toldUs, callback): calls back when there is something to take, or the camera has gone.
  Napi::Value Start(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    uv_loop_t* loop;
    if (!device_ || bell_ != nullptr || !info[0].IsNumber() || !info[1].IsFunction() ||
        napi_get_uv_event_loop(env, &loop) != napi_ok) {
      return Napi::Boolean::New(env, false);
    }
    callback_ = Napi::Persistent(info[1].As<Napi::Function>());
    bell_ = new Doorbell;
    uv_async_init(loop, &bell_->async, [](uv_async_t* async) {
      CaerDevice* self = static_cast<CaerDevice*>(async->data);
      if (self == nullptr) return;
      Napi::Env env = self->Env();
      Napi::HandleScope scope(env);
      self->callback_.MakeCallback(env.Global(), {});
    });
    bell_->async.data = this;
    const auto more = [](void* user) { uv_async_send(&static_cast<Doorbell*>(user)->async); };
    const auto gone = [](void* user) {
      static_cast<Doorbell*>(user)->gone = true;
      uv_async_send(&static_cast<Doorbell*>(user)->async);
    };
    return Napi::Boolean::New(env,
                              device_->Start(more, gone, bell_, info[0].As<Napi::Number>().Int64Value()));
  }

  // take(packet): 2 come again with an empty packet, 1 there may be more, 0 nothing waits. packet.length and
  // packet.t0 are set.
  Napi::Value Take(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    events::Packet packet;
    if (!UnwrapPacket(info[0], &packet)) return env.Undefined();
    using Taken = cameras::CaerDevice::Taken;
    const Taken taken = device_ ? device_->Take(packet, report_) : Taken::kEmpty;
    Napi::Object object = info[0].As<Napi::Object>();
    object.Set("length", Napi::Number::New(env, packet.length));
    object.Set("t0", Napi::Number::New(env, static_cast<double>(packet.t0)));
    return Napi::Number::New(env, taken == Taken::kMore ? 2 : taken == Taken::kDone ? 1 : 0);
  }

  // takeTriggers(): [t, id, value, t, …] since the last call, undefined without any.
  Napi::Value TakeTriggers(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    if (report_.trigger_count == 0) return env.Undefined();
    Napi::Array list = Napi::Array::New(env, 3 * report_.trigger_count);
    for (uint32_t i = 0; i < report_.trigger_count; i++) {
      const events::Trigger& trigger = report_.triggers[i];
      list.Set(3 * i, Napi::Number::New(env, static_cast<double>(trigger.t)));
      list.Set(3 * i + 1, Napi::Number::New(env, trigger.id));
      list.Set(3 * i + 2, Napi::Number::New(env, trigger.value));
    }
    report_.trigger_count = 0;
    return list;
  }

  // takeOthers(): records that are no change events (frames, inertial, invalid) since the last call.
  Napi::Value TakeOthers(const Napi::CallbackInfo& info) {
    uint64_t& others = report_.faults[static_cast<size_t>(events::Fault::kOther)];
    return Napi::Number::New(info.Env(), static_cast<double>(std::exchange(others, 0)));
  }

  void Close(const Napi::CallbackInfo&) { Shut(); }

  void Shut() {
    // Stops the library's thread first: nobody rings any more.
    device_.reset();
    if (bell_ == nullptr) return;
    Doorbell* bell = std::exchange(bell_, nullptr);
    bell->async.data = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&bell->async),
             [](uv_handle_t* handle) { delete reinterpret_cast<Doorbell*>(handle); });
  }

  Napi::Value Width(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), width_); }
  Napi::Value Height(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), height_); }
  Napi::Value Serial(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), serial_); }
  Napi::Value Gone(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), bell_ != nullptr && bell_->gone);
  }

  std::unique_ptr<cameras::CaerDevice> device_;
  int width_ = 0;
  int height_ = 0;
  std::string serial_;
  events::Report report_;
  Doorbell* bell_ = nullptr;
  Napi::FunctionReference callback_;
};

}  // namespace

void ExportCaer(Napi::Env env, Napi::Object exports) {
  exports.Set("CaerDevice", CaerDevice::Define(env));
}

}  // namespace saccade::addon
