// The measured loop. It runs here and not in JavaScript, because a loop there costs CPU power and distorts the figures.
#pragma once
#include <functional>

#include "model.h"

namespace coreml {

// Predicts until the request's limit, at least once. Stops at the first error.
Result<TimedRun> runTimedLoop(const TimedRequest &request, const std::function<Result<Prediction>(const PredictRequest &)> &predict);

} // namespace coreml
