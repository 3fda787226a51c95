// MLState: tensors that live from one prediction to the next (macOS 15).
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "error.h"
#include "state_gate.h"
#include "value.h"

namespace coreml {

class State : public std::enable_shared_from_this<State> {
 public:
  struct Implementation; // state_implementation.h: Objective-C

  explicit State(std::unique_ptr<Implementation> implementation);
  ~State();

  // Both wait for predictions that use the state and were asked for earlier. They work on a thread of their own.
  void read(std::string name, std::function<void(Result<ArrayValue>)> done);
  void write(std::string name, ArrayValue value, std::function<void(Result<Nothing>)> done);

  const std::shared_ptr<StateGate> &gate() const { return gate_; }
  Implementation &implementation() { return *implementation_; }

 private:
  std::unique_ptr<Implementation> implementation_;
  std::shared_ptr<StateGate> gate_ = std::make_shared<StateGate>();
};

} // namespace coreml
