// The functions of a compiled model.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "error.h"

namespace coreml {

// Names that Configuration::functionName takes; none for a model that has not several functions. macOS 15, iOS 18.
void readFunctionNames(std::string compiledPath, std::function<void(Result<std::vector<std::string>>)> done);

} // namespace coreml
