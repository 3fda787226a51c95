#include "specification.h"

#include <cstring>

#include "protobuf.h"

namespace standin {
namespace {

// MLFeatureType's numbers, by field of FeatureType.
constexpr int typeImage = 4, typeMultiArray = 5, typeDictionary = 6, typeSequence = 7, typeState = 8;

SizeBounds parseBounds(std::string_view bytes) {
  SizeBounds bounds;
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1) bounds.lower = static_cast<int64_t>(reader.number);
    if (reader.field == 2) bounds.upper = static_cast<int64_t>(reader.number);
  }
  return bounds;
}

// Repeated integers, packed or not.
void addIntegers(const ProtobufReader &reader, std::vector<int64_t> &values) {
  if (!reader.content.empty()) {
    reader.packed([&](uint64_t value) { values.push_back(static_cast<int64_t>(value)); });
  } else {
    values.push_back(static_cast<int64_t>(reader.number));
  }
}

double doubleFrom(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

float floatFrom(uint64_t bits) {
  auto low = static_cast<uint32_t>(bits);
  float value;
  std::memcpy(&value, &low, sizeof value);
  return value;
}

void parseArray(std::string_view bytes, Feature &feature) {
  for (ProtobufReader reader(bytes); reader.next();) {
    switch (reader.field) {
      case 1: addIntegers(reader, feature.shape); break;
      case 2: feature.dataType = static_cast<int64_t>(reader.number); break;
      case 21:
        for (ProtobufReader shapes(reader.content); shapes.next();) {
          std::vector<int64_t> shape;
          for (ProtobufReader each(shapes.content); each.next();) addIntegers(each, shape);
          feature.enumeratedShapes.push_back(shape);
        }
        break;
      case 31:
        for (ProtobufReader ranges(reader.content); ranges.next();) feature.shapeRange.push_back(parseBounds(ranges.content));
        break;
      case 41: feature.defaultValue = static_cast<double>(static_cast<int32_t>(reader.number)); break;
      case 51: feature.defaultValue = static_cast<double>(floatFrom(reader.number)); break;
      case 61: feature.defaultValue = doubleFrom(reader.number); break;
      default: break;
    }
  }
}

void parseImage(std::string_view bytes, Feature &feature) {
  for (ProtobufReader reader(bytes); reader.next();) {
    switch (reader.field) {
      case 1: feature.width = static_cast<int64_t>(reader.number); break;
      case 2: feature.height = static_cast<int64_t>(reader.number); break;
      case 3: feature.colorSpace = static_cast<int>(reader.number); break;
      case 21:
        for (ProtobufReader sizes(reader.content); sizes.next();) {
          int64_t width = 0, height = 0;
          for (ProtobufReader size(sizes.content); size.next();) (size.field == 1 ? width : height) = static_cast<int64_t>(size.number);
          feature.enumeratedSizes.emplace_back(width, height);
        }
        break;
      case 31:
        feature.hasSizeRange = true;
        for (ProtobufReader range(reader.content); range.next();) (range.field == 1 ? feature.widthRange : feature.heightRange) = parseBounds(range.content);
        break;
      default: break;
    }
  }
}

void parseType(std::string_view bytes, Feature &feature) {
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1000) {
      feature.optional = reader.number != 0;
      continue;
    }
    if (reader.field > 8) continue;
    feature.type = static_cast<int>(reader.field);
    switch (feature.type) {
      case typeImage: parseImage(reader.content, feature); break;
      case typeMultiArray: parseArray(reader.content, feature); break;
      case typeDictionary:
        for (ProtobufReader keys(reader.content); keys.next();) feature.integers = keys.field == 1;
        break;
      case typeSequence:
        for (ProtobufReader sequence(reader.content); sequence.next();) {
          if (sequence.field == 1) feature.integers = true;
          if (sequence.field == 101) feature.count = parseBounds(sequence.content);
        }
        break;
      case typeState:
        for (ProtobufReader state(reader.content); state.next();) {
          if (state.field == 1) parseArray(state.content, feature);
        }
        break;
      default: break;
    }
  }
}

Feature parseFeature(std::string_view bytes) {
  Feature feature;
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1) feature.name = reader.text();
    if (reader.field == 3) parseType(reader.content, feature);
  }
  return feature;
}

Signature parseFunctionDescription(std::string_view bytes) {
  Signature signature;
  for (ProtobufReader reader(bytes); reader.next();) {
    switch (reader.field) {
      case 1: signature.name = reader.text(); break;
      case 2: signature.inputs.push_back(parseFeature(reader.content)); break;
      case 3: signature.outputs.push_back(parseFeature(reader.content)); break;
      case 4: signature.predictedFeatureName = reader.text(); break;
      case 5: signature.predictedProbabilitiesName = reader.text(); break;
      case 6: signature.states.push_back(parseFeature(reader.content)); break;
      default: break;
    }
  }
  return signature;
}

void parseMetadata(std::string_view bytes, Specification &specification) {
  for (ProtobufReader reader(bytes); reader.next();) {
    switch (reader.field) {
      case 1: specification.shortDescription = reader.text(); break;
      case 2: specification.versionString = reader.text(); break;
      case 3: specification.author = reader.text(); break;
      case 4: specification.license = reader.text(); break;
      case 100: {
        std::string key, value;
        for (ProtobufReader entry(reader.content); entry.next();) (entry.field == 1 ? key : value) = entry.text();
        specification.userDefined.emplace_back(key, value);
        break;
      }
      default: break;
    }
  }
}

void parseDescription(std::string_view bytes, Specification &specification) {
  Signature plain;
  for (ProtobufReader reader(bytes); reader.next();) {
    switch (reader.field) {
      case 1: plain.inputs.push_back(parseFeature(reader.content)); break;
      case 10: plain.outputs.push_back(parseFeature(reader.content)); break;
      case 11: plain.predictedFeatureName = reader.text(); break;
      case 12: plain.predictedProbabilitiesName = reader.text(); break;
      case 13: plain.states.push_back(parseFeature(reader.content)); break;
      case 20: specification.signatures.push_back(parseFunctionDescription(reader.content)); break;
      case 21: specification.defaultFunctionName = reader.text(); break;
      case 100: parseMetadata(reader.content, specification); break;
      default: break;
    }
  }
  if (specification.signatures.empty()) specification.signatures.push_back(plain);
}

std::vector<Operation> parseBlock(std::string_view bytes);

// The weight file of an attribute "name → value", if its value lies in one.
std::string weightFileOf(std::string_view attribute) {
  for (ProtobufReader entry(attribute); entry.next();) {
    if (entry.field != 2) continue;
    for (ProtobufReader value(entry.content); value.next();) {
      if (value.field != 5) continue;
      for (ProtobufReader blob(value.content); blob.next();) {
        if (blob.field == 1) return blob.text();
      }
    }
  }
  return {};
}

Operation parseOperation(std::string_view bytes) {
  Operation operation;
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1) operation.op = reader.text();
    if (reader.field == 3 && operation.output.empty()) {
      for (ProtobufReader output(reader.content); output.next();) {
        if (output.field == 1) operation.output = output.text();
      }
    }
    if (reader.field == 4) operation.blocks.push_back(parseBlock(reader.content));
    if (reader.field == 5 && operation.weightFile.empty()) operation.weightFile = weightFileOf(reader.content);
  }
  return operation;
}

std::vector<Operation> parseBlock(std::string_view bytes) {
  std::vector<Operation> operations;
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 3) operations.push_back(parseOperation(reader.content));
  }
  return operations;
}

void collectWeightFiles(const std::vector<Operation> &operations, std::set<std::string> &files) {
  for (const Operation &operation : operations) {
    if (!operation.weightFile.empty()) files.insert(operation.weightFile);
    for (const auto &block : operation.blocks) collectWeightFiles(block, files);
  }
}

ProgramFunction parseFunction(std::string_view entryBytes, Labels &labels) {
  ProgramFunction result;
  for (ProtobufReader entry(entryBytes); entry.next();) {
    if (entry.field == 1) result.name = entry.text();
    if (entry.field != 2) continue;
    std::string opset;
    for (ProtobufReader function(entry.content); function.next();) {
      if (function.field == 2) opset = function.text();
      if (function.field != 3) continue;
      for (ProtobufReader specialization(function.content); specialization.next();) {
        if (specialization.field != 2) continue;
        result.operations = parseBlock(specialization.content);
        if (labels.strings.empty() && labels.integers.empty()) readProgramLabels(specialization.content, labels);
      }
    }
    // Core ML gives names like "ios17.conv".
    std::string prefix = opset.rfind("CoreML", 0) == 0 ? "ios" + std::to_string(std::stoi("0" + opset.substr(6)) + 10) + "." : "";
    for (Operation &operation : result.operations) operation.op = prefix + operation.op;
  }
  return result;
}

const char *layerType(uint32_t field) {
  switch (field) {
    case 100: return "convolution";
    case 120: return "pooling";
    case 130: return "activation";
    case 140: return "innerProduct";
    case 160: return "batchnorm";
    case 175: return "softmax";
    case 230: return "add";
    case 301: return "flatten";
    default: return "layer";
  }
}

Layer parseLayer(std::string_view bytes) {
  Layer layer;
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1) layer.name = reader.text();
    if (reader.field == 3) layer.outputs.push_back(reader.text());
    if (reader.field >= 100) layer.type = layerType(reader.field);
  }
  return layer;
}

void parseNetwork(std::string_view bytes, Specification &specification) {
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1) specification.layers.push_back(parseLayer(reader.content));
  }
}

void parsePipeline(std::string_view bytes, Specification &specification) {
  for (ProtobufReader reader(bytes); reader.next();) {
    if (reader.field == 1) {
      if (auto model = parseSpecification(reader.content)) specification.subModels.push_back(model);
    }
    if (reader.field == 2) specification.subModelNames.push_back(reader.text());
  }
}

} // namespace

const Signature *Specification::signature(const std::string &function) const {
  const std::string &name = function.empty() ? defaultFunctionName : function;
  for (const Signature &each : signatures) {
    if (each.name == name) return &each;
  }
  return function.empty() ? &signatures.front() : nullptr;
}

std::shared_ptr<Specification> parseSpecification(std::string_view bytes) {
  auto specification = std::make_shared<Specification>();
  bool described = false;
  ProtobufReader reader(bytes);
  while (reader.next()) {
    switch (reader.field) {
      case 1: specification->version = static_cast<int>(reader.number); break;
      case 2:
        parseDescription(reader.content, *specification);
        described = true;
        break;
      case 10: specification->updatable = reader.number != 0; break;
      case 200:
      case 201:
        for (ProtobufReader pipeline(reader.content); pipeline.next();) parsePipeline(pipeline.content, *specification);
        break;
      case 202: parsePipeline(reader.content, *specification); break;
      case 303:
      case 500: parseNetwork(reader.content, *specification); break;
      case 400: // generalized linear model
      case 401: // support vectors
      case 402: // trees
        readClassifierLabels(reader.content, specification->labels);
        break;
      case 403:
        parseNetwork(reader.content, *specification);
        readClassifierLabels(reader.content, specification->labels);
        break;
      case 502:
        specification->isProgram = true;
        for (ProtobufReader program(reader.content); program.next();) {
          if (program.field == 2) specification->functions.push_back(parseFunction(program.content, specification->labels));
        }
        for (const ProgramFunction &function : specification->functions) {
          collectWeightFiles(function.operations, specification->weightFiles);
        }
        break;
      default: break;
    }
  }
  if (reader.damaged() || !described || specification->version == 0) return nullptr;
  return specification;
}

} // namespace standin
