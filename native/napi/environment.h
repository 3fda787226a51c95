// One per Node environment (main thread or worker): instance data, no statics, so that several can live side by side.
#pragma once
#include <napi.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "buffer.h"

namespace binding {

#ifndef COREML_NO_THREADSAFE_FUNCTIONS

// The way back to the JavaScript thread. Held by native work; outlives the environment.
class JavaScriptThread {
 public:
  // Something to run on the JavaScript thread. It must own no JavaScript reference: once the environment goes down it is dropped unrun, on any thread.
  class Task {
   public:
    virtual ~Task() = default;
    virtual void run(Napi::Env env) = 0;
  };

  // Runs `task` on the JavaScript thread, soon. What is posted before that thread comes round runs in one go: it is woken once.
  void post(std::shared_ptr<Task> task);

  // On the JavaScript thread, around each operation: while one is under way the process stays alive, and its end waits for it, shortly.
  void operationBegan(Napi::Env env);
  void operationEnded(Napi::Env env);
  // On any thread, when the native side of an operation is through.
  void nativeWorkEnded();

  static std::shared_ptr<JavaScriptThread> create(Napi::Env env);

 private:
  void runPosted(napi_env env);
  void shutDown();
  static void callBack(napi_env env, napi_value, void *context, void *data);

  // Two locks, because the JavaScript thread takes the first one as soon as it is woken, and the second is held while it is being woken.
  std::mutex postedMutex_;
  std::vector<std::shared_ptr<Task>> posted_;
  bool open_ = true;
  std::mutex functionMutex_;
  napi_threadsafe_function function_ = nullptr; // null once the environment goes down

  std::vector<std::shared_ptr<Task>> running_; // JavaScript thread only, as `pending_`
  int pending_ = 0;

  std::atomic<int> nativeWork_{0};
  std::atomic<bool> waiting_{false}; // for nativeWork_ to become 0
  std::mutex waitingMutex_;
  std::condition_variable changed_;
};

#endif

// Buffers that JavaScript got with allocate(), by address: predictions use their memory as it is.
class AllocatedBuffers {
 public:
  void add(const std::shared_ptr<coreml::Buffer> &buffer);
  void remove(void *address);
  // Null for memory that is not ours.
  std::shared_ptr<coreml::Buffer> find(void *address);

 private:
  std::mutex mutex_;
  std::unordered_map<void *, std::weak_ptr<coreml::Buffer>> buffers_;
};

struct Environment {
#ifndef COREML_NO_THREADSAFE_FUNCTIONS
  std::shared_ptr<JavaScriptThread> thread;
#endif
  std::shared_ptr<AllocatedBuffers> allocated = std::make_shared<AllocatedBuffers>();
  // True once the host (Electron) has refused memory of ours.
  bool externalBuffersForbidden = false;
  // Constructors of the handle classes, by name.
  std::unordered_map<std::string, Napi::FunctionReference> constructors;
  // Set while native code itself constructs a handle.
  bool constructing = false;

  static Environment &of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

} // namespace binding
