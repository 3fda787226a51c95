// One Core ML call with everything around it, for Model's own methods.
#pragma once
#include <functional>

#include "features_objc.h"
#include "model_implementation.h"

namespace coreml {

// On the calling thread.
Result<Prediction> predictNow(MLModel *model, const PredictRequest &request);

// Again and again with the same inputs, which are converted once, on the calling thread.
class RepeatedPrediction {
 public:
  static Result<RepeatedPrediction> prepare(const PredictRequest &request);

  // Nanoseconds around the Core ML call alone.
  Result<int64_t> predict(MLModel *model);
  // Of the last prediction; nothing is converted before.
  Result<Features> outputs() const;

 private:
  Retained<MLDictionaryFeatureProvider *> inputs_;
  OutputBackings backings_;
  std::shared_ptr<State> state_;
  Retained<id> output_;
};

// Starts Core ML's asynchronous prediction; `done` comes on a queue of Core ML's, or at once if it could not start.
void predictOverlapping(MLModel *model, std::shared_ptr<PredictRequest> request, Done<Prediction> done);

// Whether Core ML has the asynchronous prediction here.
bool canOverlap();

} // namespace coreml
