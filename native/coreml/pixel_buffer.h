// Images as CVPixelBuffers.
#pragma once
#import <CoreVideo/CoreVideo.h>

#include <string>

#include "error.h"
#include "objc.h"
#include "value.h"

namespace coreml {

using OwnedPixelBuffer = Owned<CVPixelBufferRef, CVPixelBufferRelease>;

// A pixel buffer over the value's own memory, kept alive until the buffer goes. Not for rgba, which Core Video's images for Core ML do not know.
Result<OwnedPixelBuffer> toPixelBuffer(const std::string &name, const ImageValue &value);

// One copy, row by row, into packed memory.
Result<ImageValue> fromPixelBuffer(const std::string &name, CVPixelBufferRef buffer);

} // namespace coreml
