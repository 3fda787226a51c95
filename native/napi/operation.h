// Promises over native work.
#pragma once
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "environment.h"
#include "error.h"
#include "errors_js.h"

namespace binding {

#ifdef COREML_NO_THREADSAFE_FUNCTIONS

// Hosts without thread-safe functions (React Native): a thread of the host's pool waits for the work, which has begun before, in the order of the calls.
template <typename T, typename Convert>
class OperationWorker : public Napi::AsyncWorker {
 public:
  OperationWorker(Napi::Env env, std::future<coreml::Result<T>> future, Convert convert)
      : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), future_(std::move(future)), convert_(std::move(convert)) {}

  void Execute() override { result_.emplace(future_.get()); }

  void OnOK() override {
    if (!result_->ok()) {
      deferred.Reject(toJavaScript(Env(), result_->error()));
      return;
    }
    try {
      deferred.Resolve(convert_(Env(), result_->value()));
    } catch (const Napi::Error &error) {
      deferred.Reject(error.Value());
    }
  }

  Napi::Promise::Deferred deferred;

 private:
  std::future<coreml::Result<T>> future_;
  Convert convert_;
  std::optional<coreml::Result<T>> result_;
};

template <typename T, typename Start, typename Convert>
Napi::Value runOperation(Napi::Env env, Start start, Convert convert) {
  // Shared with the callback: it may come after the waiting thread has been woken.
  auto promise = std::make_shared<std::promise<coreml::Result<T>>>();
  auto *worker = new OperationWorker<T, Convert>(env, promise->get_future(), std::move(convert));
  Napi::Value value = worker->deferred.Promise();
  start([promise](coreml::Result<T> result) { promise->set_value(std::move(result)); });
  worker->Queue();
  return value;
}

#else

// A promise under way: it carries the result to the JavaScript thread.
template <typename T, typename Convert>
class Operation : public JavaScriptThread::Task {
 public:
  Operation(Napi::Env env, std::shared_ptr<JavaScriptThread> thread, Convert convert)
      : deferred(Napi::Promise::Deferred::New(env)), thread_(std::move(thread)), convert_(std::move(convert)) {
    thread_->operationBegan(env);
  }

  // Once, on any thread.
  static void finish(const std::shared_ptr<Operation> &self, coreml::Result<T> result) {
    self->result_.emplace(std::move(result));
    auto thread = self->thread_;
    thread->post(self);
    thread->nativeWorkEnded();
  }

  void run(Napi::Env env) override {
    thread_->operationEnded(env);
    if (!result_->ok()) {
      deferred.Reject(toJavaScript(env, result_->error()));
      return;
    }
    try {
      deferred.Resolve(convert_(env, result_->value()));
    } catch (const Napi::Error &error) {
      deferred.Reject(error.Value());
    }
  }

  const Napi::Promise::Deferred deferred;

 private:
  const std::shared_ptr<JavaScriptThread> thread_;
  const Convert convert_;
  std::optional<coreml::Result<T>> result_;
};

// Starts native work and gives the promise of its result. `start` gets the callback to call once, on any thread; `convert` makes the JavaScript value, on the
// JavaScript thread. Neither may own a JavaScript reference: both may be destroyed elsewhere when the environment goes down.
template <typename T, typename Start, typename Convert>
Napi::Value runOperation(Napi::Env env, Start start, Convert convert) {
  using Running = Operation<T, Convert>;
  auto operation = std::make_shared<Running>(env, Environment::of(env).thread, std::move(convert));
  Napi::Value promise = operation->deferred.Promise();
  start([operation = std::move(operation)](coreml::Result<T> result) { Running::finish(operation, std::move(result)); });
  return promise;
}

#endif

} // namespace binding
