// IOReport, exported under its own C names, so that the addon finds it with dlsym as on a Mac. A steady load: 2 W CPU, 0.5 W GPU, 1.5 W Neural Engine, 0.25 W memory.
#import <CoreFoundation/CoreFoundation.h>

#include <chrono>
#include <cstring>

#include "internal.h"
#include "io_report.h"

using namespace standin;

namespace {

struct Channel {
  const char *group, *subgroup, *name, *unit;
  int format;       // 1 simple, 2 state
  double perSecond; // units a second
};

// Unit labels come padded, as IOReport's do.
const Channel channels[] = {
    {"Energy Model", "", "CPU Energy", "mJ  ", 1, 2000},
    {"Energy Model", "", "GPU Energy", "nJ", 1, 0.5e9},
    {"Energy Model", "", "ANE", "mJ", 1, 1500},
    {"Energy Model", "", "DRAM", "uJ ", 1, 0.25e6},
    {"Energy Model", "", "ECPU0", "mJ", 1, 1200}, // a part of "CPU Energy", not to be counted twice
    {"PMP", "DCS Floor", "ANE-DCS-BW", "24Mticks", 2, 24e6},
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

bool gated(const Channel &channel) { return settings().energyGated && channel.format == 1 && std::strcmp(channel.name, "GPU Energy") != 0; }

NSString *text(const char *utf8) { return [NSString stringWithUTF8String:utf8]; }

} // namespace

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED CFDictionaryRef IOReportCopyChannelsInGroup(CFStringRef group, CFStringRef, uint64_t, uint64_t, uint64_t) {
  throwIf(settings().throwFromEnergy, @"IOReportCopyChannelsInGroup");
  NSMutableArray *list = [NSMutableArray array];
  for (const Channel &channel : channels) {
    if (![(NSString *)group isEqualToString:text(channel.group)]) continue;
    [list addObject:@{
      @"group" : text(channel.group), @"subgroup" : text(channel.subgroup), @"name" : text(channel.name), @"unit" : text(channel.unit),
      @"format" : [NSNumber numberWithInt:channel.format], @"index" : [NSNumber numberWithLong:&channel - channels],
    }];
  }
  if ([list count] == 0) return nullptr;
  return (CFDictionaryRef)[[NSMutableDictionary alloc] initWithObjectsAndKeys:list, @"IOReportChannels", nil];
}

EXPORTED void IOReportMergeChannels(CFDictionaryRef a, CFDictionaryRef b, CFTypeRef) {
  NSArray *all = [[(NSDictionary *)a objectForKey:@"IOReportChannels"] arrayByAddingObjectsFromArray:[(NSDictionary *)b objectForKey:@"IOReportChannels"]];
  [(NSMutableDictionary *)a setObject:all forKey:@"IOReportChannels"];
}

EXPORTED IOReportSubscription *IOReportCreateSubscription(void *, CFMutableDictionaryRef wanted, CFMutableDictionaryRef *subscribed, uint64_t, CFTypeRef) {
  *subscribed = (CFMutableDictionaryRef)[(id)wanted mutableCopy];
  return (IOReportSubscription *)[[NSObject alloc] init];
}

EXPORTED CFDictionaryRef IOReportCreateSamples(IOReportSubscription *, CFMutableDictionaryRef subscribed, CFTypeRef) {
  throwIf(settings().throwFromEnergy, @"IOReportCreateSamples");
  NSMutableArray *list = [NSMutableArray array];
  double seconds = now();
  for (NSDictionary *channel in [(NSDictionary *)subscribed objectForKey:@"IOReportChannels"]) {
    const Channel &known = channels[[[channel objectForKey:@"index"] longValue]];
    NSMutableDictionary *sample = [NSMutableDictionary dictionaryWithDictionary:channel];
    [sample setObject:[NSNumber numberWithDouble:gated(known) ? 0 : seconds * known.perSecond] forKey:@"value"];
    [list addObject:sample];
  }
  return (CFDictionaryRef)[[NSDictionary alloc] initWithObjectsAndKeys:list, @"IOReportChannels", nil];
}

EXPORTED CFDictionaryRef IOReportCreateSamplesDelta(CFDictionaryRef a, CFDictionaryRef b, CFTypeRef) {
  NSArray *before = [(NSDictionary *)a objectForKey:@"IOReportChannels"], *after = [(NSDictionary *)b objectForKey:@"IOReportChannels"];
  NSMutableArray *list = [NSMutableArray array];
  for (NSUInteger i = 0; i < [after count]; ++i) {
    NSMutableDictionary *delta = [NSMutableDictionary dictionaryWithDictionary:[after objectAtIndex:i]];
    double value = [[delta objectForKey:@"value"] doubleValue] - [[[before objectAtIndex:i] objectForKey:@"value"] doubleValue];
    [delta setObject:[NSNumber numberWithDouble:value] forKey:@"value"];
    [list addObject:delta];
  }
  return (CFDictionaryRef)[[NSDictionary alloc] initWithObjectsAndKeys:list, @"IOReportChannels", nil];
}

static id entry(CFDictionaryRef channel, NSString *key) { return [(NSDictionary *)channel objectForKey:key]; }

EXPORTED int32_t IOReportChannelGetFormat(CFDictionaryRef channel) { return [entry(channel, @"format") intValue]; }
EXPORTED CFStringRef IOReportChannelGetGroup(CFDictionaryRef channel) { return (CFStringRef)entry(channel, @"group"); }
EXPORTED CFStringRef IOReportChannelGetSubGroup(CFDictionaryRef channel) { return (CFStringRef)entry(channel, @"subgroup"); }
EXPORTED CFStringRef IOReportChannelGetChannelName(CFDictionaryRef channel) { return (CFStringRef)entry(channel, @"name"); }
EXPORTED CFStringRef IOReportChannelGetUnitLabel(CFDictionaryRef channel) { return (CFStringRef)entry(channel, @"unit"); }
// A state channel has no simple value.
EXPORTED int64_t IOReportSimpleGetIntegerValue(CFDictionaryRef channel, int32_t) {
  return IOReportChannelGetFormat(channel) == 1 ? static_cast<int64_t>([entry(channel, @"value") doubleValue]) : INT64_MIN;
}
// A quarter of the time in the lowest state, "F1".
EXPORTED int32_t IOReportStateGetCount(CFDictionaryRef) { return 3; }
EXPORTED CFStringRef IOReportStateGetNameForIndex(CFDictionaryRef, int32_t index) {
  static NSString *const names[] = {@"F1", @"F2", @"F3"};
  return (CFStringRef)names[index];
}
EXPORTED int64_t IOReportStateGetResidency(CFDictionaryRef channel, int32_t index) {
  static const double shares[] = {0.25, 0.5, 0.25};
  return static_cast<int64_t>([entry(channel, @"value") doubleValue] * shares[index]);
}
