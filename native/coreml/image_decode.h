// Image files that only Apple's ImageIO reads (HEIC): decoded to upright rgba in sRGB. PNG and JPEG take the portable road.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "error.h"
#include "value.h"

namespace coreml {

// `done` comes on a thread of its own.
void decodeImage(std::shared_ptr<Buffer> file, std::function<void(Result<ImageValue>)> done);

// The same of the file at a path; ERR_FILE where it cannot be read.
void decodeImageAt(std::string path, std::function<void(Result<ImageValue>)> done);

} // namespace coreml
