// Session: a network behind JavaScript. `new Session(options)`, `start(frame, rows, probe?)` ->
// `ondone(outcome, boxes)`, `abort()`, `close()`; pipeline/detect/native.ts makes promises of them.
#include <memory>
#include <vector>

#include "addon/addon.h"
#include "addon/plan.h"
#include "engine/memory.h"
#include "engine/session.h"
#include "kernels/table.h"

namespace saccade::addon {

namespace {

class Session : public Napi::ObjectWrap<Session> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, "Session",
        {InstanceMethod<&Session::Start>("start"), InstanceMethod<&Session::Abort>("abort"),
         InstanceMethod<&Session::Close>("close"), InstanceMethod<&Session::Heads>("heads"),
         InstanceAccessor<&Session::MemoryBytes>("memoryBytes"), InstanceAccessor<&Session::IsaName>("isa")});
  }

  explicit Session(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Session>(info), env_(info.Env()) {
    Open(info);
  }

  ~Session() override { Shut(); }

 private:
  void Open(const Napi::CallbackInfo& info) {
    if (!info[0].IsObject()) return Throw(env_, "ERR_MODEL", "a session needs an options object");
    std::string error;
    Options options(info[0].As<Napi::Object>(), "plan", &error);
    const std::string wanted = options.String("isa");
    engine::LoadOptions load;
    const int threads = options.Int("threads", 1, 64);
    load.currents = options.Bool("currents");
    load.form = static_cast<engine::Form>(options.Int("form", 0, 3));
    const detect::Settings settings = ReadSettings(options.Child("detect"));
    const std::vector<float> strides = ReadFloats(options, "strides", 64);
    const engine::Plan plan = ReadPlan(options);
    if (!error.empty()) return Throw(env_, "ERR_MODEL", error);
    kernels::Isa isa;
    if (!kernels::Choose(wanted, &isa, &error)) return Throw(env_, "ERR_ISA", error);
    isa_ = isa;
    session_ =
        engine::Session::Open(plan, settings, strides, kernels::TableOf(isa), load, Done, this, &error);
    if (!session_) return Throw(env_, "ERR_MODEL", error);
    if (!session_->StartThreads(threads)) {
      session_.reset();
      return Throw(env_, "ERR_NATIVE",
                   "the system refused one of the " + std::to_string(threads) +
                       " threads of the session: a limit on threads or memory");
    }
    for (const engine::Op& op : plan.ops) {
      const engine::Tensor& output = plan.tensors[static_cast<size_t>(op.output)];
      const bool neuron = op.kind == engine::OpKind::kNeuron;
      spike_bytes_.push_back(
          neuron ? static_cast<size_t>(output.timed ? plan.steps : 1) * static_cast<size_t>(output.channels) *
                       static_cast<size_t>(output.height) * static_cast<size_t>(output.width)
                 : 0);
    }
    for (int output : plan.outputs) {
      head_channels_.push_back(plan.tensors[static_cast<size_t>(output)].channels);
    }
    probe_.neurons.resize(plan.ops.size());
    // Idle, the function does not keep the process alive; a run does.
    napi_create_threadsafe_function(env_, nullptr, nullptr, Napi::String::New(env_, "saccade session"), 1, 1,
                                    nullptr, nullptr, this, CallDone, &completed_);
    napi_unref_threadsafe_function(env_, completed_);
    // Runs before Node takes the function away, also at process.exit in the middle of a run.
    napi_add_env_cleanup_hook(env_, Cleanup, this);
    hooked_ = true;
  }

  // start(frame: Uint8Array, rows: Float32Array, probe?: {spikes?, currents?, taughtSpikes?, taughtCurrents?,
  // work?}): lists with an array or nothing per operator, and a Float64Array (engine/probe.h). The caller has
  // checked that no run is under way and keeps the arrays alive and in place until ondone.
  void Start(const Napi::CallbackInfo& info) {
    if (!session_ || running_) return Throw(env_, "ERR_ARGUMENT", "the session is closed or busy");
    if (!IsTyped(info[0], napi_uint8_array) || !IsTyped(info[1], napi_float32_array)) {
      return Throw(env_, "ERR_ARGUMENT", "start() takes a Uint8Array and a Float32Array");
    }
    auto frame = info[0].As<Napi::Uint8Array>();
    auto rows = info[1].As<Napi::Float32Array>();
    if (frame.ElementLength() != session_->network().frame_bytes() ||
        rows.ElementLength() < session_->detector().RowFloats()) {
      return Throw(env_, "ERR_ARGUMENT", "frame or rows have the wrong length");
    }
    if (info[2].IsObject() && !ReadProbe(info[2].As<Napi::Object>())) {
      return Throw(env_, "ERR_ARGUMENT", "the arrays of the probe do not fit the plan");
    }
    running_ = true;
    Ref();
    napi_ref_threadsafe_function(env_, completed_);
    session_->Start({frame.Data(), rows.Data(), info[2].IsObject() ? &probe_ : nullptr});
  }

  static bool IsTyped(const Napi::Value& value, napi_typedarray_type type) {
    return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
  }

  bool ReadProbe(const Napi::Object& probe) {
    using Neuron = engine::Probe::Neuron;
    const Napi::Value work = probe.Get("work");
    const size_t numbers = spike_bytes_.size() * engine::kWorkNumbers;
    probe_.work = nullptr;
    if (!work.IsUndefined()) {
      if (!IsTyped(work, napi_float64_array)) return false;
      if (work.As<Napi::Float64Array>().ElementLength() != numbers) return false;
      probe_.work = work.As<Napi::Float64Array>().Data();
    }
    return ReadPlaces<uint8_t>(probe.Get("spikes"), napi_uint8_array,
                               [](Neuron& neuron, uint8_t* at) { neuron.spikes = at; }) &&
           ReadPlaces<float>(probe.Get("currents"), napi_float32_array,
                             [](Neuron& neuron, float* at) { neuron.current = at; }) &&
           ReadPlaces<uint8_t>(probe.Get("taughtSpikes"), napi_uint8_array,
                               [](Neuron& neuron, uint8_t* at) { neuron.taught_spikes = at; }) &&
           ReadPlaces<float>(probe.Get("taughtCurrents"), napi_float32_array,
                             [](Neuron& neuron, float* at) { neuron.taught_current = at; });
  }

  // One list of a probe: an array with a neuron's number of values, or nothing, per operator.
  template <class T>
  bool ReadPlaces(const Napi::Value& list, napi_typedarray_type type,
                  void (*place)(engine::Probe::Neuron&, T*)) {
    for (engine::Probe::Neuron& neuron : probe_.neurons) place(neuron, nullptr);
    if (list.IsUndefined()) return true;
    if (!list.IsArray() || list.As<Napi::Array>().Length() != spike_bytes_.size()) return false;
    for (size_t i = 0; i < spike_bytes_.size(); i++) {
      Napi::HandleScope scope(env_);
      const Napi::Value item = list.As<Napi::Array>().Get(static_cast<uint32_t>(i));
      if (item.IsUndefined()) continue;
      if (!IsTyped(item, type)) return false;
      auto array = item.As<Napi::TypedArrayOf<T>>();
      if (array.ElementLength() != spike_bytes_[i]) return false;
      place(probe_.neurons[i], array.Data());
    }
    return true;
  }

  // Head maps of the last run: Float32Array [C, H, W] each.
  Napi::Value Heads(const Napi::CallbackInfo& info) {
    if (!session_ || running_) {
      Throw(env_, "ERR_ARGUMENT", "the session is closed or busy");
      return env_.Undefined();
    }
    const engine::Network& network = session_->network();
    Napi::Array heads = Napi::Array::New(env_, network.outputs());
    for (size_t i = 0; i < network.outputs(); i++) {
      const kernels::RealMap map = network.Output(i);
      const size_t pixels = static_cast<size_t>(map.height) * static_cast<size_t>(map.width);
      const size_t channels = static_cast<size_t>(head_channels_[i]);
      Napi::Float32Array head = Napi::Float32Array::New(env_, channels * pixels);
      float* to = head.Data();
      for (size_t c = 0; c < channels; c++) {
        for (size_t p = 0; p < pixels; p++) *to++ = map.data[p * static_cast<size_t>(map.channels) + c];
      }
      heads.Set(static_cast<uint32_t>(i), head);
    }
    return heads;
  }

  void Abort(const Napi::CallbackInfo&) {
    if (session_) session_->Abort();
  }

  void Close(const Napi::CallbackInfo&) {
    if (running_) return Throw(env_, "ERR_ARGUMENT", "the session is busy");
    Shut();
  }

  Napi::Value MemoryBytes(const Napi::CallbackInfo&) {
    return Napi::Number::New(env_, session_ ? static_cast<double>(session_->network().memory_bytes()) : 0);
  }
  Napi::Value IsaName(const Napi::CallbackInfo&) { return Napi::String::New(env_, kernels::Name(isa_)); }

  // On the session's thread.
  static void Done(void* context, const engine::Result& result) {
    auto* self = static_cast<Session*>(context);
    self->result_ = result;
    napi_call_threadsafe_function(self->completed_, nullptr, napi_tsfn_nonblocking);
  }

  // On the JavaScript thread; `env` is null while Node goes down.
  static void CallDone(napi_env env, napi_value, void* context, void*) {
    if (!env) return;
    auto* self = static_cast<Session*>(context);
    Napi::HandleScope scope(env);
    self->running_ = false;
    napi_unref_threadsafe_function(env, self->completed_);
    const Napi::Object object = self->Value();
    const Napi::Value ondone = object.Get("ondone");
    if (ondone.IsFunction()) {
      const napi_value args[] = {Napi::Number::New(env, static_cast<int>(self->result_.outcome)),
                                 Napi::Number::New(env, self->result_.boxes)};
      ondone.As<Napi::Function>().Call(object, {args[0], args[1]});
    }
    self->Unref();
  }

  static void Cleanup(void* context) {
    auto* self = static_cast<Session*>(context);
    self->hooked_ = false;
    self->Shut();
  }

  // Waits for the thread: at most one layer's time.
  void Shut() {
    session_.reset();
    if (completed_) napi_release_threadsafe_function(completed_, napi_tsfn_abort);
    completed_ = nullptr;
    if (hooked_) napi_remove_env_cleanup_hook(env_, Cleanup, this);
    hooked_ = false;
  }

  Napi::Env env_;
  kernels::Isa isa_ = kernels::Isa::kScalar;
  std::unique_ptr<engine::Session> session_;
  engine::Probe probe_;
  std::vector<size_t> spike_bytes_;  // values of each operator's spikes; 0 where it is no neuron
  std::vector<int> head_channels_;
  napi_threadsafe_function completed_ = nullptr;
  engine::Result result_{};
  bool running_ = false;
  bool hooked_ = false;
};

Napi::Value AllocationCount(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(engine::AllocationCount()));
}

}  // namespace

void ExportEngine(Napi::Env env, Napi::Object exports) {
  exports.Set("Session", Session::Define(env));
  exports.Set("allocationCount", Napi::Function::New(env, AllocationCount, "allocationCount"));
}

}  // namespace saccade::addon
