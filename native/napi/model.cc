// The JavaScript class Model.
#include "model.h"

#include "classes.h"
#include "description_js.h"
#include "errors_js.h"
#include "features_js.h"
#include "operation.h"

namespace binding {
namespace {

using namespace coreml;

ModelContent &usable(const Napi::CallbackInfo &info) {
  ModelContent &content = Handle<ModelContent>::self(info);
  if (content.disposed) fail(info.Env(), Error{"ERR_DISPOSED", "the model was disposed", {}, 0, {}});
  return content;
}

Napi::Value nothing(Napi::Env env, const Nothing &) { return env.Undefined(); }

Error aborted() { return Error{"ERR_ABORTED", "cancelled before its turn came", {}, 0, {}}; }

// Options that all kinds of prediction share: { backings, state, cancellation }.
template <typename Request>
void readOptions(const Napi::CallbackInfo &info, Request &request) {
  Napi::Env env = info.Env();
  if (!info[1].IsObject()) return;
  auto options = info[1].As<Napi::Object>();
  if constexpr (!std::is_same_v<Request, BatchRequest>) {
    request.outputBackings = backingsFrom(options.Get("backings"));
    Napi::Value state = options.Get("state");
    if (!state.IsUndefined()) {
      StateContent &given = Handle<StateContent>::of(env, state);
      if (given.state == nullptr) fail(env, Error{"ERR_DISPOSED", "the state was disposed", {}, 0, {}});
      request.state = given.state;
    }
  }
  Napi::Value cancellation = options.Get("cancellation");
  if (!cancellation.IsUndefined()) request.cancellation = Handle<CancellationContent>::of(env, cancellation).cancellation;
}

// Whatever comes first counts: the result, or the cancellation of queued work.
template <typename T, typename Request>
Done<T> cancellable(const std::shared_ptr<Request> &request, Done<T> done) {
  if (request->cancellation == nullptr) return done;
  request->cancellation->onCancel([request, done] {
    request->inputs.clear();
    done(aborted());
  });
  return done;
}

Napi::Value predict(const Napi::CallbackInfo &info) {
  ModelContent &content = usable(info);
  auto request = std::make_shared<PredictRequest>();
  request->inputs = featuresFrom(info[0]);
  readOptions(info, *request);
  return runOperation<Prediction>(
      info.Env(), [model = content.model, request](Done<Prediction> done) { model->predict(request, cancellable(request, std::move(done))); },
      [](Napi::Env env, const Prediction &prediction) { return toJavaScript(env, prediction); });
}

std::vector<Features> listOfFeatures(Napi::Value value) {
  auto list = value.As<Napi::Array>();
  std::vector<Features> all;
  all.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); ++i) all.push_back(featuresFrom(list.Get(i)));
  return all;
}

Napi::Value predictBatch(const Napi::CallbackInfo &info) {
  ModelContent &content = usable(info);
  auto request = std::make_shared<BatchRequest>();
  request->inputs = listOfFeatures(info[0]);
  readOptions(info, *request);
  return runOperation<BatchPrediction>(
      info.Env(), [model = content.model, request](Done<BatchPrediction> done) { model->predictBatch(request, cancellable(request, std::move(done))); },
      [](Napi::Env env, const BatchPrediction &batch) {
        Napi::Array outputs = Napi::Array::New(env, batch.outputs.size());
        for (uint32_t i = 0; i < batch.outputs.size(); ++i) outputs.Set(i, toJavaScript(env, batch.outputs[i]));
        Napi::Object object = Napi::Object::New(env);
        object.Set("outputs", outputs);
        object.Set("nanoseconds", static_cast<double>(batch.nanoseconds));
        return object;
      });
}

Napi::Value toTimedRun(Napi::Env env, const TimedRun &run) {
  auto samples = Napi::Float64Array::New(env, run.nanoseconds.size());
  for (size_t i = 0; i < run.nanoseconds.size(); ++i) samples[i] = run.nanoseconds[i];
  Napi::Object object = Napi::Object::New(env);
  object.Set("nanoseconds", samples);
  object.Set("elapsedMilliseconds", static_cast<double>(run.elapsedNanoseconds) / 1e6);
  object.Set("outputs", toJavaScript(env, run.outputs));
  object.Set("qualityOfService", run.qualityOfService);
  return object;
}

// runTimed(inputs[], { iterations, durationMilliseconds, block, … })
Napi::Value runTimed(const Napi::CallbackInfo &info) {
  ModelContent &content = usable(info);
  auto request = std::make_shared<TimedRequest>();
  request->inputs = listOfFeatures(info[0]);
  if (request->inputs.empty()) refuse(info.Env(), "runTimed: expected at least one set of inputs");
  readOptions(info, *request);
  auto options = info[1].As<Napi::Object>();
  auto number = [&](const char *name, double otherwise) {
    Napi::Value value = options.Get(name);
    return value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : otherwise;
  };
  request->iterations = static_cast<int64_t>(number("iterations", 0));
  request->durationNanoseconds = static_cast<int64_t>(number("durationMilliseconds", 0) * 1e6);
  request->block = static_cast<int64_t>(number("block", 1));
  if (request->block < 1) refuse(info.Env(), "runTimed: block must be at least 1");
  Napi::Value cancellation = options.Get("cancellation");
  if (!cancellation.IsUndefined()) request->stop = Handle<CancellationContent>::of(info.Env(), cancellation).stop;
  return runOperation<TimedRun>(
      info.Env(), [model = content.model, request](Done<TimedRun> done) { model->runTimed(request, cancellable(request, std::move(done))); }, toTimedRun);
}

Napi::Value newState(const Napi::CallbackInfo &info) {
  ModelContent &content = usable(info);
  auto state = content.model->newState();
  if (!state.ok()) fail(info.Env(), state.error());
  // Its promise is nobody's, but the process's end waits for it.
  runOperation<Nothing>(
      info.Env(), [model = content.model, made = state.value()](const Done<Nothing> &done) { model->make(made, [done] { done(Nothing{}); }); }, nothing);
  return Handle<StateContent>::create(info.Env(), StateContent{state.value(), content.model});
}

Napi::Value description(const Napi::CallbackInfo &info) { return toJavaScript(info.Env(), usable(info).model->description()); }

Napi::Value computeUnits(const Napi::CallbackInfo &info) {
  static const char *const names[] = {"cpuOnly", "cpuAndGPU", "all", "cpuAndNeuralEngine"};
  return Napi::String::New(info.Env(), names[static_cast<int>(usable(info).model->computeUnits())]);
}

// Queued predictions reject; the promise resolves once nothing of the model runs any more.
Napi::Value dispose(const Napi::CallbackInfo &info) {
  ModelContent &content = Handle<ModelContent>::self(info);
  content.disposed = true;
  std::shared_ptr<Model> model = std::move(content.model);
  return runOperation<Nothing>(
      info.Env(),
      [model = std::move(model)](const Done<Nothing> &done) {
        if (model == nullptr) done(Nothing{});
        else model->close([done] { done(Nothing{}); });
      },
      nothing);
}

} // namespace

void defineModel(Napi::Env env, Napi::Object exports) {
  Handle<ModelContent>::define(env, exports,
                               {methodNamed<predict>(env, "predict"), methodNamed<predictBatch>(env, "predictBatch"), methodNamed<runTimed>(env, "runTimed"),
                                methodNamed<newState>(env, "newState"), methodNamed<description>(env, "description"),
                                methodNamed<computeUnits>(env, "computeUnits"), methodNamed<dispose>(env, "dispose")});
}

} // namespace binding
