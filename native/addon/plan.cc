#include "addon/plan.h"

namespace saccade::addon {

namespace {

constexpr uint32_t kMaxParts = 1 << 13;
constexpr int kMaxSide = 1 << 14;
constexpr int kMaxIndex = 1 << 13;

engine::Tensor ReadTensor(Options options) {
  engine::Tensor tensor{};
  tensor.kind = static_cast<engine::TensorKind>(options.Int("kind", 0, 2));
  tensor.channels = options.Int("channels", 1, kMaxSide);
  tensor.height = options.Int("height", 1, kMaxSide);
  tensor.width = options.Int("width", 1, kMaxSide);
  tensor.timed = options.Bool("timed");
  return tensor;
}

std::vector<int> ReadIndices(Options options, const char* key) {
  const Napi::Array array = options.Array(key, kMaxParts);
  std::vector<int> indices;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value value = array.Get(i);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0 && number < kMaxIndex)) options.Fail(key, "must hold indices of tensors");
    indices.push_back(number >= 0 && number < kMaxIndex ? static_cast<int>(number) : 0);
  }
  return indices;
}

void ReadWindow(Options options, engine::Op* op) {
  op->kernel_height = options.Int("kernelHeight", 1, kMaxSide);
  op->kernel_width = options.Int("kernelWidth", 1, kMaxSide);
  op->stride_y = options.Int("strideY", 1, kMaxSide);
  op->stride_x = options.Int("strideX", 1, kMaxSide);
  op->pad_top = options.Int("padTop", 0, kMaxSide);
  op->pad_left = options.Int("padLeft", 0, kMaxSide);
  op->pad_bottom = options.Int("padBottom", 0, kMaxSide);
  op->pad_right = options.Int("padRight", 0, kMaxSide);
}

void ReadWeights(Options options, bool integer, engine::Op* op) {
  op->groups = options.Int("groups", 1, kMaxSide);
  const Napi::Float32Array bias = options.Typed<float>("bias", napi_float32_array);
  op->bias = bias.Data();
  op->biases = bias.ElementLength();
  if (!integer) {
    const Napi::Float32Array weight = options.Typed<float>("weight", napi_float32_array);
    op->weight32 = weight.Data();
    op->weights = weight.ElementLength();
    return;
  }
  const Napi::Float32Array scale = options.Typed<float>("scale", napi_float32_array);
  op->scale = scale.Data();
  op->scales = scale.ElementLength();
  if (options.Int("bits", 8, 16) == 8) {
    const Napi::Int8Array weight = options.Typed<int8_t>("weight", napi_int8_array);
    op->weight8 = weight.Data();
    op->weights = weight.ElementLength();
  } else {
    const Napi::Int16Array weight = options.Typed<int16_t>("weight", napi_int16_array);
    op->weight16 = weight.Data();
    op->weights = weight.ElementLength();
  }
}

engine::Op ReadOp(Options options) {
  engine::Op op{};
  op.kind = static_cast<engine::OpKind>(options.Int("kind", 0, 7));
  op.name = options.String("name");
  op.inputs = ReadIndices(options, "inputs");
  op.output = options.Int("output", 0, kMaxIndex);
  switch (op.kind) {
    case engine::OpKind::kConv:
    case engine::OpKind::kRealConv:
      ReadWindow(options, &op);
      ReadWeights(options, op.kind == engine::OpKind::kConv, &op);
      break;
    case engine::OpKind::kMaxPool:
      ReadWindow(options, &op);
      break;
    case engine::OpKind::kNeuron:
      op.tau = options.Bool("tau");
      op.levels = options.Float("levels");
      op.constant = options.Float("constant");
      break;
    case engine::OpKind::kUpsample:
      op.factor = options.Int("factor", 1, kMaxSide);
      break;
    default:
      break;
  }
  return op;
}

// The elements of a list of objects, as options of their own.
template <class T>
std::vector<T> ReadList(Options options, const char* key, T (*read)(Options)) {
  const Napi::Array array = options.Array(key, kMaxParts);
  std::vector<T> values;
  for (uint32_t i = 0; i < array.Length() && options.error()->empty(); i++) {
    Napi::HandleScope scope(array.Env());
    const Napi::Value value = array.Get(i);
    const std::string name = options.name() + "." + key + "[" + std::to_string(i) + "]";
    if (!value.IsObject()) {
      options.Fail(key, "must hold objects");
      break;
    }
    values.push_back(read(Options(value.As<Napi::Object>(), name, options.error())));
  }
  return values;
}

}  // namespace

engine::Plan ReadPlan(Options options) {
  engine::Plan plan;
  plan.steps = options.Int("steps", 1, 64);
  plan.input_max = options.Int("inputMax", 1, 255);
  plan.tensors = ReadList<engine::Tensor>(options, "tensors", ReadTensor);
  plan.ops = ReadList<engine::Op>(options, "ops", ReadOp);
  plan.outputs = ReadIndices(options, "outputs");
  return plan;
}

detect::Settings ReadSettings(Options options) {
  detect::Settings settings;
  settings.reg_max = options.Int("regMax", 1, 64);
  settings.classes = options.Int("classes", 1, 4096);
  settings.score = options.Float("score");
  settings.iou = options.Float("iou");
  settings.max = options.Int("max", 1, 30000);
  settings.multi_label = options.Bool("multiLabel");
  settings.clip = options.Bool("clip");
  settings.width = options.Float("width");
  settings.height = options.Float("height");
  return settings;
}

std::vector<float> ReadFloats(Options options, const char* key, uint32_t most) {
  const Napi::Array array = options.Array(key, most);
  std::vector<float> values;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const Napi::Value value = array.Get(i);
    if (!value.IsNumber()) options.Fail(key, "must hold numbers");
    values.push_back(value.IsNumber() ? value.As<Napi::Number>().FloatValue() : 0.0f);
  }
  return values;
}

}  // namespace saccade::addon
