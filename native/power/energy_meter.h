// Energy and activity counters of the chip (IOReport), read without root. The library is private to Apple, so it is loaded at run time and may be missing.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "error.h"

namespace power {

// How much of the window a state channel spent above its lowest state: a sign of activity, no energy.
struct Activity {
  std::string channel; // "PMP/DCS Floor/ANE-DCS-BW"
  double share = 0;    // 0…1
};

struct Reading {
  double seconds = 0;
  // Joules; empty where the machine has no such channel. `gated` where the counters stay at zero for everything: then none of them means anything.
  std::optional<double> cpu, gpu, neuralEngine, memory;
  bool gated = false;
  std::vector<Activity> activity;
};

class EnergyMeter {
 public:
  struct Implementation;

  // Why not, where the counters cannot be had.
  static coreml::Result<std::shared_ptr<EnergyMeter>> open();
  explicit EnergyMeter(std::unique_ptr<Implementation> implementation);
  ~EnergyMeter();

  // Begins a window.
  coreml::Result<coreml::Nothing> start();
  // What passed since `start`; the window goes on.
  coreml::Result<Reading> read();

 private:
  std::unique_ptr<Implementation> implementation_;
};

} // namespace power
