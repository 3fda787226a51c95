#include "predict.h"

#include <chrono>

#include "errors_objc.h"
#include "os_version.h"
#include "state_implementation.h"

namespace coreml {
namespace {

using Clock = std::chrono::steady_clock;

Error nothing() { return Error{"ERR_PREDICT", "the prediction gave nothing", {}, 0, {}}; }

int64_t since(Clock::time_point start) { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count(); }

// Autoreleased.
id<MLFeatureProvider> callPredict(MLModel *model, id<MLFeatureProvider> inputs, MLPredictionOptions *options, State *state, NSError **error) {
  if (state == nullptr) return [model predictionFromFeatures:inputs options:options error:error];
  IF_OS_AT_LEAST(15.0, 18.0) {
    return [model predictionFromFeatures:inputs usingState:(MLState *)state->implementation().state.get() options:options error:error];
  }
  return nil;
}

Result<Prediction> collect(id<MLFeatureProvider> output, NSError *error, int64_t nanoseconds, const OutputBackings &backings) {
  if (output == nil) return errorFrom("ERR_PREDICT", "the prediction", error);
  auto outputs = fromProvider(output, backings);
  if (!outputs.ok()) return outputs.error();
  return Prediction{std::move(outputs.value()), nanoseconds};
}

// Converts the inputs and the output backings; or why not, which may be that the state could not be made.
std::optional<Error> prepare(const PredictRequest &request, Retained<MLDictionaryFeatureProvider *> &inputs, OutputBackings &backings) {
  if (request.state != nullptr && request.state->implementation().failure) return request.state->implementation().failure;
  auto provider = toProvider(request.inputs);
  if (!provider.ok()) return provider.error();
  inputs = std::move(provider.value());
  return backings.set(request.outputBackings);
}

// What an asynchronous prediction needs until its handler has run.
struct Call {
  std::shared_ptr<PredictRequest> request;
  OutputBackings backings;
  Done<Prediction> done;
  Clock::time_point start;
};

void finish(const std::shared_ptr<Call> &call, id<MLFeatureProvider> output, NSError *error) {
  int64_t nanoseconds = since(call->start);
  Result<Prediction> result = nothing();
  auto failure = guarded("ERR_PREDICT", "the prediction", [&] { result = collect(output, error, nanoseconds, call->backings); });
  call->done(failure ? Result<Prediction>(*failure) : std::move(result));
}

} // namespace

// States came with an asynchronous prediction of their own: whoever has one has that too.
bool canOverlap() {
  IF_OS_AT_LEAST(14.0, 17.0) { return true; }
  return false;
}

Result<Prediction> predictNow(MLModel *model, const PredictRequest &request) {
  Result<Prediction> result = nothing();
  auto failure = guarded("ERR_PREDICT", "the prediction", [&] {
    Retained<MLDictionaryFeatureProvider *> inputs;
    OutputBackings backings;
    if (auto refused = prepare(request, inputs, backings)) {
      result = *refused;
      return;
    }
    NSError *error = nil;
    auto start = Clock::now();
    id<MLFeatureProvider> output = callPredict(model, inputs.get(), backings.options(), request.state.get(), &error);
    int64_t nanoseconds = since(start);
    result = collect(output, error, nanoseconds, backings);
  });
  if (failure) return *failure;
  return result;
}

Result<RepeatedPrediction> RepeatedPrediction::prepare(const PredictRequest &request) {
  Result<RepeatedPrediction> result = nothing();
  auto failure = guarded("ERR_PREDICT", "the prediction", [&] {
    RepeatedPrediction prepared;
    if (auto refused = coreml::prepare(request, prepared.inputs_, prepared.backings_)) {
      result = *refused;
      return;
    }
    prepared.state_ = request.state;
    result = std::move(prepared);
  });
  if (failure) return *failure;
  return result;
}

Result<int64_t> RepeatedPrediction::predict(MLModel *model) {
  int64_t nanoseconds = 0;
  std::optional<Error> refused;
  auto failure = guarded("ERR_PREDICT", "the prediction", [&] {
    NSError *error = nil;
    auto start = Clock::now();
    id<MLFeatureProvider> output = callPredict(model, inputs_.get(), backings_.options(), state_.get(), &error);
    nanoseconds = since(start);
    if (output == nil) refused = errorFrom("ERR_PREDICT", "the prediction", error);
    output_ = Retained<id>::retain(output);
  });
  if (refused) return *refused;
  if (failure) return *failure;
  return nanoseconds;
}

Result<Features> RepeatedPrediction::outputs() const {
  Result<Features> result = nothing();
  auto failure = guarded("ERR_PREDICT", "the prediction", [&] { result = fromProvider(output_.get(), backings_); });
  if (failure) return *failure;
  return result;
}

void predictOverlapping(MLModel *model, std::shared_ptr<PredictRequest> request, Done<Prediction> done) {
  auto call = std::make_shared<Call>();
  call->request = request;
  call->done = std::move(done);
  std::optional<Error> refused;
  auto failure = guarded("ERR_PREDICT", "the prediction", [&] {
    Retained<MLDictionaryFeatureProvider *> inputs;
    refused = prepare(*request, inputs, call->backings);
    if (refused) return;
    // A block would capture the outer variable by reference, as the lambda does.
    auto kept = call; // NOLINT(performance-unnecessary-copy-initialization): the handler outlives this function
    auto handler = ^(id<MLFeatureProvider> output, NSError *error) {
      finish(kept, output, error);
    };
    call->start = Clock::now();
    if (request->state != nullptr) {
      IF_OS_AT_LEAST(15.0, 18.0) {
        [model predictionFromFeatures:inputs.get()
                           usingState:(MLState *)request->state->implementation().state.get()
                              options:call->backings.options()
                    completionHandler:handler];
      }
      return;
    }
    IF_OS_AT_LEAST(14.0, 17.0) {
      [model predictionFromFeatures:inputs.get() options:call->backings.options() completionHandler:handler];
    }
  });
  if (!refused) refused = failure;
  if (refused) call->done(*refused);
}

} // namespace coreml
