// Lets queued work leave at once. Running work cannot be interrupted: Core ML has no way to.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

namespace coreml {

class Cancellation {
 public:
  // The queue calls this just before it starts the work: false if the work was cancelled, and then it must not start.
  bool start() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (state_ == State::cancelled) return false;
    state_ = State::started;
    onCancel_ = nullptr;
    return true;
  }

  // True if the work had not started: it never will, and what was set with onCancel has been called.
  bool cancel() {
    std::function<void()> notify;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (state_ != State::queued) return false;
      state_ = State::cancelled;
      notify = std::move(onCancel_);
      onCancel_ = nullptr;
    }
    if (notify) notify();
    return true;
  }

  // Called at most once, on the cancelling thread. Set before the work is queued.
  void onCancel(std::function<void()> notify) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (state_ == State::queued) onCancel_ = std::move(notify);
  }

 private:
  enum class State { queued, started, cancelled };
  std::mutex mutex_;
  State state_ = State::queued;
  std::function<void()> onCancel_;
};

} // namespace coreml
