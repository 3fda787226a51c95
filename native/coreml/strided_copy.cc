#include "strided_copy.h"

#include <cstring>

namespace coreml {
namespace {

// One dimension of a walk, adjacent ones merged where the strided side is contiguous across them.
struct Axis {
  int64_t size;
  int64_t stride; // bytes on the strided side
};

std::vector<Axis> mergedAxes(const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    Axis axis{shape[i], strides[i] * static_cast<int64_t>(elementSize)};
    if (!axes.empty() && axes.back().stride == axis.size * axis.stride) {
      axes.back() = Axis{axes.back().size * axis.size, axis.stride};
    } else {
      axes.push_back(axis);
    }
  }
  return axes;
}

// Visits the lines of the last axis, those of the axis before it at once: `move` gets the first one's place on either side, how many there are and the bytes from
// one to the next on the strided side.
template <typename Move>
void walk(const std::vector<Axis> &axes, size_t depth, size_t line, char *&packed, int64_t offset, const Move &move) {
  if (depth + 1 < axes.size()) {
    for (int64_t i = 0; i < axes[depth].size; ++i) walk(axes, depth + 1, line, packed, offset + i * axes[depth].stride, move);
    return;
  }
  const Axis lines = axes.empty() ? Axis{1, 0} : axes[depth];
  move(packed, offset, lines.size, lines.stride);
  packed += static_cast<size_t>(lines.size) * line;
}

// What is copied at once, by vector registers.
constexpr size_t block = 64;

// The last block of a line overlaps the one before.
inline __attribute__((always_inline)) void copyBlocks(char *target, int64_t targetStride, const char *source, int64_t sourceStride, int64_t lines, size_t bytes) {
  const size_t last = bytes - block;
  for (; lines > 0; --lines, target += targetStride, source += sourceStride) {
    for (size_t at = 0; at < last; at += block) std::memcpy(target + at, source + at, block);
    std::memcpy(target + last, source + last, block);
  }
}

#ifdef __x86_64__
__attribute__((target("avx2"))) void copyWideBlocks(char *target, int64_t targetStride, const char *source, int64_t sourceStride, int64_t lines, size_t bytes) {
  copyBlocks(target, targetStride, source, sourceStride, lines, bytes);
}
#endif

// A call of memcpy for each short line takes as long as its copy.
void copyLines(char *target, int64_t targetStride, const char *source, int64_t sourceStride, int64_t lines, size_t bytes) {
  constexpr size_t longest = 16 * block;
  if (bytes >= block && bytes <= longest) {
#ifdef __x86_64__
    static const bool wide = __builtin_cpu_supports("avx2") != 0;
    if (wide) return copyWideBlocks(target, targetStride, source, sourceStride, lines, bytes);
#else
    return copyBlocks(target, targetStride, source, sourceStride, lines, bytes);
#endif
  }
  for (; lines > 0; --lines, target += targetStride, source += sourceStride) std::memcpy(target, source, bytes);
}

// Elements of one line that lie apart: a loop over a type of their size, not a memcpy call each.
template <typename T>
void gather(void *packed, const char *strided, int64_t count, int64_t stride) {
  char *target = static_cast<char *>(packed);
  for (int64_t i = 0; i < count; ++i) std::memcpy(target + i * static_cast<int64_t>(sizeof(T)), strided + i * stride, sizeof(T));
}

template <typename T>
void scatter(char *strided, const void *packed, int64_t count, int64_t stride) {
  const char *source = static_cast<const char *>(packed);
  for (int64_t i = 0; i < count; ++i) std::memcpy(strided + i * stride, source + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
}

template <typename Contiguous, typename Apart>
void copy(char *packed, const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize, Contiguous contiguous, Apart apart) {
  if (elementCount(shape) <= 0) return;
  std::vector<Axis> axes = mergedAxes(shape, strides, elementSize);
  Axis last{1, static_cast<int64_t>(elementSize)};
  if (!axes.empty()) {
    last = axes.back();
    axes.pop_back();
  }
  size_t line = static_cast<size_t>(last.size) * elementSize;
  if (last.stride == static_cast<int64_t>(elementSize)) {
    walk(axes, 0, line, packed, 0, [&](char *first, int64_t offset, int64_t lines, int64_t stride) { contiguous(first, offset, lines, stride, line); });
  } else {
    walk(axes, 0, line, packed, 0, [&](char *first, int64_t offset, int64_t lines, int64_t stride) {
      for (int64_t i = 0; i < lines; ++i) apart(first + static_cast<size_t>(i) * line, offset + i * stride, last.size, last.stride);
    });
  }
}

} // namespace

int64_t elementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return -1;
  }
  return count;
}

std::vector<int64_t> packedStrides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

bool stridesFit(const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize, size_t bytes) {
  if (shape.size() != strides.size()) return false;
  int64_t count = elementCount(shape);
  if (count <= 0) return count == 0;
  int64_t last = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t reach;
    if (strides[i] < 0 || __builtin_mul_overflow(shape[i] - 1, strides[i], &reach) || __builtin_add_overflow(last, reach, &last)) return false;
  }
  int64_t end;
  if (__builtin_add_overflow(last, int64_t{1}, &end) || __builtin_mul_overflow(end, static_cast<int64_t>(elementSize), &end)) return false;
  return static_cast<uint64_t>(end) <= bytes;
}

void copyFromStrided(void *packed, const void *strided, const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize) {
  const char *source = static_cast<const char *>(strided);
  copy(
      static_cast<char *>(packed), shape, strides, elementSize,
      [&](char *first, int64_t offset, int64_t lines, int64_t stride, size_t bytes) {
        copyLines(first, static_cast<int64_t>(bytes), source + offset, stride, lines, bytes);
      },
      [&](char *line, int64_t offset, int64_t count, int64_t stride) {
        switch (elementSize) {
          case 1: return gather<uint8_t>(line, source + offset, count, stride);
          case 2: return gather<uint16_t>(line, source + offset, count, stride);
          case 4: return gather<uint32_t>(line, source + offset, count, stride);
          default: return gather<uint64_t>(line, source + offset, count, stride);
        }
      });
}

void copyToStrided(void *strided, const void *packed, const std::vector<int64_t> &shape, const std::vector<int64_t> &strides, size_t elementSize) {
  char *target = static_cast<char *>(strided);
  // The walk only reads from the packed side here.
  copy(
      const_cast<char *>(static_cast<const char *>(packed)), shape, strides, elementSize,
      [&](const char *first, int64_t offset, int64_t lines, int64_t stride, size_t bytes) {
        copyLines(target + offset, stride, first, static_cast<int64_t>(bytes), lines, bytes);
      },
      [&](char *line, int64_t offset, int64_t count, int64_t stride) {
        switch (elementSize) {
          case 1: return scatter<uint8_t>(target + offset, line, count, stride);
          case 2: return scatter<uint16_t>(target + offset, line, count, stride);
          case 4: return scatter<uint32_t>(target + offset, line, count, stride);
          default: return scatter<uint64_t>(target + offset, line, count, stride);
        }
      });
}

} // namespace coreml
