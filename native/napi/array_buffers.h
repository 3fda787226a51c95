// Native memory as ArrayBuffers.
#pragma once
#include <napi.h>

#include <memory>

#include "buffer.h"

namespace binding {

// Where the elements of a typed array lie.
struct Bytes {
  char *data;
  size_t offset; // of `data` in the array's buffer
  size_t length;

  void *buffer() const { return data - offset; }
};

// Of memory that several threads share, too.
Bytes bytesOf(Napi::TypedArray array);

// An ArrayBuffer over the memory itself; a copy of little memory, and where the host forbids the other.
Napi::ArrayBuffer toArrayBuffer(Napi::Env env, const std::shared_ptr<coreml::Buffer> &buffer);

// allocate(bytes): zero-filled memory that predictions take without a copy; ordinary memory where the host forbids that.
Napi::Value allocate(const Napi::CallbackInfo &info);

// isAllocated(arrayBuffer)
Napi::Value isAllocated(const Napi::CallbackInfo &info);

} // namespace binding
