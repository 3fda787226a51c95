#pragma once
#include <cstddef>
#include <cstdint>

namespace coreml {

// Core Graphics draws colours multiplied by alpha; this package's pixels are not.
inline void unpremultiply(void *rgba, size_t pixels) {
  auto *bytes = static_cast<uint8_t *>(rgba);
  for (size_t i = 0; i < pixels; ++i, bytes += 4) {
    unsigned alpha = bytes[3];
    if (alpha == 0 || alpha == 255) continue;
    for (int channel = 0; channel < 3; ++channel) {
      unsigned colour = (bytes[channel] * 255u + alpha / 2) / alpha;
      bytes[channel] = static_cast<uint8_t>(colour > 255 ? 255 : colour);
    }
  }
}

} // namespace coreml
