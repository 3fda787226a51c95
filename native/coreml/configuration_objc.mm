#include "configuration_objc.h"

#import <Metal/Metal.h>
#include <TargetConditionals.h>

#include "errors_objc.h"
#include "os_version.h"

namespace coreml {
namespace {

Result<Retained<id<MTLDevice>>> metalDeviceNamed(const std::string &name) {
#if TARGET_OS_IPHONE
  auto device = Retained<id<MTLDevice>>::adopt(MTLCreateSystemDefaultDevice());
  if (device && toString([device.get() name]) == name) return device;
  std::string known = device ? toString([device.get() name]) : "none";
#else
  auto all = Retained<NSArray *>::adopt(MTLCopyAllDevices());
  std::string known;
  for (id<MTLDevice> device in all.get()) {
    if (toString([device name]) == name) return Retained<id<MTLDevice>>::retain(device);
    known += (known.empty() ? "" : ", ") + toString([device name]);
  }
  if (known.empty()) known = "none";
#endif
  return Error{"ERR_ARGUMENT", "preferredMetalDevice: no Metal device is called \"" + name + "\" (there are: " + known + ")", {}, 0, {}};
}

std::optional<Error> setHints(MLModelConfiguration *configuration, const Configuration &settings) {
  if (!settings.infrequentReshape && !settings.fastPrediction) return std::nullopt;
  IF_OS_AT_LEAST(14.4, 17.4) {
    auto hints = Retained<MLOptimizationHints *>::adopt([[configuration optimizationHints] copy]);
    if (!hints) hints = Retained<MLOptimizationHints *>::adopt([[MLOptimizationHints alloc] init]);
    if (settings.infrequentReshape) [hints.get() setReshapeFrequency:*settings.infrequentReshape ? MLReshapeFrequencyHintInfrequent : MLReshapeFrequencyHintFrequent];
    if (settings.fastPrediction) {
      IF_OS_AT_LEAST(15.0, 18.0) {
        [hints.get() setSpecializationStrategy:*settings.fastPrediction ? MLSpecializationStrategyFastPrediction : MLSpecializationStrategyDefault];
      } else {
        return osTooOld("optimizationHints.specializationStrategy", "15", "18");
      }
    }
    [configuration setOptimizationHints:hints.get()];
    return std::nullopt;
  } else {
    return osTooOld("optimizationHints", "14.4", "17.4");
  }
}

} // namespace

Result<Retained<MLModelConfiguration *>> makeConfiguration(const Configuration &settings) {
  auto configuration = Retained<MLModelConfiguration *>::adopt([[MLModelConfiguration alloc] init]);
  MLModelConfiguration *target = configuration.get();
  [target setComputeUnits:static_cast<MLComputeUnits>(settings.computeUnits)];
  if (settings.allowLowPrecisionAccumulationOnGPU) [target setAllowLowPrecisionAccumulationOnGPU:*settings.allowLowPrecisionAccumulationOnGPU];
  if (!settings.modelDisplayName.empty()) [target setModelDisplayName:toNSString(settings.modelDisplayName)];
  if (!settings.functionName.empty()) {
    IF_OS_AT_LEAST(15.0, 18.0) {
      [target setFunctionName:toNSString(settings.functionName)];
    } else {
      return osTooOld("functionName", "15", "18");
    }
  }
  if (!settings.preferredMetalDevice.empty()) {
    auto device = metalDeviceNamed(settings.preferredMetalDevice);
    if (!device.ok()) return device.error();
    [target setPreferredMetalDevice:device.value().get()];
  }
  if (auto error = setHints(target, settings)) return *error;
  return configuration;
}

} // namespace coreml
