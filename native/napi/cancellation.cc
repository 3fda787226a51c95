#include "classes.h"

namespace binding {
namespace {

// cancel(): true if the work had not started; its promise rejects at once then. Of runTimed, the running loop ends after the prediction under way.
Napi::Value cancel(const Napi::CallbackInfo &info) {
  CancellationContent &content = Handle<CancellationContent>::self(info);
  content.stop->store(true);
  return Napi::Boolean::New(info.Env(), content.cancellation->cancel());
}

Napi::Value newCancellation(const Napi::CallbackInfo &info) { return Handle<CancellationContent>::create(info.Env(), CancellationContent{}); }

} // namespace

void defineCancellation(Napi::Env env, Napi::Object exports) {
  Handle<CancellationContent>::define(env, exports, {methodNamed<cancel>(env, "cancel")});
  exports.Set("newCancellation", Napi::Function::New<newCancellation>(env, "newCancellation"));
}

} // namespace binding
