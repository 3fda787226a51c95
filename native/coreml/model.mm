#include "model.h"

#include <chrono>

#include "configuration_objc.h"
#include "description_objc.h"
#include "errors_objc.h"
#include "features_objc.h"
#include "model_implementation.h"
#include "os_version.h"
#include "predict.h"
#include "state_implementation.h"
#include "threads.h"
#include "timed_loop.h"

namespace coreml {
namespace {

Error disposed() { return Error{"ERR_DISPOSED", "the model was disposed before the prediction's turn came", {}, 0, {}}; }

// Autoreleased; a copy, because Core ML may read it long after the load.
NSData *toNSData(const std::shared_ptr<Buffer> &buffer) {
  return [[[NSData alloc] initWithBytes:buffer->data() length:buffer->size()] autorelease];
}

// Core ML looks weight files up by relative path: a URL without scheme.
NSURL *relativeURL(const std::string &path) {
  return [NSURL URLWithString:[toNSString(path) stringByAddingPercentEncodingWithAllowedCharacters:[NSCharacterSet URLPathAllowedCharacterSet]]];
}

struct Asset {
  Retained<MLModelAsset *> asset;
  Retained<NSArray<NSData *> *> memory;
};

Result<Asset> makeAsset(const LoadRequest &request) {
  NSError *error = nil;
  NSData *specification = toNSData(request.specification);
  NSMutableArray<NSData *> *memory = [NSMutableArray arrayWithObject:specification];
  MLModelAsset *asset = nil;
  if (request.blobs.empty()) {
    asset = [MLModelAsset modelAssetWithSpecificationData:specification error:&error];
  } else {
    IF_OS_AT_LEAST(15.0, 18.0) {
      NSMutableDictionary<NSURL *, NSData *> *blobs = [NSMutableDictionary dictionaryWithCapacity:request.blobs.size()];
      for (const auto &[path, bytes] : request.blobs) [blobs setObject:toNSData(bytes) forKey:relativeURL(path)];
      [memory addObjectsFromArray:[blobs allValues]];
      asset = [MLModelAsset modelAssetWithSpecificationData:specification blobMapping:blobs error:&error];
    } else {
      return osTooOld("loading a model with weight files from memory", "15", "18");
    }
  }
  if (asset == nil) return errorFrom("ERR_LOAD", "the model in memory", error);
  return Asset{Retained<MLModelAsset *>::retain(asset), Retained<NSArray<NSData *> *>::retain(memory)};
}

// What a load needs until its handler has run.
struct Loading {
  size_t maximumOverlap;
  Retained<NSArray<NSData *> *> memory;
  Done<std::shared_ptr<Model>> done;
};

void finishLoad(MLModel *loaded, NSError *error, const Loading &loading) {
  Result<std::shared_ptr<Model>> result = Error{"ERR_LOAD", "loading gave nothing", {}, 0, {}};
  auto failure = guarded("ERR_LOAD", "loading", [&] {
    if (loaded == nil) {
      result = errorFrom("ERR_LOAD", "loading", error);
      return;
    }
    auto implementation = std::make_unique<Model::Implementation>(Retained<MLModel *>::retain(loaded), loading.maximumOverlap);
    implementation->memory = loading.memory;
    implementation->description = describe([loaded modelDescription]);
    implementation->computeUnits = static_cast<ComputeUnits>([[loaded configuration] computeUnits]);
    result = std::make_shared<Model>(std::move(implementation));
  });
  loading.done(failure ? Result<std::shared_ptr<Model>>(*failure) : std::move(result));
}

void startLoad(const LoadRequest &request, const Done<std::shared_ptr<Model>> &done) {
  std::optional<Error> refused;
  auto failure = guarded("ERR_LOAD", "loading", [&] {
    auto configuration = makeConfiguration(request.configuration);
    if (!configuration.ok()) {
      refused = configuration.error();
      return;
    }
    // A block would capture the outer variables by reference, as the lambda does.
    auto loading = std::make_shared<Loading>(Loading{request.maximumOverlap, {}, done});
    auto handler = ^(MLModel *model, NSError *error) {
      finishLoad(model, error, *loading);
    };
    if (request.specification == nullptr) {
      NSURL *url = [NSURL fileURLWithPath:toNSString(request.compiledPath) isDirectory:YES];
      [MLModel loadContentsOfURL:url configuration:configuration.value().get() completionHandler:handler];
      return;
    }
    auto asset = makeAsset(request);
    if (!asset.ok()) {
      refused = asset.error();
      return;
    }
    loading->memory = asset.value().memory;
    [MLModel loadModelAsset:asset.value().asset.get() configuration:configuration.value().get() completionHandler:handler];
  });
  if (!refused) refused = failure;
  if (refused) done(*refused);
}

} // namespace

void Model::load(LoadRequest request, Done<std::shared_ptr<Model>> done) {
  runOnNewThread([request = std::move(request), done = std::move(done)] { startLoad(request, done); });
}

Model::Model(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

// On whatever thread the last reference goes, and few have an autorelease pool.
Model::~Model() {
  @autoreleasepool {
    implementation_.reset();
  }
}

const ModelDescription &Model::description() const { return implementation_->description; }

ComputeUnits Model::computeUnits() const { return implementation_->computeUnits; }

namespace {

// A prediction under way: what its job holds until it is through.
struct PredictRun {
  std::shared_ptr<Model> model;
  std::shared_ptr<PredictRequest> request;
  Done<Prediction> done;
  StateGate::Pass pass;

  // The inputs go before `done` is called: whoever awaits the prediction may count on it.
  void end(Result<Prediction> result, const Finished &finished) {
    request->inputs.clear();
    pass = nullptr;
    finished([&] { done(std::move(result)); });
  }
};

} // namespace

void Model::predict(std::shared_ptr<PredictRequest> request, Done<Prediction> done) {
  auto run = std::make_shared<PredictRun>();
  run->model = shared_from_this();
  run->request = std::move(request);
  run->done = std::move(done);
  auto submit = [run](StateGate::Pass pass) {
    run->pass = std::move(pass);
    Implementation &implementation = *run->model->implementation_;
    PredictionJob job;
    job.cancellation = run->request->cancellation;
    job.refused = [run] { run->done(disposed()); };
    job.runAlone = [run](const Finished &finished) {
      run->end(predictNow(run->model->implementation_->model.get(), *run->request), finished);
    };
    if (canOverlap()) {
      job.startOverlapping = [run](const Finished &finished) {
        predictOverlapping(run->model->implementation_->model.get(), run->request,
                           [run, finished](Result<Prediction> result) { run->end(std::move(result), finished); });
      };
    }
    implementation.queue.submit(std::move(job));
  };
  if (run->request->state == nullptr) {
    submit(nullptr);
  } else {
    run->request->state->gate()->enter(submit);
  }
}

namespace {

Result<BatchPrediction> predictBatchNow(MLModel *model, const BatchRequest &request) {
  Result<BatchPrediction> result = Error{"ERR_PREDICT", "the batch gave nothing", {}, 0, {}};
  auto failure = guarded("ERR_PREDICT", "the batch", [&] {
    NSMutableArray *providers = [NSMutableArray arrayWithCapacity:request.inputs.size()];
    for (const Features &inputs : request.inputs) {
      auto provider = toProvider(inputs);
      if (!provider.ok()) {
        result = provider.error();
        return;
      }
      [providers addObject:provider.value().get()];
    }
    auto batch = Retained<MLArrayBatchProvider *>::adopt([[MLArrayBatchProvider alloc] initWithFeatureProviderArray:providers]);
    OutputBackings none;
    none.set({});
    NSError *error = nil;
    auto start = std::chrono::steady_clock::now();
    id<MLBatchProvider> output = [model predictionsFromBatch:batch.get() options:none.options() error:&error];
    BatchPrediction prediction;
    prediction.nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
    if (output == nil) {
      result = errorFrom("ERR_PREDICT", "the batch", error);
      return;
    }
    for (NSInteger i = 0; i < [output count]; ++i) {
      auto outputs = fromProvider([output featuresAtIndex:i], none);
      if (!outputs.ok()) {
        result = outputs.error();
        return;
      }
      prediction.outputs.push_back(std::move(outputs.value()));
    }
    result = std::move(prediction);
  });
  if (failure) return *failure;
  return result;
}

// The inputs are converted before the loop, once.
Result<TimedRun> runTimedNow(MLModel *model, const TimedRequest &request) {
  Result<TimedRun> result = Error{"ERR_PREDICT", "runTimed gave nothing", {}, 0, {}};
  auto failure = guarded("ERR_PREDICT", "runTimed", [&] {
    std::vector<RepeatedPrediction> predictions;
    for (const Features &inputs : request.inputs) {
      auto prepared = RepeatedPrediction::prepare(PredictRequest{inputs, request.outputBackings, request.state, nullptr});
      if (!prepared.ok()) {
        result = prepared.error();
        return;
      }
      predictions.push_back(std::move(prepared.value()));
    }
    result = runTimedLoop(request, TimedCalls{[&](size_t inputs) { return predictions[inputs].predict(model); },
                                              [&](size_t inputs) { return predictions[inputs].outputs(); }});
  });
  if (failure) return *failure;
  return result;
}

} // namespace

void Model::predictBatch(std::shared_ptr<BatchRequest> request, Done<BatchPrediction> done) {
  PredictionJob job;
  job.cancellation = request->cancellation;
  job.refused = [done] { done(disposed()); };
  job.runAlone = [self = shared_from_this(), request = std::move(request), done = std::move(done)](const Finished &finished) {
    auto result = predictBatchNow(self->implementation_->model.get(), *request);
    request->inputs.clear();
    finished([&] { done(std::move(result)); });
  };
  implementation_->queue.submit(std::move(job));
}

void Model::runTimed(std::shared_ptr<TimedRequest> request, Done<TimedRun> done) {
  auto state = request->state;
  auto submit = [self = shared_from_this(), request = std::move(request), done = std::move(done)](StateGate::Pass pass) {
    PredictionJob job;
    job.cancellation = request->cancellation;
    job.refused = [done, pass] { done(disposed()); };
    job.runAlone = [self, request, done, pass](const Finished &finished) mutable {
      auto result = runTimedNow(self->implementation_->model.get(), *request);
      request->inputs.clear();
      pass = nullptr;
      finished([&] { done(std::move(result)); });
    };
    self->implementation_->queue.submit(std::move(job));
  };
  if (state == nullptr) {
    submit(nullptr);
  } else {
    state->gate()->enter(submit);
  }
}

Result<std::shared_ptr<State>> Model::newState() {
  IF_OS_AT_LEAST(15.0, 18.0) { return std::make_shared<State>(std::make_unique<State::Implementation>()); }
  return osTooOld("newState", "15", "18");
}

namespace {

void makeNow(const Retained<MLModel *> &model, State::Implementation &made) {
  auto failure = guarded("ERR_PREDICT", "newState", [&] {
    IF_OS_AT_LEAST(15.0, 18.0) { made.state = Retained<id>::adopt([model.get() newState]); }
  });
  made.model = model;
  made.failure = failure;
  if (!made.state && !failure) made.failure = Error{"ERR_PREDICT", "newState: Core ML gave no state", {}, 0, {}};
}

} // namespace

void Model::make(const std::shared_ptr<State> &state, const std::function<void()> &done) {
  state->gate()->enter([self = shared_from_this(), state, done](StateGate::Pass pass) {
    PredictionJob job;
    job.refused = done;
    job.runAlone = [self, state, done, pass](const Finished &finished) mutable {
      makeNow(self->implementation_->model, state->implementation());
      pass = nullptr;
      finished(done);
    };
    self->implementation_->queue.submit(std::move(job));
  });
}

void Model::close(const std::function<void()> &done) {
  implementation_->queue.close([self = shared_from_this(), done] {
    // Not here, which may be the JavaScript thread: Core ML may take long to unload a model.
    runOnNewThread([self, done] {
      guarded("ERR_INTERNAL", "unloading", [&] {
        self->implementation_->model = {};
        self->implementation_->memory = {};
      });
      done();
    });
  });
}

} // namespace coreml
