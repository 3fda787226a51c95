#include "array_buffers.h"

#include <cmath>
#include <cstring>

#include "environment.h"
#include "errors_js.h"

namespace binding {
namespace {

// To tell JavaScript of foreign memory, and to be told when it is garbage, takes longer than copying so many bytes.
constexpr size_t cheaperCopied = 4096;

struct Hold {
  std::shared_ptr<coreml::Buffer> buffer;
  std::shared_ptr<AllocatedBuffers> allocated; // null where the memory is not registered
};

void letGo(napi_env, void *data, void *hint) {
  auto *hold = static_cast<Hold *>(hint);
  if (hold->allocated != nullptr) hold->allocated->remove(data);
  delete hold;
}

// Null where the host refuses.
napi_value externalArrayBuffer(Napi::Env env, const std::shared_ptr<coreml::Buffer> &buffer, std::shared_ptr<AllocatedBuffers> allocated) {
  Environment &environment = Environment::of(env);
  if (environment.externalBuffersForbidden) return nullptr;
  auto *hold = new Hold{buffer, std::move(allocated)};
  napi_value result = nullptr;
  napi_status status = napi_create_external_arraybuffer(env, buffer->data(), buffer->size(), letGo, hold, &result);
  if (status == napi_ok) return result;
  delete hold;
  if (status == napi_no_external_buffers_allowed) {
    environment.externalBuffersForbidden = true;
    return nullptr;
  }
  throw Napi::Error::New(env);
}

} // namespace

Bytes bytesOf(Napi::TypedArray array) {
  // Not by way of ArrayBuffer(), which has no data where the array lies in shared memory.
  void *data = nullptr;
  size_t offset = 0;
  napi_env env = array.Env();
  if (napi_get_typedarray_info(env, array, nullptr, nullptr, &data, nullptr, &offset) != napi_ok) throw Napi::Error::New(env);
  return Bytes{static_cast<char *>(data), offset, array.ByteLength()};
}

Napi::ArrayBuffer toArrayBuffer(Napi::Env env, const std::shared_ptr<coreml::Buffer> &buffer) {
  if (buffer->size() > cheaperCopied) {
    if (napi_value external = externalArrayBuffer(env, buffer, nullptr)) return Napi::ArrayBuffer(env, external);
  }
  Napi::ArrayBuffer copy = Napi::ArrayBuffer::New(env, buffer->size());
  if (buffer->size() > 0) std::memcpy(copy.Data(), buffer->data(), buffer->size());
  return copy;
}

Napi::Value allocate(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  double bytes = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
  if (!(bytes >= 0) || bytes > 9007199254740991.0 || bytes != std::floor(bytes)) refuse(env, "allocate: expected a number of bytes");
  auto buffer = coreml::Buffer::createZeroed(static_cast<size_t>(bytes));
  if (buffer == nullptr) refuse(env, "allocate: no memory for " + std::to_string(static_cast<uint64_t>(bytes)) + " bytes");
  if (bytes == 0) return Napi::ArrayBuffer::New(env, 0);
  Environment &environment = Environment::of(env);
  napi_value external = externalArrayBuffer(env, buffer, environment.allocated);
  if (external == nullptr) return Napi::ArrayBuffer::New(env, buffer->size());
  environment.allocated->add(buffer);
  return Napi::Value(env, external);
}

Napi::Value isAllocated(const Napi::CallbackInfo &info) {
  if (!info[0].IsArrayBuffer()) return Napi::Boolean::New(info.Env(), false);
  auto buffer = Environment::of(info.Env()).allocated->find(info[0].As<Napi::ArrayBuffer>().Data());
  return Napi::Boolean::New(info.Env(), buffer != nullptr);
}

} // namespace binding
