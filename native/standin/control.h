// The switches of the stand-in: which machine it plays and how awkward it is. Tests set them through the addon's `standin` object.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <string>

namespace standin {

struct Settings {
  std::atomic<double> osVersion{26.0};         // 13, 14, 14.4, 15, 26
  std::atomic<bool> neuralEngine{true};
  std::atomic<bool> gpu{true};
  std::atomic<bool> registryAnswers{true};     // false: IORegistry knows no Neural Engine driver
  std::atomic<int> engineDriver{0};            // which class its driver has: H11ANEIn, H1xANELoadBalancer, AppleH11ANEInterface
  std::atomic<bool> translated{false};
  std::atomic<bool> lowPower{false};
  std::atomic<int> thermalState{0};
  std::atomic<bool> refuseQualityOfService{false}; // threads keep the class that they have
  std::atomic<int> compileMilliseconds{0};     // of which half are over when the first half of the compiled model is written
  std::atomic<int> compileFiles{0};            // so many small files lie in a compiled model besides: it takes long to copy
  std::atomic<bool> compileBare{false};        // a compiled model lies in the temporary folder itself, not in a folder of its own there
  std::atomic<int> loadMilliseconds{0};
  std::atomic<int> unloadMilliseconds{0};      // how long an MLModel takes to go
  std::atomic<int> newStateMilliseconds{0};
  std::atomic<int> predictMicroseconds{0};
  std::atomic<int> releaseMilliseconds{20};    // how long after a prediction its inputs are let go, on another thread; 0: at once
  std::atomic<int> refuseBackings{0};          // 1: every time; 2: every second time
  std::atomic<int> paddingElements{5};         // between the rows of outputs and states
  std::atomic<int> elementStride{1};           // distance of neighbours within a row of outputs and states, in elements
  std::atomic<bool> shortMemory{false};        // arrays tell one byte less of memory than their strides reach
  std::atomic<bool> undefinedOutputs{false};   // the last output of a prediction is undefined
  std::atomic<int> compileError{0};            // MLModelError code + 1; 0: none
  std::atomic<int> loadError{0};
  std::atomic<int> predictError{0};
  std::atomic<bool> throwFromCompile{false};
  std::atomic<bool> throwFromLoad{false};
  std::atomic<bool> throwFromNewState{false};
  std::atomic<bool> throwFromPredict{false};
  std::atomic<bool> throwFromPlan{false};
  std::atomic<bool> throwFromDecode{false};    // ImageIO, when it makes the picture
  std::atomic<bool> throwFromDevices{false};   // the question for the compute devices
  std::atomic<bool> throwFromEnergy{false};    // opening and reading energy counters
  std::atomic<int> predictSignal{0};           // the signal by which a prediction ends the process, 9 for SIGKILL; 0: none
  std::atomic<bool> hangInPredict{false};      // predictions do not come back, until this is false again
  std::atomic<bool> nilWithoutError{false};    // predictions give nil and no NSError
  std::atomic<bool> failPlan{false};
  std::atomic<bool> failFunctionNames{false};
  std::atomic<bool> energyGated{false};        // energy counters stay at zero
  std::atomic<bool> energyMissing{false};      // no IOReport library
  std::atomic<bool> abortOnPackagePlan{true};  // a plan of anything but a .mlmodelc aborts the process, as Core ML does
};

Settings &settings();

bool osAtLeast(double version);
// Raises, as a missing selector would: the addon must ask for the version first.
void requireOS(double version, const char *what);

// What happened, for tests: counted since the process began.
struct Events {
  std::atomic<long> predictions{0};
  std::atomic<long> asynchronousPredictions{0};
  std::atomic<long> backingsUsed{0};
  std::atomic<long> backingsRefused{0};
  std::atomic<long> threadingViolations{0}; // one MLModel or MLState used on two threads at a time
  std::atomic<long> insideNanoseconds{0};   // spent inside predictions
  std::atomic<long> maximumOverlap{0};      // most predictions of one model under way at a time
};

Events &events();

// How many objects of one of the stand-in's classes are alive; one of all the classes, by name.
std::atomic<long> &liveCount(const char *className);
std::map<std::string, long> liveObjects();

// The settings that the last model was loaded with, as text by Core ML's names; what the system of that version has not is left out.
std::map<std::string, std::string> lastConfiguration();

// Runs `work` on a thread on which completion handlers come: there are as many as there is work at a time, up to 64, and they live as long as the process.
void onOwnThread(std::function<void()> work);

// Runs `work` on another thread after so many milliseconds.
void runLater(int milliseconds, void (*work)(void *), void *context);

// Where dlopen finds the stand-in's IOReport: in this library itself.
const char *ioReportLibrary();

} // namespace standin

// In an @implementation: counts its objects, at the price of an atomic addition. The class's dealloc says COUNT_DEATH.
#define COUNT_BIRTHS                                                    \
  +(id)allocWithZone : (NSZone *)zone {                                 \
    static auto &live = standin::liveCount(class_getName(self));        \
    ++live;                                                             \
    return [super allocWithZone:zone];                                  \
  }
#define COUNT_DEATH                                                     \
  static auto &live = standin::liveCount(class_getName([self class]));  \
  --live
