// Feature values without Objective-C: what napi/ fills from JavaScript and what a prediction gives back.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "buffer.h"
#include "element_type.h"

namespace coreml {

// Row-major elements in `bytes`, from `offset` bytes on.
struct ArrayValue {
  ElementType type = ElementType::float32;
  std::vector<int64_t> shape;
  std::shared_ptr<Buffer> bytes;
  size_t offset = 0;
  // Set on outputs that Core ML wrote into the caller's own allocated memory: nothing was copied.
  bool zeroCopy = false;
};

enum class PixelFormat { rgba, bgra, gray8, gray16f };

constexpr size_t bytesPerPixel(PixelFormat format) { return format == PixelFormat::gray8 ? 1 : format == PixelFormat::gray16f ? 2 : 4; }

// Inputs are bgra, gray8 or gray16f, in whatever row length `bytesPerRow` says; outputs are packed.
struct ImageValue {
  PixelFormat format = PixelFormat::rgba;
  size_t width = 0;
  size_t height = 0;
  size_t bytesPerRow = 0;
  std::shared_ptr<Buffer> pixels;
};

// Keys are either all strings or all integers.
struct DictionaryValue {
  bool integerKeys = false;
  std::vector<std::string> strings;
  std::vector<int64_t> integers;
  std::vector<double> values;
};

struct SequenceValue {
  bool integers = false;
  std::vector<std::string> strings;
  std::vector<int64_t> numbers;
};

using Value = std::variant<ArrayValue, ImageValue, DictionaryValue, SequenceValue, int64_t, double, std::string>;

using Features = std::vector<std::pair<std::string, Value>>;

} // namespace coreml
