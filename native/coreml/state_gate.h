// "Each stateful prediction that uses the same MLState must be serialized" (Apple): whoever uses a state passes its gate, one at a time, in order.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace coreml {

class StateGate : public std::enable_shared_from_this<StateGate> {
 public:
  // Lets the next one in when the last copy goes.
  using Pass = std::shared_ptr<void>;

  // Calls `work` with the pass as soon as nobody else holds one: at once, or later on another thread.
  void enter(std::function<void(Pass)> work) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      waiting_.push_back(std::move(work));
    }
    dispatch();
  }

 private:
  void leave() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      busy_ = false;
    }
    dispatch();
  }

  // One dispatcher at a time, in a loop: work that ends within its own call must not nest.
  void dispatch() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (dispatching_) return;
    dispatching_ = true;
    while (!busy_ && !waiting_.empty()) {
      busy_ = true;
      std::function<void(Pass)> work = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      work(Pass(nullptr, [gate = shared_from_this()](void *) { gate->leave(); }));
      work = nullptr;
      lock.lock();
    }
    dispatching_ = false;
  }

  std::mutex mutex_;
  std::deque<std::function<void(Pass)>> waiting_;
  bool busy_ = false;
  bool dispatching_ = false;
};

} // namespace coreml
