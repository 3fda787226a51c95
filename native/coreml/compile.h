// MLModel's compiler.
#pragma once
#include <functional>
#include <string>

#include "error.h"

namespace coreml {

// Compiles a .mlmodel or .mlpackage; gives the path of the temporary .mlmodelc folder, which belongs to the caller from then on.
void compileModel(std::string path, std::function<void(Result<std::string>)> done);

} // namespace coreml
