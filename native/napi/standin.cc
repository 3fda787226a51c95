// The stand-in's switches, for tests. Not in the addon that is shipped.
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "buffer.h"
#include "classes.h"
#include "control.h"
#include "errors_js.h"
#include "features_js.h"
#include "measured.h"
#include "operation.h"
#include "prediction_queue.h"
#include "strided_copy.h"
#include "threads.h"

// Node's own function as a host such as Electron has it; the linker sends the addon's calls here.
static std::atomic<bool> hostForbidsExternalBuffers{false};

extern "C" {
napi_status __real_napi_create_external_arraybuffer(napi_env env, void *data, size_t bytes, napi_finalize finalize, void *hint, napi_value *result);

napi_status __wrap_napi_create_external_arraybuffer(napi_env env, void *data, size_t bytes, napi_finalize finalize, void *hint, napi_value *result) {
  if (hostForbidsExternalBuffers) return napi_no_external_buffers_allowed;
  return __real_napi_create_external_arraybuffer(env, data, bytes, finalize, hint, result);
}
}

namespace binding {
namespace {

template <typename Visit>
void eachSetting(Visit visit) {
  standin::Settings &settings = standin::settings();
  visit("osVersion", settings.osVersion);
  visit("neuralEngine", settings.neuralEngine);
  visit("gpu", settings.gpu);
  visit("registryAnswers", settings.registryAnswers);
  visit("engineDriver", settings.engineDriver);
  visit("translated", settings.translated);
  visit("lowPower", settings.lowPower);
  visit("thermalState", settings.thermalState);
  visit("refuseQualityOfService", settings.refuseQualityOfService);
  visit("compileMilliseconds", settings.compileMilliseconds);
  visit("compileFiles", settings.compileFiles);
  visit("compileBare", settings.compileBare);
  visit("loadMilliseconds", settings.loadMilliseconds);
  visit("unloadMilliseconds", settings.unloadMilliseconds);
  visit("newStateMilliseconds", settings.newStateMilliseconds);
  visit("predictMicroseconds", settings.predictMicroseconds);
  visit("releaseMilliseconds", settings.releaseMilliseconds);
  visit("refuseBackings", settings.refuseBackings);
  visit("paddingElements", settings.paddingElements);
  visit("elementStride", settings.elementStride);
  visit("shortMemory", settings.shortMemory);
  visit("undefinedOutputs", settings.undefinedOutputs);
  visit("compileError", settings.compileError);
  visit("loadError", settings.loadError);
  visit("predictError", settings.predictError);
  visit("throwFromCompile", settings.throwFromCompile);
  visit("throwFromLoad", settings.throwFromLoad);
  visit("throwFromNewState", settings.throwFromNewState);
  visit("throwFromPredict", settings.throwFromPredict);
  visit("throwFromPlan", settings.throwFromPlan);
  visit("throwFromDecode", settings.throwFromDecode);
  visit("throwFromDevices", settings.throwFromDevices);
  visit("throwFromEnergy", settings.throwFromEnergy);
  visit("predictSignal", settings.predictSignal);
  visit("hangInPredict", settings.hangInPredict);
  visit("nilWithoutError", settings.nilWithoutError);
  visit("failPlan", settings.failPlan);
  visit("failFunctionNames", settings.failFunctionNames);
  visit("energyGated", settings.energyGated);
  visit("energyMissing", settings.energyMissing);
  visit("abortOnPackagePlan", settings.abortOnPackagePlan);
}

template <typename T>
void assign(std::atomic<T> &setting, double value) {
  setting = static_cast<T>(value);
}

// configure({ setting: value, … })
Napi::Value configure(const Napi::CallbackInfo &info) {
  auto given = info[0].As<Napi::Object>();
  Napi::Array names = given.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); ++i) {
    std::string name = names.Get(i).ToString();
    Napi::Value value = given.Get(name);
    double number = value.ToNumber().DoubleValue();
    bool known = false;
    if (name == "forbidExternalBuffers") {
      hostForbidsExternalBuffers = value.ToBoolean();
      Environment::of(info.Env()).externalBuffersForbidden = false; // as if the host had not been asked yet
      known = true;
    }
    if (name == "maximumOverlap") { // counted anew
      standin::events().maximumOverlap = 0;
      known = true;
    }
    eachSetting([&](const char *each, auto &setting) {
      if (name != each) return;
      known = true;
      assign(setting, number);
    });
    if (!known) refuse(info.Env(), "the stand-in has no setting " + name);
  }
  return info.Env().Undefined();
}

Napi::Value events(const Napi::CallbackInfo &info) {
  standin::Events &events = standin::events();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("predictions", static_cast<double>(events.predictions));
  object.Set("asynchronousPredictions", static_cast<double>(events.asynchronousPredictions));
  object.Set("backingsUsed", static_cast<double>(events.backingsUsed));
  object.Set("backingsRefused", static_cast<double>(events.backingsRefused));
  object.Set("threadingViolations", static_cast<double>(events.threadingViolations));
  object.Set("insideNanoseconds", static_cast<double>(events.insideNanoseconds));
  object.Set("maximumOverlap", static_cast<double>(events.maximumOverlap));
  return object;
}

// Native objects alive, by name; those of the stand-in's classes and our own buffers.
Napi::Value liveObjects(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  for (const auto &[name, count] : standin::liveObjects()) {
    if (count != 0) object.Set(name, static_cast<double>(count));
  }
  if (coreml::Buffer::liveCount() > 0) object.Set("Buffer", static_cast<double>(coreml::Buffer::liveCount()));
  return object;
}

Napi::Value lastConfiguration(const Napi::CallbackInfo &info) {
  Napi::Object object = Napi::Object::New(info.Env());
  for (const auto &[name, value] : standin::lastConfiguration()) object.Set(name, value);
  return object;
}

// The least that a promise over another thread costs: what benchmarks compare with.
class EmptyWorker : public Napi::AsyncWorker {
 public:
  explicit EmptyWorker(Napi::Env env) : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)) {}
  void Execute() override {}
  void OnOK() override { deferred.Resolve(Env().Undefined()); }
  Napi::Promise::Deferred deferred;
};

Napi::Value emptyWorker(const Napi::CallbackInfo &info) {
  auto *worker = new EmptyWorker(info.Env());
  worker->Queue();
  return worker->deferred.Promise();
}

// An awaited job that does nothing, by the way that predictions go: the queue's thread, the thread-safe function, the promise.
Napi::Value emptyJob(const Napi::CallbackInfo &info) {
  static auto *queue = new coreml::PredictionQueue(1); // its thread lives as long as the process
  return runOperation<coreml::Nothing>(
      info.Env(),
      [](coreml::Done<coreml::Nothing> done) {
        coreml::PredictionJob job;
        job.refused = [] {};
        job.runAlone = [done = std::move(done)](const coreml::Finished &finished) {
          finished([&] { done(coreml::Nothing{}); });
        };
        queue->submit(std::move(job));
      },
      [](Napi::Env env, const coreml::Nothing &) { return env.Undefined(); });
}

// closeQueue(overlapping, handingOut): the order of what a queue tells when it is closed while its one job works, or while that job's result is on its way.
Napi::Value closeQueue(const Napi::CallbackInfo &info) {
  struct Order {
    std::mutex mutex;
    std::vector<std::string> events;
    std::promise<void> started, mayFinish, handingOut, drained;
    void add(const char *event) {
      std::lock_guard<std::mutex> lock(mutex);
      events.push_back(event);
    }
  };
  auto order = std::make_shared<Order>();
  bool overlapping = info[0].ToBoolean();
  bool whileHandingOut = info[1].ToBoolean();

  coreml::PredictionQueue queue(1);
  auto work = [order](const coreml::Finished &finished) {
    order->started.set_value();
    order->mayFinish.get_future().wait();
    finished([&] {
      order->handingOut.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      order->add("result");
    });
  };
  coreml::PredictionJob job;
  job.runAlone = work;
  job.refused = [order] { order->add("refused"); };
  coreml::PredictionJob waiting = job;
  if (overlapping) {
    job.startOverlapping = [work](const coreml::Finished &finished) { coreml::runOnNewThread([work, finished] { work(finished); }); };
    // Jobs overlap from when two met.
    auto met = std::make_shared<std::promise<void>>();
    coreml::PredictionJob earlier;
    earlier.runAlone = [met](const coreml::Finished &finished) {
      met->get_future().wait();
      finished(nullptr);
    };
    queue.submit(std::move(earlier));
    queue.submit(std::move(job));
    met->set_value();
  } else {
    queue.submit(std::move(job));
  }
  order->started.get_future().wait();
  auto drained = [order] {
    order->add("drained");
    order->drained.set_value();
  };
  if (whileHandingOut) {
    order->mayFinish.set_value();
    order->handingOut.get_future().wait();
    queue.close(drained);
  } else {
    queue.submit(std::move(waiting));
    queue.close(drained);
    order->mayFinish.set_value();
  }
  order->drained.get_future().wait();
  Napi::Array events = Napi::Array::New(info.Env());
  for (const std::string &event : order->events) events.Set(events.Length(), event);
  return events;
}

int64_t nanosecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
}

// predictHere(model, inputs, times): whole predictions on this thread, from JavaScript objects to JavaScript objects. Nanoseconds in all of
// { reading, predicting, writing }: taking over the inputs, the prediction with every conversion to and from Objective-C, and making the results.
Napi::Value predictHere(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  coreml::Model &model = *Handle<ModelContent>::of(env, info[0]).model;
  int64_t reading = 0, predicting = 0, writing = 0;
  for (int64_t left = info[2].As<Napi::Number>().Int64Value(); left > 0; --left) {
    Napi::HandleScope scope(env);
    auto start = std::chrono::steady_clock::now();
    coreml::PredictRequest request;
    request.inputs = featuresFrom(info[1]);
    reading += nanosecondsSince(start);
    start = std::chrono::steady_clock::now();
    auto prediction = standin::predictHere(model, request);
    predicting += nanosecondsSince(start);
    if (!prediction.ok()) fail(env, prediction.error());
    start = std::chrono::steady_clock::now();
    toJavaScript(env, prediction.value());
    writing += nanosecondsSince(start);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("reading", static_cast<double>(reading));
  object.Set("predicting", static_cast<double>(predicting));
  object.Set("writing", static_cast<double>(writing));
  return object;
}

// bareCalls(model, inputs, times): nanoseconds of so many calls of the framework alone, on this thread.
Napi::Value bareCalls(const Napi::CallbackInfo &info) {
  coreml::Model &model = *Handle<ModelContent>::of(info.Env(), info[0]).model;
  int64_t nanoseconds = standin::bareCalls(model, featuresFrom(info[1]), info[2].As<Napi::Number>().Int64Value());
  return Napi::Number::New(info.Env(), static_cast<double>(nanoseconds));
}

// stridedCopy(rows, columns, padding, times): nanoseconds of our copy out of padded rows and of a memcpy of the same bytes, each into a new buffer.
Napi::Value stridedCopy(const Napi::CallbackInfo &info) {
  auto number = [&](size_t index) { return info[index].As<Napi::Number>().Int64Value(); };
  const std::vector<int64_t> shape{number(0), number(1)};
  const std::vector<int64_t> strides{number(1) + number(2), 1};
  auto bytes = static_cast<size_t>(shape[0] * shape[1]) * sizeof(float);
  std::vector<float> padded(static_cast<size_t>(shape[0] * strides[0]));
  auto timed = [&](auto work) {
    auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < number(3); ++i) work(coreml::Buffer::create(bytes)->data());
    return static_cast<double>(nanosecondsSince(start));
  };
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("memcpy", timed([&](void *target) { std::memcpy(target, padded.data(), bytes); }));
  object.Set("strided", timed([&](void *target) { coreml::copyFromStrided(target, padded.data(), shape, strides, sizeof(float)); }));
  return object;
}

Napi::Value createdBytes(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), static_cast<double>(coreml::Buffer::createdBytes())); }

// What malloc has given out and not got back, in the whole process: unlike resident memory, without what it keeps for later.
Napi::Value allocatedBytes(const Napi::CallbackInfo &info) {
  struct mallinfo2 all = mallinfo2();
  return Napi::Number::New(info.Env(), static_cast<double>(all.uordblks + all.hblkhd));
}

} // namespace

void defineStandin(Napi::Env env, Napi::Object exports) {
  // COREML_STANDIN="osVersion=14 neuralEngine=0" sets the machine of a child process.
  if (const char *text = std::getenv("COREML_STANDIN")) {
    eachSetting([&](const char *name, auto &setting) {
      std::string wanted = std::string(name) + "=";
      for (const char *at = std::strstr(text, wanted.c_str()); at != nullptr; at = nullptr) assign(setting, std::atof(at + wanted.size()));
    });
  }
  Napi::Object standin = Napi::Object::New(env);
  standin.Set("configure", Napi::Function::New<configure>(env, "configure"));
  standin.Set("events", Napi::Function::New<events>(env, "events"));
  standin.Set("lastConfiguration", Napi::Function::New<lastConfiguration>(env, "lastConfiguration"));
  standin.Set("liveObjects", Napi::Function::New<liveObjects>(env, "liveObjects"));
  standin.Set("emptyWorker", Napi::Function::New<emptyWorker>(env, "emptyWorker"));
  standin.Set("emptyJob", Napi::Function::New<emptyJob>(env, "emptyJob"));
  standin.Set("closeQueue", Napi::Function::New<closeQueue>(env, "closeQueue"));
  standin.Set("predictHere", Napi::Function::New<predictHere>(env, "predictHere"));
  standin.Set("bareCalls", Napi::Function::New<bareCalls>(env, "bareCalls"));
  standin.Set("stridedCopy", Napi::Function::New<stridedCopy>(env, "stridedCopy"));
  standin.Set("createdBytes", Napi::Function::New<createdBytes>(env, "createdBytes"));
  standin.Set("allocatedBytes", Napi::Function::New<allocatedBytes>(env, "allocatedBytes"));
  exports.Set("standin", standin);
}

} // namespace binding
