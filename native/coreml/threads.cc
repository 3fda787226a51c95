#include "threads.h"

#include <pthread.h>
#include <pthread/qos.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

namespace coreml {
namespace {

struct SharedThreads {
  std::mutex mutex;
  std::deque<std::function<void()>> waiting;
  unsigned running = 0;
};

void runWaiting(SharedThreads &shared) {
  std::unique_lock<std::mutex> lock(shared.mutex);
  while (!shared.waiting.empty()) {
    std::function<void()> work = std::move(shared.waiting.front());
    shared.waiting.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
  --shared.running;
}

} // namespace

void runOnNewThread(std::function<void()> work) {
  std::thread([work = std::move(work)]() mutable {
    pthread_set_qos_class_self_np(QOS_CLASS_USER_INITIATED, 0);
    work();
    work = nullptr;
  }).detach();
}

void runOnSharedThread(std::function<void()> work) {
  // Never destroyed: its threads may be at work while the process exits.
  static SharedThreads &shared = *new SharedThreads;
  static const unsigned most = std::max(1u, std::thread::hardware_concurrency());
  {
    std::lock_guard<std::mutex> lock(shared.mutex);
    shared.waiting.push_back(std::move(work));
    if (shared.running == most) return;
    ++shared.running;
  }
  runOnNewThread([] { runWaiting(shared); });
}

const char *qualityOfService() {
  switch (qos_class_self()) {
    case QOS_CLASS_USER_INTERACTIVE: return "userInteractive";
    case QOS_CLASS_USER_INITIATED: return "userInitiated";
    case QOS_CLASS_DEFAULT: return "default";
    case QOS_CLASS_UTILITY: return "utility";
    case QOS_CLASS_BACKGROUND: return "background";
    default: return "unspecified";
  }
}

} // namespace coreml
