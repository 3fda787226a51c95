#include "prediction_queue.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "threads.h"

namespace coreml {
namespace {
// A lone prediction runs synchronously on the queue's thread, which saves a thread hop. Once two met, the next ones overlap, until so many in a row were alone.
constexpr int overlapMemory = 64;

// The job's turn will never come. Whoever has cancelled it was told that already.
void refuse(const PredictionJob &job) {
  if (job.cancellation == nullptr || job.cancellation->start()) job.refused();
}
} // namespace

struct PredictionQueue::Shared {
  explicit Shared(size_t overlap) : limit(overlap) {}

  const size_t limit;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<PredictionJob> waiting;
  std::vector<std::function<void()>> onDrained;
  size_t overlapping = 0;
  size_t handingOut = 0; // results on their way: the model is idle again, but not drained
  int overlapsExpected = 0;
  bool alone = false;
  bool closed = false;
  bool threadRunning = false;

  bool mayStart() const {
    if (waiting.empty() || alone) return false;
    return waiting.front().startOverlapping ? overlapping < limit : overlapping == 0;
  }
  bool idle() const { return !alone && overlapping == 0; }
  bool drained() const { return idle() && handingOut == 0; }
  bool ended() const { return closed && drained(); }
};

PredictionQueue::PredictionQueue(size_t overlap) : shared_(std::make_shared<Shared>(overlap)) {}

PredictionQueue::~PredictionQueue() {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->closed = true;
  shared_->changed.notify_one();
}

void PredictionQueue::submit(PredictionJob job) {
  Shared &shared = *shared_;
  std::unique_lock<std::mutex> lock(shared.mutex);
  if (shared.closed) {
    lock.unlock();
    refuse(job);
    return;
  }
  if (!shared.idle()) shared.overlapsExpected = overlapMemory;
  shared.waiting.push_back(std::move(job));
  if (!shared.threadRunning) {
    shared.threadRunning = true;
    runOnNewThread([shared = shared_] { loop(shared); });
  }
  // Unlocked first: a woken thread would run into the lock, and two more switches of threads cost more than the call.
  lock.unlock();
  shared.changed.notify_one();
}

void PredictionQueue::close(const std::function<void()> &drained) {
  Shared &shared = *shared_;
  std::deque<PredictionJob> refused;
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    shared.closed = true;
    refused.swap(shared.waiting);
  }
  for (const PredictionJob &job : refused) refuse(job);
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    shared.changed.notify_one();
    if (!shared.drained()) {
      if (drained) shared.onDrained.push_back(drained);
      return;
    }
  }
  if (drained) drained();
}

void PredictionQueue::loop(const std::shared_ptr<Shared> &shared) {
  std::unique_lock<std::mutex> lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock, [&] { return shared->mayStart() || shared->ended(); });
    if (!shared->mayStart()) break;
    PredictionJob job = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    bool overlap = job.startOverlapping && (shared->overlapping > 0 || !shared->waiting.empty() || shared->overlapsExpected > 0);
    if (shared->overlapsExpected > 0 && shared->waiting.empty() && shared->overlapping == 0) --shared->overlapsExpected;
    if (overlap) {
      ++shared->overlapping;
    } else {
      shared->alone = true;
    }
    lock.unlock();
    bool started = job.cancellation == nullptr || job.cancellation->start();
    auto finished = [shared, overlap](const std::function<void()> &handOut) {
      {
        std::lock_guard<std::mutex> guard(shared->mutex);
        if (overlap) {
          --shared->overlapping;
        } else {
          shared->alone = false;
        }
        ++shared->handingOut;
        shared->changed.notify_one();
      }
      if (handOut) handOut();
      std::lock_guard<std::mutex> guard(shared->mutex);
      --shared->handingOut;
      if (shared->closed) shared->changed.notify_one();
    };
    if (!started) {
      job = {};
      finished(nullptr);
    } else if (overlap) {
      job.startOverlapping(finished);
    } else {
      job.runAlone(finished);
    }
    job = {};
    lock.lock();
  }
  std::vector<std::function<void()>> drained = std::move(shared->onDrained);
  lock.unlock();
  for (auto &notify : drained) notify();
}

} // namespace coreml
