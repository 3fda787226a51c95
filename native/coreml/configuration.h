// MLModelConfiguration without Objective-C. Empty optionals leave Core ML's default.
#pragma once
#include <optional>
#include <string>

namespace coreml {

enum class ComputeUnits { cpuOnly = 0, cpuAndGPU = 1, all = 2, cpuAndNeuralEngine = 3 }; // MLComputeUnits' values

struct Configuration {
  ComputeUnits computeUnits = ComputeUnits::all;
  std::string functionName;                        // macOS 15
  std::optional<bool> allowLowPrecisionAccumulationOnGPU;
  std::optional<bool> infrequentReshape;           // MLOptimizationHints.reshapeFrequency, macOS 14.4
  std::optional<bool> fastPrediction;              // MLOptimizationHints.specializationStrategy, macOS 15
  std::string modelDisplayName;
  std::string preferredMetalDevice;                // by name
};

} // namespace coreml
