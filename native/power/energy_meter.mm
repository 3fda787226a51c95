#include "energy_meter.h"

#import <Foundation/Foundation.h>

#include <chrono>

#include "errors_objc.h"
#include "io_report.h"
#include "objc.h"

namespace power {

using coreml::Error;
using coreml::Nothing;
using coreml::Result;
using OwnedDictionary = coreml::Owned<CFDictionaryRef, CFRelease>;
using OwnedMutableDictionary = coreml::Owned<CFMutableDictionaryRef, CFRelease>;
using Clock = std::chrono::steady_clock;

struct EnergyMeter::Implementation {
  const IOReport *report = nullptr;
  coreml::Owned<Subscription, CFRelease> subscription;
  OwnedMutableDictionary subscribed;
  OwnedDictionary first;
  Clock::time_point start;
};

namespace {

Error unavailable(const std::string &why) { return Error{"ERR_UNAVAILABLE", why, {}, 0, {}}; }

std::string text(CFStringRef string) { return coreml::toString((NSString *)string); }

// Joules of one of the label's units; 0 for a label that is no energy.
double unitOf(std::string label) {
  while (!label.empty() && label.back() == ' ') label.pop_back();
  return label == "mJ" ? 1e-3 : label == "uJ" ? 1e-6 : label == "nJ" ? 1e-9 : 0;
}

bool startsWith(const std::string &name, const char *prefix) { return name.rfind(prefix, 0) == 0; }

bool endsWith(const std::string &name, const std::string &suffix) {
  return name.size() >= suffix.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
}

void add(std::optional<double> &sum, double joules) { sum = sum.value_or(0) + joules; }

void addEnergy(const IOReport &report, CFDictionaryRef channel, Reading &reading) {
  double unit = unitOf(text(report.channelGetUnitLabel(channel)));
  if (unit == 0 || report.channelGetFormat(channel) != 1) return;
  std::string name = text(report.channelGetChannelName(channel));
  double joules = static_cast<double>(report.simpleGetIntegerValue(channel, 0)) * unit;
  // Names differ from chip to chip: "ANE0", "ANE0_1", "DIE_1_CPU Energy", …
  if (startsWith(name, "ANE")) add(reading.neuralEngine, joules);
  else if (endsWith(name, "CPU Energy")) add(reading.cpu, joules);
  else if (endsWith(name, "GPU Energy")) add(reading.gpu, joules);
  else if (startsWith(name, "DRAM")) add(reading.memory, joules);
}

void addActivity(const IOReport &report, CFDictionaryRef channel, Reading &reading) {
  std::string name = text(report.channelGetChannelName(channel));
  if (report.channelGetFormat(channel) != 2 || name.find("ANE") == std::string::npos) return;
  int64_t lowest = 0, all = 0;
  int32_t count = report.stateGetCount(channel);
  for (int32_t i = 0; i < count; ++i) {
    int64_t residency = report.stateGetResidency(channel, i);
    if (i == 0) lowest = residency;
    all += residency;
  }
  if (all <= 0) return;
  std::string channelName = text(report.channelGetGroup(channel)) + "/" + text(report.channelGetSubGroup(channel)) + "/" + name;
  reading.activity.push_back(Activity{channelName, 1 - static_cast<double>(lowest) / static_cast<double>(all)});
}

bool isZero(const std::optional<double> &joules) { return !joules || *joules == 0; }

Result<std::shared_ptr<EnergyMeter>> openMeter() {
  auto implementation = std::make_unique<EnergyMeter::Implementation>();
  implementation->report = ioReport();
  if (implementation->report == nullptr) return unavailable("this system has no IOReport library");
  const IOReport &report = *implementation->report;
  OwnedDictionary energy(report.copyChannelsInGroup((CFStringRef) @"Energy Model", nullptr, 0, 0, 0));
  if (!energy) return unavailable("this machine has no \"Energy Model\" counters");
  for (NSString *group in @[ @"PMP", @"PMP0" ]) {
    OwnedDictionary activity(report.copyChannelsInGroup((CFStringRef)group, nullptr, 0, 0, 0));
    if (activity) report.mergeChannels(energy.get(), activity.get(), nullptr);
  }
  OwnedMutableDictionary wanted(CFDictionaryCreateMutableCopy(nullptr, 0, energy.get()));
  CFMutableDictionaryRef subscribed = nullptr;
  implementation->subscription = coreml::Owned<Subscription, CFRelease>(report.createSubscription(nullptr, wanted.get(), &subscribed, 0, nullptr));
  implementation->subscribed = OwnedMutableDictionary(subscribed);
  if (!implementation->subscription || !implementation->subscribed) return unavailable("IOReport gave no subscription to its counters");
  return std::make_shared<EnergyMeter>(std::move(implementation));
}

} // namespace

Result<std::shared_ptr<EnergyMeter>> EnergyMeter::open() {
  Result<std::shared_ptr<EnergyMeter>> result = unavailable("the energy counters could not be opened");
  auto failure = coreml::guarded("ERR_UNAVAILABLE", "the energy counters", [&] { result = openMeter(); });
  if (failure) return *failure;
  return result;
}

EnergyMeter::EnergyMeter(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

EnergyMeter::~EnergyMeter() = default;

Result<Nothing> EnergyMeter::start() {
  Result<Nothing> result = unavailable("IOReport gave no sample");
  Implementation &own = *implementation_;
  auto failure = coreml::guarded("ERR_UNAVAILABLE", "the energy counters", [&] {
    own.first = OwnedDictionary(own.report->createSamples(own.subscription.get(), own.subscribed.get(), nullptr));
    own.start = Clock::now();
    if (own.first) result = Nothing{};
  });
  if (failure) return *failure;
  return result;
}

Result<Reading> EnergyMeter::read() {
  Result<Reading> result = unavailable("IOReport gave no sample");
  Implementation &own = *implementation_;
  if (!own.first) return unavailable("the energy window was not started");
  auto failure = coreml::guarded("ERR_UNAVAILABLE", "the energy counters", [&] {
    OwnedDictionary last(own.report->createSamples(own.subscription.get(), own.subscribed.get(), nullptr));
    Reading reading;
    reading.seconds = std::chrono::duration<double>(Clock::now() - own.start).count();
    if (!last) return;
    OwnedDictionary delta(own.report->createSamplesDelta(own.first.get(), last.get(), nullptr));
    if (!delta) return;
    auto channels = static_cast<CFArrayRef>(CFDictionaryGetValue(delta.get(), (CFStringRef) @"IOReportChannels"));
    if (channels == nullptr) return;
    for (CFIndex i = 0; i < CFArrayGetCount(channels); ++i) {
      auto channel = static_cast<CFDictionaryRef>(CFArrayGetValueAtIndex(channels, i));
      if (text(own.report->channelGetGroup(channel)) == "Energy Model") addEnergy(*own.report, channel, reading);
      else addActivity(*own.report, channel, reading);
    }
    reading.gated = isZero(reading.cpu) && isZero(reading.memory);
    result = reading;
  });
  if (failure) return *failure;
  return result;
}

} // namespace power
