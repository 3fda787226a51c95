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

// Hosts without thread-safe functions (React Native): a thread of the host's pool starts the work and waits for it.
template <typename T, typename Start, typename Convert>
class OperationWorker : public Napi::AsyncWorker {
 public:
  OperationWorker(Napi::Env env, Start start, Convert convert)
      : Napi::AsyncWorker(env), deferred(Napi::Promise::Deferred::New(env)), start_(std::move(start)), convert_(std::move(convert)) {}

  void Execute() override {
    // Shared with the callback: it may come after this thread has been woken.
    auto promise = std::make_shared<std::promise<coreml::Result<T>>>();
    auto future = promise->get_future();
    start_([promise](coreml::Result<T> result) { promise->set_value(std::move(result)); });
    result_.emplace(future.get());
  }

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
  Start start_;
  Convert convert_;
  std::optional<coreml::Result<T>> result_;
};

template <typename T, typename Start, typename Convert>
Napi::Value runOperation(Napi::Env env, Start start, Convert convert) {
  auto *worker = new OperationWorker<T, Start, Convert>(env, std::move(start), std::move(convert));
  auto promise = worker->deferred.Promise();
  worker->Queue();
  return promise;
}

#else

// Starts native work and gives the promise of its result. `start` gets the callback to call once, on any thread; `convert` makes the JavaScript value, on the
// JavaScript thread. Neither may own a JavaScript reference: both may be destroyed elsewhere when the environment goes down.
template <typename T, typename Start, typename Convert>
Napi::Value runOperation(Napi::Env env, Start start, Convert convert) {
  auto thread = Environment::of(env).thread;
  auto deferred = Napi::Promise::Deferred::New(env);
  thread->operationBegan(env);
  start([thread, deferred, convert](coreml::Result<T> result) {
    auto shared = std::make_shared<coreml::Result<T>>(std::move(result));
    thread->post([thread, deferred, convert, shared](Napi::Env env) {
      thread->operationEnded(env);
      if (!shared->ok()) {
        deferred.Reject(toJavaScript(env, shared->error()));
        return;
      }
      try {
        deferred.Resolve(convert(env, shared->value()));
      } catch (const Napi::Error &error) {
        deferred.Reject(error.Value());
      }
    });
    thread->nativeWorkEnded();
  });
  return deferred.Promise();
}

#endif

} // namespace binding
