// What native/ uses of IOKit: looking for a service by class name.
#pragma once
#include <CoreFoundation/CoreFoundation.h>

typedef unsigned int mach_port_t;
typedef mach_port_t io_object_t;
typedef io_object_t io_service_t;
typedef int kern_return_t;

#ifdef __cplusplus
extern "C" {
#endif
extern const mach_port_t kIOMainPortDefault;
CFMutableDictionaryRef IOServiceMatching(const char *name);
io_service_t IOServiceGetMatchingService(mach_port_t mainPort, CFDictionaryRef matching);
kern_return_t IOObjectRelease(io_object_t object);
#ifdef __cplusplus
}
#endif
