#pragma once
#include <napi.h>

#include "description.h"

namespace binding {

// The shape of src/model/description.ts.
Napi::Value toJavaScript(Napi::Env env, const coreml::ModelDescription &description);

} // namespace binding
