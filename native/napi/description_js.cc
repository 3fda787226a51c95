#include "description_js.h"

#include "features_js.h"

namespace binding {
namespace {

using namespace coreml;

Napi::Value toRange(Napi::Env env, const Range &range) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("min", static_cast<double>(range.minimum));
  if (range.maximum < 0) object.Set("max", env.Null());
  else object.Set("max", static_cast<double>(range.maximum));
  return object;
}

Napi::Value arrayFlexibility(Napi::Env env, const FeatureDescription &feature) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", feature.flexibility == Flexibility::fixed ? "fixed" : feature.flexibility == Flexibility::enumerated ? "enumerated" : "range");
  if (feature.flexibility == Flexibility::enumerated) {
    Napi::Array shapes = Napi::Array::New(env, feature.enumeratedShapes.size());
    for (uint32_t i = 0; i < feature.enumeratedShapes.size(); ++i) shapes.Set(i, toNumbers(env, feature.enumeratedShapes[i]));
    object.Set("shapes", shapes);
  } else if (feature.flexibility == Flexibility::range) {
    Napi::Array ranges = Napi::Array::New(env, feature.ranges.size());
    for (uint32_t i = 0; i < feature.ranges.size(); ++i) ranges.Set(i, toRange(env, feature.ranges[i]));
    object.Set("ranges", ranges);
  }
  return object;
}

Napi::Value sizeFlexibility(Napi::Env env, const FeatureDescription &feature) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", feature.flexibility == Flexibility::fixed ? "fixed" : feature.flexibility == Flexibility::enumerated ? "enumerated" : "range");
  if (feature.flexibility == Flexibility::enumerated) {
    Napi::Array sizes = Napi::Array::New(env, feature.enumeratedSizes.size());
    for (uint32_t i = 0; i < feature.enumeratedSizes.size(); ++i) {
      Napi::Object size = Napi::Object::New(env);
      size.Set("width", static_cast<double>(feature.enumeratedSizes[i].first));
      size.Set("height", static_cast<double>(feature.enumeratedSizes[i].second));
      sizes.Set(i, size);
    }
    object.Set("sizes", sizes);
  } else if (feature.flexibility == Flexibility::range) {
    object.Set("width", toRange(env, feature.ranges[0]));
    object.Set("height", toRange(env, feature.ranges[1]));
  }
  return object;
}

const char *kindName(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::multiArray: return "multiArray";
    case FeatureKind::image: return "image";
    case FeatureKind::dictionary: return "dictionary";
    case FeatureKind::sequence: return "sequence";
    case FeatureKind::int64: return "int64";
    case FeatureKind::float64: return "double";
    case FeatureKind::string: return "string";
    case FeatureKind::state: return "state";
    default: return "unknown";
  }
}

void setElementType(Napi::Object object, ElementType type) {
  const char *name = elementTypeName(type);
  object.Set("dataType", name == nullptr ? "unknown" : name);
}

Napi::Value toFeature(Napi::Env env, const FeatureDescription &feature) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("type", kindName(feature.kind));
  object.Set("name", feature.name);
  object.Set("description", "");
  object.Set("optional", feature.optional);
  switch (feature.kind) {
    case FeatureKind::multiArray:
      setElementType(object, feature.elementType);
      object.Set("shape", toNumbers(env, feature.shape));
      object.Set("flexibility", arrayFlexibility(env, feature));
      break;
    case FeatureKind::state:
      setElementType(object, feature.elementType);
      object.Set("shape", toNumbers(env, feature.shape));
      break;
    case FeatureKind::image:
      object.Set("width", static_cast<double>(feature.width));
      object.Set("height", static_cast<double>(feature.height));
      object.Set("colorSpace", feature.colorSpace);
      object.Set("flexibility", sizeFlexibility(env, feature));
      break;
    case FeatureKind::dictionary: object.Set("keyType", feature.integers ? "int64" : "string"); break;
    case FeatureKind::sequence:
      object.Set("elementType", feature.integers ? "int64" : "string");
      object.Set("length", toRange(env, feature.count));
      break;
    default: break;
  }
  return object;
}

Napi::Value toFeatures(Napi::Env env, const std::vector<FeatureDescription> &features) {
  Napi::Array list = Napi::Array::New(env, features.size());
  for (uint32_t i = 0; i < features.size(); ++i) list.Set(i, toFeature(env, features[i]));
  return list;
}

Napi::Value toLabel(Napi::Env env, const std::variant<std::string, int64_t> &label) {
  if (const auto *text = std::get_if<std::string>(&label)) return Napi::String::New(env, *text);
  int64_t number = *std::get_if<int64_t>(&label);
  constexpr int64_t safe = int64_t{1} << 53;
  if (number > -safe && number < safe) return Napi::Number::New(env, static_cast<double>(number));
  return Napi::BigInt::New(env, number);
}

} // namespace

Napi::Value toJavaScript(Napi::Env env, const ModelDescription &description) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("inputs", toFeatures(env, description.inputs));
  object.Set("outputs", toFeatures(env, description.outputs));
  object.Set("states", toFeatures(env, description.states));
  if (!description.predictedFeatureName.empty()) object.Set("predictedFeatureName", description.predictedFeatureName);
  if (!description.predictedProbabilitiesName.empty()) object.Set("predictedProbabilitiesName", description.predictedProbabilitiesName);
  if (!description.classLabels.empty()) {
    Napi::Array labels = Napi::Array::New(env, description.classLabels.size());
    for (uint32_t i = 0; i < description.classLabels.size(); ++i) labels.Set(i, toLabel(env, description.classLabels[i]));
    object.Set("classLabels", labels);
  }
  Napi::Object metadata = Napi::Object::New(env);
  metadata.Set("shortDescription", description.shortDescription);
  metadata.Set("version", description.version);
  metadata.Set("author", description.author);
  metadata.Set("license", description.license);
  Napi::Object userDefined = Napi::Object::New(env);
  for (const auto &[key, value] : description.userDefined) userDefined.Set(key, value);
  metadata.Set("userDefined", userDefined);
  object.Set("metadata", metadata);
  return object;
}

} // namespace binding
