// The addon's exports. native/addon/ is the only place that knows N-API: unwrap, check, call, wrap. One file
// per layer, each with one `Export...` function that is called here.
#include "addon/addon.h"

namespace {

Napi::Object Initialise(Napi::Env env, Napi::Object exports) {
  saccade::addon::ExportKernels(env, exports);
  saccade::addon::ExportEngine(env, exports);
  saccade::addon::ExportDetect(env, exports);
  saccade::addon::ExportEvents(env, exports);
  saccade::addon::ExportFilters(env, exports);
  saccade::addon::ExportWindows(env, exports);
  saccade::addon::ExportCameras(env, exports);
  saccade::addon::ExportVideo(env, exports);
  saccade::addon::ExportCaer(env, exports);
  saccade::addon::ExportCodecs(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(saccade, Initialise)
