#include "control.h"

#import <Foundation/Foundation.h>
#include <dlfcn.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace standin {
namespace {

// Everything here lives as long as the process: threads of the stand-in may outlast static destruction.
struct Objects {
  std::mutex mutex;
  std::map<std::string, std::atomic<long>> live;
};
Objects &objects() {
  static Objects *instance = new Objects;
  return *instance;
}

using Clock = std::chrono::steady_clock;
struct Later {
  Clock::time_point due;
  void (*work)(void *);
  void *context;
  bool operator<(const Later &other) const { return due > other.due; }
};

struct Timer {
  std::mutex mutex;
  std::condition_variable changed;
  std::priority_queue<Later> queue;

  void run() {
    std::unique_lock<std::mutex> lock(mutex);
    std::vector<Later> due;
    while (true) {
      if (queue.empty()) changed.wait(lock);
      else if (Clock::now() < queue.top().due) changed.wait_until(lock, queue.top().due);
      // All that is due in one go: one at a time, this thread would fall behind on a busy machine.
      for (auto now = Clock::now(); !queue.empty() && queue.top().due <= now; queue.pop()) due.push_back(queue.top());
      lock.unlock();
      @autoreleasepool {
        for (const Later &each : due) each.work(each.context);
      }
      due.clear();
      lock.lock();
    }
  }
};

Timer &timer() {
  static Timer *instance = [] {
    auto *created = new Timer;
    std::thread([created] { created->run(); }).detach();
    return created;
  }();
  return *instance;
}

struct HandlerThreads {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> work;
  int idle = 0, threads = 0;

  void run() {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      ++idle;
      changed.wait(lock, [this] { return !work.empty(); });
      --idle;
      auto next = std::move(work.front());
      work.pop_front();
      lock.unlock();
      @autoreleasepool {
        next();
        next = nullptr;
      }
      lock.lock();
    }
  }
};

} // namespace

Settings &settings() {
  static Settings *instance = new Settings;
  return *instance;
}

Events &events() {
  static Events *instance = new Events;
  return *instance;
}

bool osAtLeast(double version) { return settings().osVersion.load() >= version; }

void requireOS(double version, const char *what) {
  if (osAtLeast(version)) return;
  [NSException raise:NSInvalidArgumentException format:@"%s: unrecognized selector (the stand-in plays macOS %g)", what, settings().osVersion.load()];
}

std::atomic<long> &liveCount(const char *className) {
  std::lock_guard<std::mutex> lock(objects().mutex);
  return objects().live[className];
}

std::map<std::string, long> liveObjects() {
  std::lock_guard<std::mutex> lock(objects().mutex);
  return {objects().live.begin(), objects().live.end()};
}

void onOwnThread(std::function<void()> work) {
  static HandlerThreads *pool = new HandlerThreads;
  std::lock_guard<std::mutex> lock(pool->mutex);
  pool->work.push_back(std::move(work));
  if (static_cast<int>(pool->work.size()) > pool->idle && pool->threads < 64) {
    ++pool->threads;
    std::thread([] { pool->run(); }).detach();
  }
  pool->changed.notify_one();
}

void runLater(int milliseconds, void (*work)(void *), void *context) {
  Timer &instance = timer();
  std::lock_guard<std::mutex> lock(instance.mutex);
  Later later{Clock::now() + std::chrono::milliseconds(milliseconds), work, context};
  bool first = instance.queue.empty() || later.due < instance.queue.top().due;
  instance.queue.push(later);
  if (first) instance.changed.notify_one();
}

const char *ioReportLibrary() {
  if (settings().energyMissing) return "/nowhere/libIOReport.dylib";
  static Dl_info info;
  return dladdr(reinterpret_cast<void *>(&ioReportLibrary), &info) != 0 ? info.dli_fname : "/nowhere/libIOReport.dylib";
}

} // namespace standin
