// Feature values to and from the plain objects that src/backends/apple/binding.ts describes.
#pragma once
#include <napi.h>

#include <string>
#include <utility>
#include <vector>

#include "model.h"
#include "value.h"

namespace binding {

// Copies what JavaScript owns, once; memory from allocate() is used as it is.
coreml::Features featuresFrom(Napi::Value value);

coreml::ArrayValue arrayFrom(const std::string &name, Napi::Object value);

// Arrays that a prediction shall write into; all their memory must come from allocate().
std::vector<std::pair<std::string, coreml::ArrayValue>> backingsFrom(Napi::Value value);

// An array of numbers: a shape, say.
Napi::Array toNumbers(Napi::Env env, const std::vector<int64_t> &values);

Napi::Value toJavaScript(Napi::Env env, const coreml::Features &features);
// { outputs, nanoseconds }
Napi::Value toJavaScript(Napi::Env env, const coreml::Prediction &prediction);
Napi::Value toJavaScript(Napi::Env env, const coreml::ArrayValue &value);
Napi::Value toJavaScript(Napi::Env env, const coreml::ImageValue &value);

} // namespace binding
