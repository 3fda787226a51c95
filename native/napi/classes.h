// The handle classes' contents, and what defines each on the exports.
#pragma once
#include <memory>

#include "cancellation.h"
#include "handle.h"
#include "model.h"
#ifdef COREML_POWER
#include "energy_meter.h"
#endif

namespace binding {

struct ModelContent {
  static constexpr const char *className = "Model";
  static constexpr napi_type_tag tag{0x7c1f0d5aa3e94b61, 0x9b2e64c0d7f81a35};
  std::shared_ptr<coreml::Model> model;
  bool disposed = false;
};

struct StateContent {
  static constexpr const char *className = "State";
  static constexpr napi_type_tag tag{0x2a6be9c4105d4f77, 0x8d03fb92ce5a4416};
  std::shared_ptr<coreml::State> state;
  std::shared_ptr<coreml::Model> model; // the one that made it, which stays for as long
};

struct CancellationContent {
  static constexpr const char *className = "Cancellation";
  static constexpr napi_type_tag tag{0xe15c7730b94a4d02, 0xa4f8260d3b6c9e51};
  std::shared_ptr<coreml::Cancellation> cancellation = std::make_shared<coreml::Cancellation>();
  std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
};

void defineModel(Napi::Env env, Napi::Object exports);
void defineState(Napi::Env env, Napi::Object exports);
void defineCancellation(Napi::Env env, Napi::Object exports);
void defineFunctions(Napi::Env env, Napi::Object exports);

#ifdef COREML_POWER
struct EnergyMeterContent {
  static constexpr const char *className = "EnergyMeter";
  static constexpr napi_type_tag tag{0x93d2be0f5e7c4a18, 0xb6a1c84f20de7735};
  std::shared_ptr<power::EnergyMeter> meter;
};
void defineEnergyMeter(Napi::Env env, Napi::Object exports);
#endif

#ifdef COREML_STANDIN
void defineStandin(Napi::Env env, Napi::Object exports);
#endif

} // namespace binding
