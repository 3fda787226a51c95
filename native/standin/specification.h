// What the stand-in reads of a model file: description, metadata, labels, the names of operations and layers. No weights, no inference.
#pragma once
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "labels.h"

namespace standin {

struct SizeBounds {
  int64_t lower = 0;
  int64_t upper = -1; // -1: none
};

struct Feature {
  std::string name;
  int type = 0; // MLFeatureType's numbers
  bool optional = false;
  // multiarray, state
  int64_t dataType = 0; // MLMultiArrayDataType's numbers
  std::vector<int64_t> shape;
  std::vector<std::vector<int64_t>> enumeratedShapes;
  std::vector<SizeBounds> shapeRange;
  double defaultValue = 0;
  // image
  int64_t width = 0, height = 0;
  int colorSpace = 0; // 10 gray, 20 RGB, 30 BGR, 40 half-precision gray
  std::vector<std::pair<int64_t, int64_t>> enumeratedSizes;
  bool hasSizeRange = false;
  SizeBounds widthRange, heightRange;
  // dictionary, sequence
  bool integers = false;
  SizeBounds count;
};

struct Signature {
  std::string name; // of the function; empty where the model has none
  std::vector<Feature> inputs, outputs, states;
  std::string predictedFeatureName, predictedProbabilitiesName;
};

struct Operation {
  std::string op;
  std::string output;
  std::string weightFile; // of a constant, as the program names it; empty where its value is in the specification
  std::vector<std::vector<Operation>> blocks;
};

struct ProgramFunction {
  std::string name;
  std::vector<Operation> operations;
};

struct Layer {
  std::string name, type;
  std::vector<std::string> outputs;
};

struct Specification {
  int version = 0;
  std::vector<Signature> signatures; // at least one
  std::string defaultFunctionName;
  std::string shortDescription, versionString, author, license;
  std::vector<std::pair<std::string, std::string>> userDefined;
  Labels labels; // those of the first function with labels
  bool updatable = false;
  bool isProgram = false;
  std::vector<ProgramFunction> functions;
  std::set<std::string> weightFiles; // as the program names them, with "@model_path/" before
  std::vector<Layer> layers;
  std::vector<std::string> subModelNames;
  std::vector<std::shared_ptr<Specification>> subModels;

  // The named function's signature; the default one for an empty name; null if there is none of that name.
  const Signature *signature(const std::string &function) const;
};

// Null where the bytes are no model.
std::shared_ptr<Specification> parseSpecification(std::string_view bytes);

} // namespace standin
