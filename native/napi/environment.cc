#include "environment.h"

#include <chrono>

namespace binding {

#ifndef COREML_NO_THREADSAFE_FUNCTIONS

namespace {
// A prediction cannot be interrupted. One that runs when the environment ends is given this long, so that it does not run into the process's own end.
constexpr std::chrono::milliseconds patience{1000};

using Work = std::function<void(Napi::Env)>;
} // namespace

std::shared_ptr<JavaScriptThread> JavaScriptThread::create(Napi::Env env) {
  auto thread = std::make_shared<JavaScriptThread>();
  napi_value name = Napi::String::New(env, "coreml");
  napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, callBack, &thread->function_);
  if (status != napi_ok) throw Napi::Error::New(env, "no thread-safe function could be made");
  napi_unref_threadsafe_function(env, thread->function_);
  // Registered after the thread-safe function's own hook, so it runs before that.
  env.AddCleanupHook([thread] { thread->shutDown(); });
  return thread;
}

void JavaScriptThread::post(Work work) {
  auto *data = new Work(std::move(work));
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (alive_ && napi_call_threadsafe_function(function_, data, napi_tsfn_nonblocking) == napi_ok) return;
  }
  delete data;
}

void JavaScriptThread::callBack(napi_env env, napi_value, void *, void *data) {
  std::unique_ptr<Work> work(static_cast<Work *>(data));
  if (env == nullptr) return; // the environment is going down
  Napi::HandleScope scope(env);
  try {
    (*work)(Napi::Env(env));
  } catch (const Napi::Error &error) {
    error.ThrowAsJavaScriptException();
  }
}

void JavaScriptThread::operationBegan(Napi::Env env) {
  if (pending_++ == 0) napi_ref_threadsafe_function(env, function_);
  std::lock_guard<std::mutex> lock(mutex_);
  ++nativeWork_;
}

void JavaScriptThread::operationEnded(Napi::Env env) {
  if (--pending_ == 0) napi_unref_threadsafe_function(env, function_);
}

void JavaScriptThread::nativeWorkEnded() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (--nativeWork_ == 0) changed_.notify_all();
}

void JavaScriptThread::shutDown() {
  std::unique_lock<std::mutex> lock(mutex_);
  alive_ = false;
  changed_.wait_for(lock, patience, [this] { return nativeWork_ == 0; });
  napi_release_threadsafe_function(function_, napi_tsfn_abort);
}

#endif

void AllocatedBuffers::add(const std::shared_ptr<coreml::Buffer> &buffer) {
  std::lock_guard<std::mutex> lock(mutex_);
  buffers_[buffer->data()] = buffer;
}

void AllocatedBuffers::remove(void *address) {
  std::lock_guard<std::mutex> lock(mutex_);
  buffers_.erase(address);
}

std::shared_ptr<coreml::Buffer> AllocatedBuffers::find(void *address) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = buffers_.find(address);
  return found == buffers_.end() ? nullptr : found->second.lock();
}

} // namespace binding
