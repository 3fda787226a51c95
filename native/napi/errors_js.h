#pragma once
#include <napi.h>

#include "error.h"

namespace binding {

// An Error with `code`, and `domain`, `nativeCode`, `userInfo` where an NSError is behind it. src/backends/apple makes a CoreMLError of it.
Napi::Value toJavaScript(Napi::Env env, const coreml::Error &error);

[[noreturn]] void fail(Napi::Env env, const coreml::Error &error);
// A mistake in the arguments.
[[noreturn]] void refuse(Napi::Env env, const std::string &message);

} // namespace binding
