// Promises over native work.
#pragma once
#include <functional>
#include <memory>
#include <utility>

#include "environment.h"
#include "error.h"
#include "errors_js.h"

namespace binding {

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

} // namespace binding
