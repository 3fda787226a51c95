// Registers what the other files define, and nothing else.
#include <napi.h>

#include "classes.h"
#include "environment.h"

static Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto *environment = new binding::Environment;
  env.SetInstanceData(environment);
#ifndef COREML_NO_THREADSAFE_FUNCTIONS
  environment->thread = binding::JavaScriptThread::create(env);
#endif
  binding::defineModel(env, exports);
  binding::defineState(env, exports);
  binding::defineCancellation(env, exports);
  binding::defineFunctions(env, exports);
#ifdef COREML_POWER
  binding::defineEnergyMeter(env, exports);
#endif
#ifdef COREML_STANDIN
  binding::defineStandin(env, exports);
#endif
  return exports;
}

NODE_API_MODULE(coreml, initialize)
