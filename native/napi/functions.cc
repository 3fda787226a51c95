// Functions of the addon that belong to no object: compile, load, functions of a model, plan, the machine, image files, memory.
#include "array_buffers.h"
#include "classes.h"
#include "compile.h"
#include "compiled_folder.h"
#include "compute_plan.h"
#include "devices.h"
#include "errors_js.h"
#include "features_js.h"
#include "function_names.h"
#include "image_decode.h"
#include "operation.h"

namespace binding {
namespace {

using namespace coreml;

std::string textOf(Napi::Object options, const char *name) {
  Napi::Value value = options.Get(name);
  return value.IsString() ? std::string(value.As<Napi::String>()) : std::string();
}

// True for `when`, false for another text, empty where there is none.
std::optional<bool> isText(Napi::Object options, const char *name, const char *when) {
  Napi::Value value = options.Get(name);
  if (!value.IsString()) return std::nullopt;
  return std::string(value.As<Napi::String>()) == when;
}

Configuration configurationFrom(Napi::Object options) {
  Configuration configuration;
  std::string units = textOf(options, "computeUnits");
  if (units == "cpuOnly") configuration.computeUnits = ComputeUnits::cpuOnly;
  else if (units == "cpuAndGPU") configuration.computeUnits = ComputeUnits::cpuAndGPU;
  else if (units == "cpuAndNeuralEngine") configuration.computeUnits = ComputeUnits::cpuAndNeuralEngine;
  else if (units != "all" && !units.empty()) refuse(options.Env(), "computeUnits: unknown value " + units);
  configuration.functionName = textOf(options, "functionName");
  Napi::Value lowPrecision = options.Get("allowLowPrecisionAccumulationOnGPU");
  if (lowPrecision.IsBoolean()) configuration.allowLowPrecisionAccumulationOnGPU = lowPrecision.ToBoolean().Value();
  configuration.infrequentReshape = isText(options, "reshapeFrequency", "infrequent");
  configuration.fastPrediction = isText(options, "specializationStrategy", "fastPrediction");
  configuration.modelDisplayName = textOf(options, "modelDisplayName");
  configuration.preferredMetalDevice = textOf(options, "preferredMetalDevice");
  return configuration;
}

std::shared_ptr<Buffer> copyOf(Napi::Env env, Napi::Value value) {
  if (!value.IsTypedArray()) refuse(env, "expected bytes");
  Bytes bytes = bytesOf(value.As<Napi::TypedArray>());
  auto buffer = Buffer::create(bytes.length);
  if (buffer == nullptr) refuse(env, "no memory for " + std::to_string(bytes.length) + " bytes");
  if (bytes.length > 0) std::memcpy(buffer->data(), bytes.data, bytes.length);
  return buffer;
}

// loadModel({ path } or { specification, blobs? }, configuration)
Napi::Value loadModel(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto source = info[0].As<Napi::Object>();
  auto options = info[1].As<Napi::Object>();
  LoadRequest request;
  request.compiledPath = textOf(source, "path");
  if (!source.Get("specification").IsUndefined()) request.specification = copyOf(env, source.Get("specification"));
  if (source.Get("blobs").IsObject()) {
    auto blobs = source.Get("blobs").As<Napi::Object>();
    Napi::Array names = blobs.GetPropertyNames();
    for (uint32_t i = 0; i < names.Length(); ++i) {
      std::string name = names.Get(i).ToString();
      request.blobs.emplace_back(name, copyOf(env, blobs.Get(name)));
    }
  }
  request.configuration = configurationFrom(options);
  Napi::Value overlap = options.Get("maximumOverlap");
  if (overlap.IsNumber()) request.maximumOverlap = overlap.As<Napi::Number>().Uint32Value();
  if (request.maximumOverlap < 1) refuse(env, "maximumOverlap must be at least 1");
  return runOperation<std::shared_ptr<Model>>(
      env, [request](auto done) { Model::load(request, std::move(done)); },
      [](Napi::Env env, const std::shared_ptr<Model> &model) { return Handle<ModelContent>::create(env, ModelContent{model}); });
}

Napi::Value compile(const Napi::CallbackInfo &info) {
  std::string path = info[0].ToString();
  return runOperation<std::string>(
      info.Env(), [path](auto done) { compileModel(path, std::move(done)); },
      [](Napi::Env env, const std::string &compiled) { return Napi::String::New(env, compiled); });
}

// functionNames(compiledPath)
Napi::Value functionNames(const Napi::CallbackInfo &info) {
  std::string path = info[0].ToString();
  return runOperation<std::vector<std::string>>(
      info.Env(), [path](auto done) { readFunctionNames(path, std::move(done)); },
      [](Napi::Env env, const std::vector<std::string> &names) {
        Napi::Array list = Napi::Array::New(env, names.size());
        for (uint32_t i = 0; i < names.size(); ++i) list.Set(i, names[i]);
        return list;
      });
}

Napi::Value nothing(Napi::Env env, const Nothing &) { return env.Undefined(); }

Napi::Value move(const Napi::CallbackInfo &info) {
  std::string compiled = info[0].ToString(), destination = info[1].ToString();
  return runOperation<Nothing>(
      info.Env(), [compiled, destination](auto done) { moveCompiled(compiled, destination, std::move(done)); }, nothing);
}

Napi::Value remove(const Napi::CallbackInfo &info) {
  std::string compiled = info[0].ToString();
  return runOperation<Nothing>(info.Env(), [compiled](auto done) { removeCompiled(compiled, std::move(done)); }, nothing);
}

const char *kindName(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::cpu: return "cpu";
    case DeviceKind::gpu: return "gpu";
    case DeviceKind::neuralEngine: return "neuralEngine";
    default: return "unknown";
  }
}

Napi::Value toPlan(Napi::Env env, const std::vector<PlannedOperation> &operations) {
  Napi::Array list = Napi::Array::New(env, operations.size());
  for (uint32_t i = 0; i < operations.size(); ++i) {
    const PlannedOperation &each = operations[i];
    Napi::Object object = Napi::Object::New(env);
    object.Set("function", each.function);
    object.Set("name", each.name);
    object.Set("operator", each.op);
    object.Set("preferred", kindName(each.preferred));
    Napi::Array supported = Napi::Array::New(env, each.supported.size());
    for (uint32_t j = 0; j < each.supported.size(); ++j) supported.Set(j, kindName(each.supported[j]));
    object.Set("supported", supported);
    if (each.cost) object.Set("cost", *each.cost);
    list.Set(i, object);
  }
  return list;
}

// computePlan(compiledPath, configuration)
Napi::Value computePlan(const Napi::CallbackInfo &info) {
  std::string path = info[0].ToString();
  Configuration configuration = configurationFrom(info[1].As<Napi::Object>());
  return runOperation<std::vector<PlannedOperation>>(
      info.Env(), [path, configuration](auto done) { loadComputePlan(path, configuration, std::move(done)); }, toPlan);
}

Napi::Value machine(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Machine machine = describeMachine();
  Napi::Object object = Napi::Object::New(env);
  object.Set("chip", machine.chip);
  object.Set("model", machine.model);
  object.Set("osVersion", machine.osVersion);
  object.Set("osBuild", machine.osBuild);
  object.Set("translated", machine.translated);
  object.Set("thermalState", machine.thermalState);
  object.Set("lowPowerMode", machine.lowPowerMode);
  object.Set("memoryBytes", static_cast<double>(machine.memoryBytes));
  object.Set("performanceCores", static_cast<double>(machine.performanceCores));
  object.Set("efficiencyCores", static_cast<double>(machine.efficiencyCores));
  object.Set("devicesFrom", machine.devicesFrom);
  Napi::Array devices = Napi::Array::New(env, machine.devices.size());
  for (uint32_t i = 0; i < machine.devices.size(); ++i) {
    Napi::Object device = Napi::Object::New(env);
    device.Set("kind", kindName(machine.devices[i].kind));
    if (!machine.devices[i].name.empty()) device.Set("name", machine.devices[i].name);
    if (machine.devices[i].cores > 0) device.Set("cores", static_cast<double>(machine.devices[i].cores));
    devices.Set(i, device);
  }
  object.Set("devices", devices);
  return object;
}

// decodeImage(bytes or path)
Napi::Value decode(const Napi::CallbackInfo &info) {
  auto convert = [](Napi::Env env, const ImageValue &image) { return toJavaScript(env, image); };
  if (info[0].IsString()) {
    std::string path = info[0].As<Napi::String>();
    return runOperation<ImageValue>(info.Env(), [path](auto done) { decodeImageAt(path, std::move(done)); }, convert);
  }
  auto file = copyOf(info.Env(), info[0]);
  return runOperation<ImageValue>(info.Env(), [file](auto done) { decodeImage(file, std::move(done)); }, convert);
}

} // namespace

void defineFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("loadModel", Napi::Function::New<loadModel>(env, "loadModel"));
  exports.Set("compileModel", Napi::Function::New<compile>(env, "compileModel"));
  exports.Set("moveCompiled", Napi::Function::New<move>(env, "moveCompiled"));
  exports.Set("removeCompiled", Napi::Function::New<remove>(env, "removeCompiled"));
  exports.Set("functionNames", Napi::Function::New<functionNames>(env, "functionNames"));
  exports.Set("computePlan", Napi::Function::New<computePlan>(env, "computePlan"));
  exports.Set("machine", Napi::Function::New<machine>(env, "machine"));
  exports.Set("decodeImage", Napi::Function::New<decode>(env, "decodeImage"));
  exports.Set("allocate", Napi::Function::New<allocate>(env, "allocate"));
  exports.Set("isAllocated", Napi::Function::New<isAllocated>(env, "isAllocated"));
}

} // namespace binding
