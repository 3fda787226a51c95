// Copies between packed row-major memory and the strided, padded layout in which Core ML gives its arrays.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace coreml {

// Elements of a shape: 1 for a scalar; -1 where a size is negative or the product does not fit.
int64_t elementCount(const std::vector<int64_t> &shape);

// Strides of the packed row-major layout, in elements.
std::vector<int64_t> packedStrides(const std::vector<int64_t> &shape);

// Whether every index of `shape` at `strides` lies within `bytes` bytes.
bool stridesFit(const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize, size_t bytes);

// Both layouts are in elements of `elementSize` bytes (1, 2, 4 or 8).
void copyFromStrided(void *packed, const void *strided, const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize);
void copyToStrided(void *strided, const void *packed, const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize);

} // namespace coreml
