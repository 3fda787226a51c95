// The JavaScript class EnergyMeter.
#include "energy_meter.h"

#include "classes.h"
#include "errors_js.h"

namespace binding {
namespace {

Napi::Value start(const Napi::CallbackInfo &info) {
  auto result = Handle<EnergyMeterContent>::self(info).meter->start();
  if (!result.ok()) fail(info.Env(), result.error());
  return info.Env().Undefined();
}

void setJoules(Napi::Object object, const char *name, const std::optional<double> &joules) {
  if (joules) object.Set(name, *joules);
}

Napi::Value read(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  auto result = Handle<EnergyMeterContent>::self(info).meter->read();
  if (!result.ok()) fail(env, result.error());
  const power::Reading &reading = result.value();
  Napi::Object object = Napi::Object::New(env);
  object.Set("seconds", reading.seconds);
  object.Set("gated", reading.gated);
  setJoules(object, "cpu", reading.cpu);
  setJoules(object, "gpu", reading.gpu);
  setJoules(object, "neuralEngine", reading.neuralEngine);
  setJoules(object, "memory", reading.memory);
  Napi::Object activity = Napi::Object::New(env);
  for (const power::Activity &each : reading.activity) activity.Set(each.channel, each.share);
  object.Set("activity", activity);
  return object;
}

// Throws ERR_UNAVAILABLE, with the reason, where the machine gives no counters.
Napi::Value openEnergyMeter(const Napi::CallbackInfo &info) {
  auto meter = power::EnergyMeter::open();
  if (!meter.ok()) fail(info.Env(), meter.error());
  return Handle<EnergyMeterContent>::create(info.Env(), EnergyMeterContent{meter.value()});
}

} // namespace

void defineEnergyMeter(Napi::Env env, Napi::Object exports) {
  Handle<EnergyMeterContent>::define(env, exports, {methodNamed<start>(env, "start"), methodNamed<read>(env, "read")});
  exports.Set("openEnergyMeter", Napi::Function::New<openEnergyMeter>(env, "openEnergyMeter"));
}

} // namespace binding
