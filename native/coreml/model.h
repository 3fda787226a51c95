// A loaded MLModel. Everything asynchronous ends in one call of `done`, on any thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cancellation.h"
#include "configuration.h"
#include "description.h"
#include "error.h"
#include "state.h"
#include "value.h"

namespace coreml {

template <typename T>
using Done = std::function<void(Result<T>)>;

struct LoadRequest {
  std::string compiledPath; // a .mlmodelc folder; else the two below
  std::shared_ptr<Buffer> specification;
  std::vector<std::pair<std::string, std::shared_ptr<Buffer>>> blobs; // by the path that the specification names; macOS 15
  Configuration configuration;
  size_t maximumOverlap = 3;
};

struct PredictRequest {
  Features inputs;
  std::vector<std::pair<std::string, ArrayValue>> outputBackings;
  std::shared_ptr<State> state;
  std::shared_ptr<Cancellation> cancellation;
};

struct Prediction {
  Features outputs;
  int64_t nanoseconds = 0; // around the Core ML call alone
};

struct BatchRequest {
  std::vector<Features> inputs;
  std::shared_ptr<Cancellation> cancellation;
};

struct BatchPrediction {
  std::vector<Features> outputs;
  int64_t nanoseconds = 0;
};

struct TimedRequest {
  std::vector<Features> inputs; // used in turn
  std::vector<std::pair<std::string, ArrayValue>> outputBackings;
  std::shared_ptr<State> state;
  int64_t iterations = 0;         // 0: no limit
  int64_t durationNanoseconds = 0; // 0: no limit
  int64_t block = 1;              // predictions timed together as one sample
  std::shared_ptr<Cancellation> cancellation;
  std::shared_ptr<std::atomic<bool>> stop; // ends the loop after the running prediction
};

struct TimedRun {
  std::vector<double> nanoseconds; // of each block, per prediction
  int64_t elapsedNanoseconds = 0;
  Features outputs;
  std::string qualityOfService;
};

class Model : public std::enable_shared_from_this<Model> {
 public:
  struct Implementation; // model_implementation.h: Objective-C

  static void load(LoadRequest request, Done<std::shared_ptr<Model>> done);

  explicit Model(std::unique_ptr<Implementation> implementation);
  ~Model();

  const ModelDescription &description() const;
  // The compute units that the loaded model's configuration reports.
  ComputeUnits computeUnits() const;

  void predict(std::shared_ptr<PredictRequest> request, Done<Prediction> done);
  void predictBatch(std::shared_ptr<BatchRequest> request, Done<BatchPrediction> done);
  void runTimed(std::shared_ptr<TimedRequest> request, Done<TimedRun> done);
  // At once; Core ML is still to `make` it.
  Result<std::shared_ptr<State>> newState();
  // In its turn among the predictions, and before anything that uses the state and is asked for later. Whoever uses it is told if it fails.
  void make(const std::shared_ptr<State> &state, const std::function<void()> &done);

  // Refuses what is queued and, when what runs has ended, lets the MLModel go on a thread of its own; `done` comes after that.
  void close(const std::function<void()> &done);

  Implementation &implementation() { return *implementation_; }

 private:
  std::unique_ptr<Implementation> implementation_;
};

} // namespace coreml
