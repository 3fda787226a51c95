#include "environment.h"

#include <chrono>
#include <utility>

namespace binding {

#ifndef COREML_NO_THREADSAFE_FUNCTIONS

namespace {
// A prediction cannot be interrupted. One that runs when the environment ends is given this long, so that it does not run into the process's own end.
constexpr std::chrono::milliseconds patience{1000};
} // namespace

std::shared_ptr<JavaScriptThread> JavaScriptThread::create(Napi::Env env) {
  auto thread = std::make_shared<JavaScriptThread>();
  napi_value name = Napi::String::New(env, "coreml");
  napi_status status =
      napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, thread.get(), callBack, &thread->function_);
  if (status != napi_ok) throw Napi::Error::New(env, "no thread-safe function could be made");
  napi_unref_threadsafe_function(env, thread->function_);
  // Registered after the thread-safe function's own hook, so it runs before that.
  env.AddCleanupHook([thread] { thread->shutDown(); });
  return thread;
}

void JavaScriptThread::post(std::shared_ptr<Task> task) {
  {
    std::lock_guard<std::mutex> lock(postedMutex_);
    if (!open_) return;
    posted_.push_back(std::move(task));
    if (posted_.size() > 1) return; // the thread is being woken for the first one
  }
  std::lock_guard<std::mutex> lock(functionMutex_);
  if (function_ != nullptr) napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

void JavaScriptThread::callBack(napi_env env, napi_value, void *context, void *) {
  if (env == nullptr) return; // the environment is going down
  static_cast<JavaScriptThread *>(context)->runPosted(env);
}

void JavaScriptThread::runPosted(napi_env env) {
  {
    std::lock_guard<std::mutex> lock(postedMutex_);
    running_.swap(posted_);
  }
  for (const std::shared_ptr<Task> &task : running_) {
    Napi::HandleScope scope(env);
    try {
      task->run(Napi::Env(env));
    } catch (const Napi::Error &error) {
      // Not even a rejection could be told. In a worker that is being terminated nobody listens any more, and this does nothing.
      error.ThrowAsJavaScriptException();
    }
  }
  running_.clear();
}

void JavaScriptThread::operationBegan(Napi::Env env) {
  if (pending_++ == 0) napi_ref_threadsafe_function(env, function_);
  ++nativeWork_;
}

void JavaScriptThread::operationEnded(Napi::Env env) {
  if (--pending_ == 0) napi_unref_threadsafe_function(env, function_);
}

void JavaScriptThread::nativeWorkEnded() {
  if (--nativeWork_ > 0 || !waiting_) return;
  std::lock_guard<std::mutex> lock(waitingMutex_);
  changed_.notify_all();
}

void JavaScriptThread::shutDown() {
  std::vector<std::shared_ptr<Task>> dropped;
  {
    std::lock_guard<std::mutex> lock(postedMutex_);
    open_ = false;
    dropped.swap(posted_);
  }
  {
    std::unique_lock<std::mutex> lock(waitingMutex_);
    waiting_ = true;
    changed_.wait_for(lock, patience, [this] { return nativeWork_ == 0; });
  }
  std::lock_guard<std::mutex> lock(functionMutex_);
  napi_release_threadsafe_function(std::exchange(function_, nullptr), napi_tsfn_abort);
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
