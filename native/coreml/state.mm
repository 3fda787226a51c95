#include "state.h"

#include "errors_objc.h"
#include "features_objc.h"
#include "description_objc.h"
#include "os_version.h"
#include "state_implementation.h"
#include "strided_copy.h"
#include "threads.h"

namespace coreml {
namespace {

Error unknownState(const std::string &name) { return Error{"ERR_ARGUMENT", "the model has no state \"" + name + "\"", {}, 0, {}}; }

std::string textOfShape(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t size : shape) text += (text.empty() ? "" : " × ") + std::to_string(size);
  return text.empty() ? "scalar" : text;
}

Result<Nothing> writeArray(const std::string &name, MLMultiArray *array, const ArrayValue &value) {
  std::vector<int64_t> shape = toShape([array shape]);
  ElementType type = static_cast<ElementType>([array dataType]);
  if (shape != value.shape || type != value.type) {
    const char *expected = elementTypeName(type);
    return Error{"ERR_ARGUMENT", "state \"" + name + "\" is " + (expected == nullptr ? "of an unknown type" : expected) + " " + textOfShape(shape) +
                                     ", but " + elementTypeName(value.type) + " " + textOfShape(value.shape) + " was to be written",
                 {}, 0, {}};
  }
  __block bool fits = false;
  const char *source = static_cast<const char *>(value.bytes->data()) + value.offset;
  [array getMutableBytesWithHandler:^(void *bytes, NSInteger length, NSArray<NSNumber *> *strides) {
    std::vector<int64_t> layout = toShape(strides);
    fits = stridesFit(shape, layout, elementSize(type), static_cast<size_t>(length));
    if (fits) copyToStrided(bytes, source, shape, layout, elementSize(type));
  }];
  if (!fits) return Error{"ERR_PREDICT", "state \"" + name + "\": its strides reach beyond its memory", {}, 0, {}};
  return Nothing{};
}

// The address may change from call to call, so the array is asked for each time.
template <typename T, typename Body>
Result<T> withArray(const State::Implementation &made, const std::string &name, Body body) {
  if (made.failure) return *made.failure;
  id state = made.state.get();
  Result<T> result = unknownState(name);
  Result<T> *slot = &result;
  auto failure = guarded("ERR_PREDICT", "the state", [&] {
    IF_OS_AT_LEAST(15.0, 18.0) {
      [(MLState *)state getMultiArrayForStateNamed:toNSString(name)
                                           handler:^(MLMultiArray *array) {
                                             if (array != nil) *slot = body(array);
                                           }];
    }
  });
  if (failure) return *failure;
  return result;
}

} // namespace

State::State(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}

// On whatever thread the last reference goes, and few have an autorelease pool.
State::~State() {
  @autoreleasepool {
    implementation_.reset();
  }
}

void State::read(std::string name, std::function<void(Result<ArrayValue>)> done) {
  gate_->enter([self = shared_from_this(), name = std::move(name), done = std::move(done)](StateGate::Pass pass) {
    runOnNewThread([self, name, done, pass]() mutable {
      auto result = withArray<ArrayValue>(*self->implementation_, name, [&](MLMultiArray *array) { return fromMultiArray(name, array); });
      pass = nullptr;
      done(std::move(result));
    });
  });
}

void State::write(std::string name, ArrayValue value, std::function<void(Result<Nothing>)> done) {
  gate_->enter([self = shared_from_this(), name = std::move(name), value = std::move(value), done = std::move(done)](StateGate::Pass pass) {
    runOnNewThread([self, name, value, done, pass]() mutable {
      auto result = withArray<Nothing>(*self->implementation_, name, [&](MLMultiArray *array) { return writeArray(name, array, value); });
      pass = nullptr;
      done(std::move(result));
    });
  });
}

} // namespace coreml
