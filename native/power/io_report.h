// IOReport's functions, found with dlsym. Signatures are known from public tools only: there is no header of Apple's.
#pragma once
#import <CoreFoundation/CoreFoundation.h>

#include <cstdint>

struct IOReportSubscription; // opaque

namespace power {

using Subscription = IOReportSubscription *;

struct IOReport {
  CFDictionaryRef (*copyChannelsInGroup)(CFStringRef group, CFStringRef subgroup, uint64_t, uint64_t, uint64_t);
  void (*mergeChannels)(CFDictionaryRef into, CFDictionaryRef from, CFTypeRef);
  Subscription (*createSubscription)(void *, CFMutableDictionaryRef wanted, CFMutableDictionaryRef *subscribed, uint64_t, CFTypeRef);
  CFDictionaryRef (*createSamples)(Subscription, CFMutableDictionaryRef subscribed, CFTypeRef);
  CFDictionaryRef (*createSamplesDelta)(CFDictionaryRef before, CFDictionaryRef after, CFTypeRef);
  int32_t (*channelGetFormat)(CFDictionaryRef); // 1 simple, 2 state
  CFStringRef (*channelGetGroup)(CFDictionaryRef);
  CFStringRef (*channelGetSubGroup)(CFDictionaryRef);
  CFStringRef (*channelGetChannelName)(CFDictionaryRef);
  CFStringRef (*channelGetUnitLabel)(CFDictionaryRef);
  int64_t (*simpleGetIntegerValue)(CFDictionaryRef, int32_t);
  int32_t (*stateGetCount)(CFDictionaryRef);
  int64_t (*stateGetResidency)(CFDictionaryRef, int32_t);
};

// Null where the library or one of its functions is missing. The library stays loaded.
const IOReport *ioReport();

} // namespace power
