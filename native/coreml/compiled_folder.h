// What becomes of a compiled model, for hosts whose JavaScript has no file system (React Native). On Node, src/backends/apple/compile.ts does it.
#pragma once
#include <functional>
#include <string>

#include "error.h"

namespace coreml {

// Moves a .mlmodelc folder that compileModel gave to `destination`, where nothing may be; on one volume in one step. Errors are ERR_FILE, and leave it where it is.
void moveCompiled(std::string compiled, std::string destination, std::function<void(Result<Nothing>)> done);

// Removes a .mlmodelc folder that compileModel gave, with the folder that Core ML made around it. Nothing happens where it is gone already.
void removeCompiled(std::string compiled, std::function<void(Result<Nothing>)> done);

} // namespace coreml
