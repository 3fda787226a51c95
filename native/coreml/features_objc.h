// Feature values to and from Objective-C.
#pragma once
#import "newer_api.h"

#include <optional>

#include "error.h"
#include "objc.h"
#include "value.h"

namespace coreml {

// An MLMultiArray over the value's own memory, which it keeps alive until Core ML lets go of the array, on whatever thread.
Result<Retained<MLMultiArray *>> toMultiArray(const std::string &name, const ArrayValue &value);

// Copies once, by strides, into packed memory.
Result<ArrayValue> fromMultiArray(const std::string &name, MLMultiArray *array);

Result<Retained<MLDictionaryFeatureProvider *>> toProvider(const Features &features);

// Arrays that Core ML was told to write into, by output name, each with the memory behind it.
class OutputBackings {
 public:
  // Null error where all is well.
  std::optional<Error> set(const std::vector<std::pair<std::string, ArrayValue>> &backings);
  MLPredictionOptions *options() const { return options_.get(); }
  // The value behind `array` if that is one of ours (checked by identity), else null.
  const ArrayValue *find(const std::string &name, MLMultiArray *array) const;
  // The memory that the caller wants the output in, else null.
  const ArrayValue *find(const std::string &name) const;

 private:
  struct Entry {
    std::string name;
    Retained<MLMultiArray *> array;
    ArrayValue value;
  };
  Retained<MLPredictionOptions *> options_;
  std::vector<Entry> entries_;
};

Result<Features> fromProvider(id<MLFeatureProvider> provider, const OutputBackings &backings);

} // namespace coreml
