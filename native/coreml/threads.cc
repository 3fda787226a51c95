#include "threads.h"

#include <pthread.h>
#include <pthread/qos.h>

#include <thread>
#include <utility>

namespace coreml {
void runOnNewThread(std::function<void()> work) {
  std::thread([work = std::move(work)]() mutable {
    pthread_set_qos_class_self_np(QOS_CLASS_USER_INITIATED, 0);
    work();
    work = nullptr;
  }).detach();
}

const char *qualityOfService() {
  switch (qos_class_self()) {
    case QOS_CLASS_USER_INTERACTIVE: return "userInteractive";
    case QOS_CLASS_USER_INITIATED: return "userInitiated";
    case QOS_CLASS_DEFAULT: return "default";
    case QOS_CLASS_UTILITY: return "utility";
    case QOS_CLASS_BACKGROUND: return "background";
    default: return "unspecified";
  }
}

} // namespace coreml
