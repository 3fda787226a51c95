// Devices, sysctl, quality of service, IORegistry, Metal, thermal state. Every name begins with "stand-in", so that a result shows where it came from.
#include <IOKit/IOKitLib.h>
#include <Metal/Metal.h>
#include <TargetConditionals.h>
#include <errno.h>
#include <pthread/qos.h>
#include <sys/sysctl.h>

#include <cstring>

#include "devices_standin.h"
#include "internal.h"

@interface StandinMetalDevice : NSObject <MTLDevice>
@end
@implementation StandinMetalDevice
- (NSString *)name { return @"stand-in GPU"; }
@end

@implementation MLCPUComputeDevice
@end
@implementation MLGPUComputeDevice
- (id<MTLDevice>)metalDevice { return [[[StandinMetalDevice alloc] init] autorelease]; }
@end
@implementation MLNeuralEngineComputeDevice
- (NSInteger)totalCoreCount { return 16; }
@end

namespace standin {

NSArray *availableDevices() {
  throwIf(settings().throwFromDevices, @"availableComputeDevices");
  static NSArray *all = [[NSArray alloc] initWithObjects:[[MLCPUComputeDevice alloc] init], [[MLGPUComputeDevice alloc] init], [[MLNeuralEngineComputeDevice alloc] init], nil];
  NSMutableArray *devices = [NSMutableArray arrayWithObject:[all objectAtIndex:0]];
  if (settings().gpu) [devices addObject:[all objectAtIndex:1]];
  if (settings().neuralEngine) [devices addObject:[all objectAtIndex:2]];
  return devices;
}

} // namespace standin

using namespace standin;

NSArray<id<MLComputeDeviceProtocol>> *MLAllComputeDevices(void) {
  requireOS(14, "MLAllComputeDevices");
  return availableDevices();
}

@interface MLModel (StandinDevices)
@end
@implementation MLModel (StandinDevices)
+ (NSArray *)availableComputeDevices {
  requireOS(14, "+[MLModel availableComputeDevices]");
  return availableDevices();
}
@end

NSArray *MTLCopyAllDevices(void) {
  throwIf(settings().throwFromDevices, @"MTLCopyAllDevices");
  if (!settings().gpu) return [[NSArray alloc] init];
  StandinMetalDevice *device = [[[StandinMetalDevice alloc] init] autorelease];
  return [[NSArray alloc] initWithObjects:device, nil];
}
id<MTLDevice> MTLCreateSystemDefaultDevice(void) { return settings().gpu ? [[StandinMetalDevice alloc] init] : nil; }

@implementation NSProcessInfo (PowerAndHeat)
- (NSProcessInfoThermalState)thermalState { return (NSProcessInfoThermalState)settings().thermalState.load(); }
- (BOOL)isLowPowerModeEnabled { return settings().lowPower; }
@end

const mach_port_t kIOMainPortDefault = 0;
CFMutableDictionaryRef IOServiceMatching(const char *name) {
  NSMutableDictionary *matching = [[NSMutableDictionary alloc] init];
  [matching setObject:[NSString stringWithUTF8String:name] forKey:@"IOProviderClass"];
  return (CFMutableDictionaryRef)matching;
}
io_service_t IOServiceGetMatchingService(mach_port_t, CFDictionaryRef matching) {
  NSDictionary *dictionary = (NSDictionary *)matching;
  NSString *drivers[] = {@"H11ANEIn", @"H1xANELoadBalancer", @"AppleH11ANEInterface"};
  BOOL present = settings().neuralEngine && settings().registryAnswers;
  BOOL found = present && [[dictionary objectForKey:@"IOProviderClass"] isEqualToString:drivers[settings().engineDriver]];
  [dictionary release];
  if (!found) return 0;
  ++liveCount("io_service_t");
  return 7;
}
kern_return_t IOObjectRelease(io_object_t) {
  --liveCount("io_service_t");
  return 0;
}

namespace {

int giveText(const char *text, void *oldValue, size_t *oldLength) {
  size_t length = std::strlen(text) + 1;
  if (oldValue != nullptr) {
    if (*oldLength < length) return errno = ENOMEM, -1;
    std::memcpy(oldValue, text, length);
  }
  *oldLength = length;
  return 0;
}

template <typename T>
int giveNumber(T number, void *oldValue, size_t *oldLength) {
  if (oldValue != nullptr) std::memcpy(oldValue, &number, sizeof number);
  *oldLength = sizeof number;
  return 0;
}

thread_local qos_class_t ownQos = QOS_CLASS_DEFAULT;

} // namespace

int sysctlbyname(const char *name, void *oldValue, size_t *oldLength, void *, size_t) {
  auto is = [name](const char *other) { return std::strcmp(name, other) == 0; };
  if (is("machdep.cpu.brand_string")) return giveText("stand-in chip", oldValue, oldLength);
#if TARGET_OS_IPHONE
  if (is("hw.model")) return giveText("board of the stand-in", oldValue, oldLength);
  if (is("hw.machine")) return giveText("stand-in1,1", oldValue, oldLength);
#else
  if (is("hw.model")) return giveText("stand-in1,1", oldValue, oldLength);
  if (is("hw.machine")) return giveText("arm64", oldValue, oldLength);
#endif
  if (is("kern.osversion")) return giveText("stand-in build", oldValue, oldLength);
  if (is("kern.osproductversion")) return giveText([[NSString stringWithFormat:@"%g", settings().osVersion.load()] UTF8String], oldValue, oldLength);
  if (is("sysctl.proc_translated")) return giveNumber<int32_t>(settings().translated ? 1 : 0, oldValue, oldLength);
  if (is("hw.memsize")) return giveNumber<int64_t>(int64_t{16} << 30, oldValue, oldLength);
  if (is("hw.perflevel0.physicalcpu")) return giveNumber<int32_t>(4, oldValue, oldLength);
  if (is("hw.perflevel1.physicalcpu")) return giveNumber<int32_t>(6, oldValue, oldLength);
  return errno = ENOENT, -1;
}

int pthread_set_qos_class_self_np(qos_class_t qosClass, int) {
  if (settings().refuseQualityOfService) return EPERM;
  return ownQos = qosClass, 0;
}
qos_class_t qos_class_self(void) { return ownQos; }
