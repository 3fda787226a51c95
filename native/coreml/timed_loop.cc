#include "timed_loop.h"

#include <chrono>
#include <new>

#include "threads.h"

namespace coreml {

Result<TimedRun> runTimedLoop(const TimedRequest &request, const TimedCalls &calls) {
  using Clock = std::chrono::steady_clock;
  auto elapsed = [start = Clock::now()] { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count(); };
  TimedRun run;
  run.qualityOfService = qualityOfService();
  const size_t different = request.inputs.size();
  size_t last = 0;
  try {
    run.nanoseconds.reserve(static_cast<size_t>(request.iterations > 0 && request.iterations < 1000000 ? request.iterations : 4096));
    int64_t count = 0;
    while (true) {
      int64_t sum = 0;
      for (int64_t i = 0; i < request.block; ++i, ++count) {
        last = static_cast<size_t>(count) % different;
        auto nanoseconds = calls.predict(last);
        if (!nanoseconds.ok()) return nanoseconds.error();
        sum += nanoseconds.value();
      }
      run.nanoseconds.push_back(static_cast<double>(sum) / static_cast<double>(request.block));
      run.elapsedNanoseconds = elapsed();
      if (request.iterations > 0 && count >= request.iterations) break;
      if (request.durationNanoseconds > 0 && run.elapsedNanoseconds >= request.durationNanoseconds) break;
      if (request.iterations <= 0 && request.durationNanoseconds <= 0) break;
      if (request.stop != nullptr && request.stop->load()) break;
    }
  } catch (const std::bad_alloc &) {
    return Error{"ERR_PREDICT", "runTimed: no memory for the samples", {}, 0, {}};
  }
  auto outputs = calls.outputs(last);
  if (!outputs.ok()) return outputs.error();
  run.outputs = std::move(outputs.value());
  return run;
}

} // namespace coreml
