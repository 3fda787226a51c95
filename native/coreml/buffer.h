// Memory that both JavaScript and Core ML can hold: references are counted, and released on whatever thread the last one goes.
#pragma once
#include <cstddef>
#include <memory>

namespace coreml {

class Buffer {
 public:
  // `bytes` of page-aligned memory (contents undefined), or null where there is no memory for it.
  static std::shared_ptr<Buffer> create(size_t bytes);
  // The same, zero-filled.
  static std::shared_ptr<Buffer> createZeroed(size_t bytes);

  ~Buffer();
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;

  void *data() const { return data_; }
  size_t size() const { return size_; }

  // How many buffers exist in the process: tests count them back to zero.
  static size_t liveCount();
  // Bytes of all buffers ever made: every copy goes into a new one, so a path without copies leaves this as it was.
  static size_t createdBytes();

 private:
  Buffer(void *data, size_t size, size_t capacity) : data_(data), size_(size), capacity_(capacity) {}
  void *data_;
  size_t size_;
  size_t capacity_;
};

} // namespace coreml
