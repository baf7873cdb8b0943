// kernelInfo(): which instruction sets this machine runs and which one is in use.
#include <cstdlib>

#include "addon/addon.h"
#include "kernels/isa.h"

namespace saccade::addon {

namespace {

Napi::Value KernelInfo(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const char* wanted = std::getenv("SACCADE_ISA");
  kernels::Isa isa;
  std::string error;
  if (!kernels::Choose(wanted ? wanted : "", &isa, &error)) {
    Throw(env, "ERR_ISA", error);
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("isa", kernels::Name(isa));
  const std::vector<kernels::Isa> sets = kernels::Supported();
  Napi::Array names = Napi::Array::New(env, sets.size());
  for (uint32_t i = 0; i < sets.size(); i++) names.Set(i, kernels::Name(sets[i]));
  result.Set("supported", names);
  return result;
}

}  // namespace

void ExportKernels(Napi::Env env, Napi::Object exports) {
  exports.Set("kernelInfo", Napi::Function::New(env, KernelInfo, "kernelInfo"));
}

}  // namespace saccade::addon
