#include "measured.h"

#include <chrono>

#include "features_objc.h"
#include "model_implementation.h"
#include "predict.h"

namespace standin {

coreml::Result<coreml::Prediction> predictHere(coreml::Model &model, const coreml::PredictRequest &request) {
  return coreml::predictNow(model.implementation().model.get(), request);
}

int64_t bareCalls(coreml::Model &model, const coreml::Features &inputs, int64_t times) {
  @autoreleasepool {
    auto provider = coreml::toProvider(inputs);
    if (!provider.ok()) return -1;
    MLModel *framework = model.implementation().model.get();
    MLPredictionOptions *options = [[[MLPredictionOptions alloc] init] autorelease];
    auto start = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < times; ++i) {
      @autoreleasepool {
        [framework predictionFromFeatures:provider.value().get() options:options error:nullptr];
      }
    }
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  }
}

} // namespace standin
