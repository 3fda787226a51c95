// What a model takes and gives: MLModelDescription without Objective-C. src/model/description.ts has the same names.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "element_type.h"

namespace coreml {

// Inclusive; `maximum` is -1 where there is no bound.
struct Range {
  int64_t minimum = 0;
  int64_t maximum = -1;
};

enum class Flexibility { fixed, enumerated, range };

enum class FeatureKind { multiArray, image, dictionary, sequence, int64, float64, string, state, unknown };

struct FeatureDescription {
  std::string name;
  FeatureKind kind = FeatureKind::unknown;
  bool optional = false;
  // multiArray, state
  ElementType elementType = ElementType::float32;
  std::vector<int64_t> shape;
  Flexibility flexibility = Flexibility::fixed;
  std::vector<std::vector<int64_t>> enumeratedShapes;
  std::vector<Range> ranges; // one a dimension; of an image: width, height
  // image
  int64_t width = 0;
  int64_t height = 0;
  std::string colorSpace; // 'rgb' | 'gray' | 'gray16f': Core ML does not tell RGB from BGR models
  std::vector<std::pair<int64_t, int64_t>> enumeratedSizes;
  // dictionary, sequence
  bool integers = false;
  Range count;
};

struct ModelDescription {
  std::vector<FeatureDescription> inputs;
  std::vector<FeatureDescription> outputs;
  std::vector<FeatureDescription> states;
  std::string predictedFeatureName;
  std::string predictedProbabilitiesName;
  std::vector<std::variant<std::string, int64_t>> classLabels;
  std::string shortDescription, version, author, license;
  std::vector<std::pair<std::string, std::string>> userDefined;
  bool updatable = false;
};

} // namespace coreml
