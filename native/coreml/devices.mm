#include "devices.h"

#import <Foundation/Foundation.h>
#import <Metal/Metal.h>
#include <TargetConditionals.h>
#if !TARGET_OS_IPHONE
#include <IOKit/IOKitLib.h>
#endif
#include <sys/sysctl.h>

#import "newer_api.h"

#include "errors_objc.h"
#include "os_version.h"

namespace coreml {
namespace {

std::string sysctlText(const char *name) {
  size_t length = 0;
  if (sysctlbyname(name, nullptr, &length, nullptr, 0) != 0 || length == 0) return {};
  std::string text(length, '\0');
  if (sysctlbyname(name, text.data(), &length, nullptr, 0) != 0) return {};
  text.resize(length);
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return text;
}

int64_t sysctlNumber(const char *name) {
  int64_t number = 0;
  size_t length = sizeof(number);
  // 32-bit values fill the low half: both of Apple's architectures are little-endian.
  return sysctlbyname(name, &number, &length, nullptr, 0) == 0 ? number : 0;
}

API_AVAILABLE(macos(14.0), ios(17.0))
ComputeDevice describeDevice(id<MLComputeDeviceProtocol> device) {
  id object = device;
  ComputeDevice result;
  if ([object isKindOfClass:[MLCPUComputeDevice class]]) {
    result.kind = DeviceKind::cpu;
  } else if ([object isKindOfClass:[MLGPUComputeDevice class]]) {
    result.kind = DeviceKind::gpu;
    result.name = toString([[(MLGPUComputeDevice *)object metalDevice] name]);
  } else if ([object isKindOfClass:[MLNeuralEngineComputeDevice class]]) {
    result.kind = DeviceKind::neuralEngine;
    result.cores = [(MLNeuralEngineComputeDevice *)object totalCoreCount];
  }
  return result;
}

#if !TARGET_OS_IPHONE
// macOS 13 has no question for this; the driver's classes in the IORegistry tell whether there is a Neural Engine.
void askRegistry(Machine &machine) {
  machine.devicesFrom = "ioregistry";
  machine.devices.push_back(ComputeDevice{DeviceKind::cpu, {}, 0});
  auto gpus = Retained<NSArray *>::adopt(MTLCopyAllDevices());
  for (id<MTLDevice> gpu in gpus.get()) machine.devices.push_back(ComputeDevice{DeviceKind::gpu, toString([gpu name]), 0});
  for (const char *driver : {"H11ANEIn", "H1xANELoadBalancer", "AppleH11ANEInterface"}) {
    // IOServiceGetMatchingService consumes the dictionary.
    io_service_t service = IOServiceGetMatchingService(kIOMainPortDefault, IOServiceMatching(driver));
    if (service == 0) continue;
    IOObjectRelease(service);
    machine.devices.push_back(ComputeDevice{DeviceKind::neuralEngine, {}, 0});
    break;
  }
}
#endif

void describeDevices(Machine &machine) {
  IF_OS_AT_LEAST(14.0, 17.0) {
    machine.devicesFrom = "coreml";
    for (id<MLComputeDeviceProtocol> device in [MLModel availableComputeDevices]) machine.devices.push_back(describeDevice(device));
    return;
  }
#if !TARGET_OS_IPHONE
  askRegistry(machine);
#endif
}

void describeSystem(Machine &machine) {
  machine.chip = sysctlText("machdep.cpu.brand_string");
#if TARGET_OS_IPHONE
  machine.model = sysctlText("hw.machine"); // hw.model is the name of the board there
#else
  machine.model = sysctlText("hw.model");
#endif
  machine.osVersion = sysctlText("kern.osproductversion");
  machine.osBuild = sysctlText("kern.osversion");
  machine.translated = sysctlNumber("sysctl.proc_translated") == 1;
  machine.memoryBytes = sysctlNumber("hw.memsize");
  machine.performanceCores = sysctlNumber("hw.perflevel0.physicalcpu");
  machine.efficiencyCores = sysctlNumber("hw.perflevel1.physicalcpu");
  NSProcessInfo *process = [NSProcessInfo processInfo];
  switch ([process thermalState]) {
    case NSProcessInfoThermalStateNominal: machine.thermalState = "nominal"; break;
    case NSProcessInfoThermalStateFair: machine.thermalState = "fair"; break;
    case NSProcessInfoThermalStateSerious: machine.thermalState = "serious"; break;
    case NSProcessInfoThermalStateCritical: machine.thermalState = "critical"; break;
    default: machine.thermalState = "unknown";
  }
  machine.lowPowerMode = [process isLowPowerModeEnabled];
}

} // namespace

Machine describeMachine() {
  Machine machine;
  guarded("ERR_INTERNAL", "the machine", [&] { describeSystem(machine); });
  if (guarded("ERR_INTERNAL", "the compute devices", [&] { describeDevices(machine); })) machine.devicesFrom = "none";
  return machine;
}

} // namespace coreml
