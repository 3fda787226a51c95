// The JavaScript class State.
#include "state.h"

#include "classes.h"
#include "errors_js.h"
#include "features_js.h"
#include "operation.h"

namespace binding {
namespace {

using namespace coreml;

std::shared_ptr<State> usable(const Napi::CallbackInfo &info) {
  StateContent &content = Handle<StateContent>::self(info);
  if (content.state == nullptr) fail(info.Env(), Error{"ERR_DISPOSED", "the state was disposed", {}, 0, {}});
  return content.state;
}

Napi::Value read(const Napi::CallbackInfo &info) {
  auto state = usable(info);
  std::string name = info[0].ToString();
  return runOperation<ArrayValue>(
      info.Env(), [state, name](auto done) { state->read(name, std::move(done)); },
      [](Napi::Env env, const ArrayValue &value) { return toJavaScript(env, value); });
}

Napi::Value write(const Napi::CallbackInfo &info) {
  auto state = usable(info);
  std::string name = info[0].ToString();
  ArrayValue value = arrayFrom(name, info[1].As<Napi::Object>());
  return runOperation<Nothing>(
      info.Env(), [state, name, value](auto done) { state->write(name, value, std::move(done)); },
      [](Napi::Env env, const Nothing &) { return env.Undefined(); });
}

Napi::Value dispose(const Napi::CallbackInfo &info) {
  StateContent &content = Handle<StateContent>::self(info);
  content.state = nullptr;
  content.model = nullptr;
  return info.Env().Undefined();
}

} // namespace

void defineState(Napi::Env env, Napi::Object exports) {
  Handle<StateContent>::define(env, exports, {methodNamed<read>(env, "read"), methodNamed<write>(env, "write"), methodNamed<dispose>(env, "dispose")});
}

} // namespace binding
