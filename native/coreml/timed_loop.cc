#include "timed_loop.h"

#include <chrono>
#include <new>

#include "threads.h"

namespace coreml {

Result<TimedRun> runTimedLoop(const TimedRequest &request, const std::function<Result<Prediction>(const PredictRequest &)> &predict) {
  using Clock = std::chrono::steady_clock;
  auto elapsed = [start = Clock::now()] { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count(); };
  TimedRun run;
  run.qualityOfService = qualityOfService();
  // The inputs are converted for each prediction, outside the measured call.
  std::vector<PredictRequest> each;
  try {
    for (const Features &inputs : request.inputs) each.push_back(PredictRequest{inputs, request.outputBackings, request.state, nullptr});
    run.nanoseconds.reserve(static_cast<size_t>(request.iterations > 0 && request.iterations < 1000000 ? request.iterations : 4096));
    size_t next = 0;
    while (true) {
      int64_t sum = 0;
      for (int64_t i = 0; i < request.block; ++i) {
        auto prediction = predict(each[next++ % each.size()]);
        if (!prediction.ok()) return prediction.error();
        sum += prediction.value().nanoseconds;
        run.outputs = std::move(prediction.value().outputs);
      }
      run.nanoseconds.push_back(static_cast<double>(sum) / static_cast<double>(request.block));
      run.elapsedNanoseconds = elapsed();
      if (request.iterations > 0 && static_cast<int64_t>(next) >= request.iterations) break;
      if (request.durationNanoseconds > 0 && run.elapsedNanoseconds >= request.durationNanoseconds) break;
      if (request.iterations <= 0 && request.durationNanoseconds <= 0) break;
      if (request.stop != nullptr && request.stop->load()) break;
    }
  } catch (const std::bad_alloc &) {
    return Error{"ERR_PREDICT", "runTimed: no memory for the samples", {}, 0, {}};
  }
  return run;
}

} // namespace coreml
