// VideoDevice; typed in pipeline/sources/v4l2-transport.ts.
#include <uv.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "addon/packet.h"
#include "cameras/video_device.h"

namespace saccade::addon {

namespace {

// new VideoDevice(path): throws an Error whose `code` is the name of the errno and `errno` its number.
class VideoDevice : public Napi::ObjectWrap<VideoDevice> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "VideoDevice",
        {InstanceMethod<&VideoDevice::Ioctl>("ioctl"), InstanceMethod<&VideoDevice::Map>("map"),
         InstanceMethod<&VideoDevice::SetControl>("setControl"), InstanceMethod<&VideoDevice::Watch>("watch"),
         InstanceMethod<&VideoDevice::Close>("close")});
  }

  explicit VideoDevice(const Napi::CallbackInfo& info) : Napi::ObjectWrap<VideoDevice>(info) {
    const std::string path = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : "";
    if (const int error = device_.Open(path.c_str())) Fail(info.Env(), error);
  }

  ~VideoDevice() override {
    // Nobody called close: a buffer may still be looked at, so it stays where it is.
    device_.Abandon();
    StopWatching();
  }

 private:
  static void Fail(Napi::Env env, int error) {
    Napi::Error failure = Napi::Error::New(env, std::generic_category().message(error));
    failure.Value().Set("errno", Napi::Number::New(env, error));
    failure.ThrowAsJavaScriptException();
  }

  // ioctl(request, argument): 0 or an errno.
  Napi::Value Ioctl(const Napi::CallbackInfo& info) {
    uint8_t* bytes;
    size_t size;
    if (!UnwrapBytes(info[1], &bytes, &size)) return info.Env().Undefined();
    const uint32_t request = info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
    return Napi::Number::New(info.Env(), device_.Ioctl(request, bytes, size));
  }

  // setControl(id, value): 0 or an errno.
  Napi::Value SetControl(const Napi::CallbackInfo& info) {
    const uint32_t id = info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
    const int64_t value = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : 0;
    return Napi::Number::New(info.Env(), device_.SetControl(id, value));
  }

  // map(length, offset): the driver's buffer, without a copy. Empty once the device is closed.
  Napi::Value Map(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const size_t length = info[0].IsNumber() ? info[0].As<Napi::Number>().Uint32Value() : 0;
    const int64_t offset = info[1].IsNumber() ? info[1].As<Napi::Number>().Int64Value() : -1;
    uint8_t* data;
    if (const int error = device_.Map(length, offset, &data)) {
      Fail(env, error);
      return env.Undefined();
    }
    napi_value buffer;
    if (napi_create_external_arraybuffer(env, data, length, nullptr, nullptr, &buffer) != napi_ok) {
      Throw(env, "ERR_NATIVE", "this JavaScript engine takes no memory of the kernel's");
      return env.Undefined();
    }
    buffers_.push_back(Napi::Persistent(Napi::ArrayBuffer(env, buffer)));
    return Napi::Uint8Array::New(env, length, buffers_.back().Value(), 0);
  }

  // watch(callback): calls back with 0 when there is something to dequeue, else with an error.
  void Watch(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    StopWatching();
    uv_loop_t* loop;
    if (!info[0].IsFunction() || napi_get_uv_event_loop(env, &loop) != napi_ok) return;
    callback_ = Napi::Persistent(info[0].As<Napi::Function>());
    poll_ = new uv_poll_t;
    if (const int error = uv_poll_init(loop, poll_, device_.fd())) {
      delete std::exchange(poll_, nullptr);
      return Fail(env, -error);
    }
    poll_->data = this;
    uv_poll_start(poll_, UV_READABLE, [](uv_poll_t* poll, int status, int) {
      VideoDevice& self = *static_cast<VideoDevice*>(poll->data);
      Napi::Env env = self.Env();
      Napi::HandleScope scope(env);
      self.callback_.MakeCallback(env.Global(), {Napi::Number::New(env, status)});
    });
  }

  void Close(const Napi::CallbackInfo&) {
    StopWatching();
    // Their bytes are gone: whoever holds a view holds an empty one.
    for (Napi::Reference<Napi::ArrayBuffer>& buffer : buffers_) buffer.Value().Detach();
    buffers_.clear();
    device_.Close();
  }

  void StopWatching() {
    if (poll_ == nullptr) return;
    uv_poll_stop(poll_);
    uv_close(reinterpret_cast<uv_handle_t*>(std::exchange(poll_, nullptr)),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  }

  cameras::VideoDevice device_;
  std::vector<Napi::Reference<Napi::ArrayBuffer>> buffers_;
  uv_poll_t* poll_ = nullptr;
  Napi::FunctionReference callback_;
};

}  // namespace

void ExportVideo(Napi::Env env, Napi::Object exports) {
  exports.Set("VideoDevice", VideoDevice::Define(env));
}

}  // namespace saccade::addon
