#include "pixel_buffer.h"

#include "strided_copy.h"

namespace coreml {
namespace {

void releaseMemory(void *context, const void *) { delete static_cast<std::shared_ptr<Buffer> *>(context); }

} // namespace

Result<OwnedPixelBuffer> toPixelBuffer(const std::string &name, const ImageValue &value) {
  OSType format;
  switch (value.format) {
    case PixelFormat::bgra: format = kCVPixelFormatType_32BGRA; break;
    case PixelFormat::gray8: format = kCVPixelFormatType_OneComponent8; break;
    case PixelFormat::gray16f: format = kCVPixelFormatType_OneComponent16Half; break;
    default: return Error{"ERR_INTERNAL", "image \"" + name + "\" reached Core Video as rgba", {}, 0, {}};
  }
  auto *context = new std::shared_ptr<Buffer>(value.pixels);
  CVPixelBufferRef buffer = nullptr;
  CVReturn status = CVPixelBufferCreateWithBytes(nullptr, value.width, value.height, format, value.pixels->data(), value.bytesPerRow, releaseMemory, context,
                                                 nullptr, &buffer);
  if (status != kCVReturnSuccess || buffer == nullptr) {
    delete context;
    return Error{"ERR_INPUT", "image \"" + name + "\": Core Video made no pixel buffer (CVReturn " + std::to_string(status) + ")", {}, 0, {}};
  }
  return OwnedPixelBuffer(buffer);
}

Result<ImageValue> fromPixelBuffer(const std::string &name, CVPixelBufferRef buffer) {
  ImageValue value;
  OSType format = CVPixelBufferGetPixelFormatType(buffer);
  switch (format) {
    case kCVPixelFormatType_32BGRA: value.format = PixelFormat::bgra; break;
    case kCVPixelFormatType_OneComponent8: value.format = PixelFormat::gray8; break;
    case kCVPixelFormatType_OneComponent16Half: value.format = PixelFormat::gray16f; break;
    default: return Error{"ERR_PREDICT", "image \"" + name + "\" has a pixel format that is unknown here: " + std::to_string(format), {}, 0, {}};
  }
  value.width = CVPixelBufferGetWidth(buffer);
  value.height = CVPixelBufferGetHeight(buffer);
  value.bytesPerRow = value.width * bytesPerPixel(value.format);
  value.pixels = Buffer::create(value.bytesPerRow * value.height);
  if (value.pixels == nullptr) return Error{"ERR_PREDICT", "image \"" + name + "\": no memory for its pixels", {}, 0, {}};
  CVReturn status = CVPixelBufferLockBaseAddress(buffer, kCVPixelBufferLock_ReadOnly);
  if (status != kCVReturnSuccess) {
    return Error{"ERR_PREDICT", "image \"" + name + "\": Core Video did not lock its pixels (CVReturn " + std::to_string(status) + ")", {}, 0, {}};
  }
  const std::vector<int64_t> shape{static_cast<int64_t>(value.height), static_cast<int64_t>(value.bytesPerRow)};
  const std::vector<int64_t> strides{static_cast<int64_t>(CVPixelBufferGetBytesPerRow(buffer)), 1};
  copyFromStrided(value.pixels->data(), CVPixelBufferGetBaseAddress(buffer), shape, strides, 1);
  CVPixelBufferUnlockBaseAddress(buffer, kCVPixelBufferLock_ReadOnly);
  return value;
}

} // namespace coreml
