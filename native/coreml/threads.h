// Threads of ours: plain std::thread on both platforms, so that what the sanitizers see is what ships.
#pragma once
#include <functional>

namespace coreml {

// Runs `work` on a thread of its own, at the quality of service "user initiated", and forgets it.
void runOnNewThread(std::function<void()> work);

// Runs `work` on one of as many threads as there are processors: for what keeps one busy, and takes memory as long as it runs.
void runOnSharedThread(std::function<void()> work);

// Name of the calling thread's quality-of-service class.
const char *qualityOfService();

} // namespace coreml
