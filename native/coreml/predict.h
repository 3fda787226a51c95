// One Core ML call with everything around it, for Model's own methods.
#pragma once
#include <functional>

#include "model_implementation.h"

namespace coreml {

// On the calling thread.
Result<Prediction> predictNow(MLModel *model, const PredictRequest &request);

// Starts Core ML's asynchronous prediction; `done` comes on a queue of Core ML's, or at once if it could not start.
void predictOverlapping(MLModel *model, std::shared_ptr<PredictRequest> request, Done<Prediction> done);

// Whether Core ML has the asynchronous prediction here.
bool canOverlap(bool withState);

} // namespace coreml
