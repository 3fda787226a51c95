// MLComputePlan: where Core ML means to run each operation. Loaded from a compiled model only: from a package it aborts the process.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "configuration.h"
#include "error.h"

namespace coreml {

enum class DeviceKind { cpu, gpu, neuralEngine, unknown };

struct PlannedOperation {
  std::string function; // of an ML Program; empty for layers of a NeuralNetwork
  std::string name;     // its first output; a layer's own name
  std::string op;       // as Core ML gives it, with its "ios17." prefix
  DeviceKind preferred = DeviceKind::unknown;
  std::vector<DeviceKind> supported;
  std::optional<double> cost; // share of the whole
};

void loadComputePlan(std::string compiledPath, Configuration configuration, std::function<void(Result<std::vector<PlannedOperation>>)> done);

} // namespace coreml
