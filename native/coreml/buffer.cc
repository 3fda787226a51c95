#include "buffer.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

namespace coreml {
namespace {

// Fresh pages cost more than copying into warm ones, so a few freed blocks are kept, by capacity, which is a power of two.
constexpr size_t smallestBlock = 64;
constexpr size_t pageSize = 16384; // Apple silicon's; Core ML likes output backings page-aligned
constexpr int classes = 40;
constexpr size_t keptBytes = size_t{64} << 20;

struct Pool {
  std::mutex mutex;
  void *free[classes] = {}; // each block's first word links to the next
  size_t bytes = 0;
};

// Never destroyed: Core ML may free an input on its own queue while the process exits.
Pool &pool() {
  static Pool *instance = new Pool;
  return *instance;
}

std::atomic<size_t> live{0};
std::atomic<size_t> created{0};

int classOf(size_t bytes) {
  int index = 0;
  while ((smallestBlock << index) < bytes) ++index;
  return index;
}

void *takeKept(int index) {
  Pool &kept = pool();
  std::lock_guard<std::mutex> lock(kept.mutex);
  void *block = kept.free[index];
  if (block == nullptr) return nullptr;
  std::memcpy(static_cast<void *>(&kept.free[index]), block, sizeof(void *));
  kept.bytes -= smallestBlock << index;
  return block;
}

bool keep(void *block, int index) {
  size_t bytes = smallestBlock << index;
  Pool &kept = pool();
  std::lock_guard<std::mutex> lock(kept.mutex);
  if (kept.bytes + bytes > keptBytes) return false;
  std::memcpy(block, static_cast<const void *>(&kept.free[index]), sizeof(void *));
  kept.free[index] = block;
  kept.bytes += bytes;
  return true;
}

} // namespace

std::shared_ptr<Buffer> Buffer::create(size_t bytes) {
  if (bytes > (smallestBlock << (classes - 1))) return nullptr;
  int index = classOf(bytes);
  size_t capacity = smallestBlock << index;
  void *data = takeKept(index);
  if (data == nullptr) {
    if (capacity < pageSize) {
      if (posix_memalign(&data, smallestBlock, capacity) != 0) return nullptr;
    } else if (posix_memalign(&data, pageSize, capacity) != 0) {
      return nullptr;
    }
  }
  try {
    std::shared_ptr<Buffer> buffer(new Buffer(data, bytes, capacity));
    ++live;
    created += bytes;
    return buffer;
  } catch (const std::bad_alloc &) {
    std::free(data);
    return nullptr;
  }
}

std::shared_ptr<Buffer> Buffer::createZeroed(size_t bytes) {
  auto buffer = create(bytes);
  if (buffer != nullptr && bytes > 0) std::memset(buffer->data(), 0, bytes);
  return buffer;
}

Buffer::~Buffer() {
  --live;
  if (!keep(data_, classOf(capacity_))) std::free(data_);
}

size_t Buffer::liveCount() { return live.load(); }

size_t Buffer::createdBytes() { return created.load(); }

} // namespace coreml
