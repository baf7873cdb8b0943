// What the files of this folder share.
#pragma once

#include <napi.h>

namespace saccade::addon {

void ExportKernels(Napi::Env env, Napi::Object exports);
void ExportEngine(Napi::Env env, Napi::Object exports);
void ExportDetect(Napi::Env env, Napi::Object exports);
void ExportEvents(Napi::Env env, Napi::Object exports);
void ExportFilters(Napi::Env env, Napi::Object exports);
void ExportWindows(Napi::Env env, Napi::Object exports);
void ExportCameras(Napi::Env env, Napi::Object exports);
void ExportVideo(Napi::Env env, Napi::Object exports);
void ExportCaer(Napi::Env env, Napi::Object exports);
void ExportCodecs(Napi::Env env, Napi::Object exports);

// Throws a JS Error with `code` set; the caller returns env.Undefined() after it.
inline void Throw(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Value().Set("code", Napi::String::New(env, code));
  error.ThrowAsJavaScriptException();
}

}  // namespace saccade::addon
