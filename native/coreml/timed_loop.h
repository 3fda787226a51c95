// The measured loop. It runs here and not in JavaScript, because a loop there costs CPU power and distorts the figures.
#pragma once
#include <functional>

#include "model.h"

namespace coreml {

struct TimedCalls {
  // Predicts with the inputs of this number; nanoseconds of the Core ML call.
  std::function<Result<int64_t>(size_t inputs)> predict;
  // What the last prediction with those inputs gave.
  std::function<Result<Features>(size_t inputs)> outputs;
};

// Predicts until the request's limit, at least once. Stops at the first error.
Result<TimedRun> runTimedLoop(const TimedRequest &request, const TimedCalls &calls);

} // namespace coreml
