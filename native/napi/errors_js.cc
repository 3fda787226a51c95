#include "errors_js.h"

namespace binding {

Napi::Value toJavaScript(Napi::Env env, const coreml::Error &error) {
  Napi::Object object = Napi::Error::New(env, error.message).Value();
  object.Set("code", error.code);
  if (!error.domain.empty()) {
    object.Set("domain", error.domain);
    object.Set("nativeCode", static_cast<double>(error.nativeCode));
  }
  if (!error.userInfo.empty()) {
    Napi::Object userInfo = Napi::Object::New(env);
    for (const auto &[key, value] : error.userInfo) userInfo.Set(key, value);
    object.Set("userInfo", userInfo);
  }
  return object;
}

void fail(Napi::Env env, const coreml::Error &error) { throw Napi::Error(env, toJavaScript(env, error)); }

void refuse(Napi::Env env, const std::string &message) { fail(env, coreml::Error{"ERR_ARGUMENT", message, {}, 0, {}}); }

} // namespace binding
