// The machine: compute devices, chip, operating system, thermal state.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "compute_plan.h"

namespace coreml {

struct ComputeDevice {
  DeviceKind kind = DeviceKind::unknown;
  std::string name;   // of a GPU
  int64_t cores = 0;  // of a Neural Engine; 0 where Core ML does not tell
};

struct Machine {
  std::string chip;         // "Apple M4"; empty where unknown
  std::string model;        // "Mac16,10", "iPhone17,1"
  std::string osVersion;    // "15.6.1"
  std::string osBuild;
  bool translated = false;  // Rosetta: every figure is wrong then
  std::string thermalState = "unknown"; // 'nominal' | 'fair' | 'serious' | 'critical'
  bool lowPowerMode = false;
  int64_t memoryBytes = 0;
  int64_t performanceCores = 0, efficiencyCores = 0;
  // What MLAllComputeDevices (or MLModel.availableComputeDevices) lists on macOS 14; on 13, what the IORegistry and Metal tell.
  std::vector<ComputeDevice> devices;
  // 'coreml', 'ioregistry', or 'none' where nothing answered.
  std::string devicesFrom = "none";
};

Machine describeMachine();

} // namespace coreml
