// The serial executor of one MLModel. Apple: "use an MLModel instance on one thread at a time"; only the asynchronous prediction of macOS 14 may overlap with itself.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>

#include "cancellation.h"

namespace coreml {

// What a job calls once, when its work is done: calls `handOut`, which gives the result to whoever waits for it. The queue goes on before that, so that whoever asks
// for the next prediction finds the model idle; it counts as drained only after.
using Finished = std::function<void(const std::function<void()> &handOut)>;

struct PredictionJob {
  // Runs the whole work on the queue's thread; nothing else of the model runs until it calls `finished`.
  std::function<void(const Finished &finished)> runAlone;
  // Starts work that may overlap with other such work, and returns; calls `finished` on any thread. Empty where overlapping is not allowed.
  std::function<void(const Finished &finished)> startOverlapping;
  // Called instead of either when the queue is closed before the job's turn.
  std::function<void()> refused;
  // May be null.
  std::shared_ptr<Cancellation> cancellation;
};

class PredictionQueue {
 public:
  // At most `overlap` overlapping jobs are under way at a time.
  explicit PredictionQueue(size_t overlap);
  // Ends the thread. Nothing waits or runs any more: every job holds the model that owns the queue.
  ~PredictionQueue();

  void submit(PredictionJob job);
  // Refuses what has not started and everything submitted from now on; `drained` is called once nothing runs any more and every result and refusal
  // has been handed out.
  void close(const std::function<void()> &drained);

 private:
  struct Shared;
  static void loop(const std::shared_ptr<Shared> &shared);
  std::shared_ptr<Shared> shared_;
};

} // namespace coreml
