// Element types of MLMultiArray.
#pragma once
#include <cstddef>
#include <cstdint>

namespace coreml {

// The values are those of MLMultiArrayDataType.
enum class ElementType : int64_t {
  float64 = 0x10040,
  float32 = 0x10020,
  float16 = 0x10010,
  int32 = 0x20020,
  int8 = 0x20008, // macOS 26, iOS 26
};

constexpr size_t elementSize(ElementType type) { return static_cast<size_t>(static_cast<int64_t>(type) & 0xff) / 8; }

// onnxruntime-common's name for the type, as in src/model/tensor.ts; null for a type that is none of the above.
constexpr const char *elementTypeName(ElementType type) {
  switch (type) {
    case ElementType::float64: return "float64";
    case ElementType::float32: return "float32";
    case ElementType::float16: return "float16";
    case ElementType::int32: return "int32";
    case ElementType::int8: return "int8";
  }
  return nullptr;
}

} // namespace coreml
