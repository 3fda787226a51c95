#include "description_objc.h"

#include <algorithm>

#include "objc.h"
#include "os_version.h"

namespace coreml {
namespace {

// NSRange.length counts the values; NSIntegerMax and the like mean "no bound".
Range toRange(NSRange range) {
  constexpr NSUInteger unbounded = static_cast<NSUInteger>(NSIntegerMax) / 2;
  Range result{static_cast<int64_t>(range.location), -1};
  if (range.length < unbounded) result.maximum = static_cast<int64_t>(range.location + range.length) - 1;
  return result;
}

void describeShape(MLMultiArrayShapeConstraint *constraint, FeatureDescription &feature) {
  if (constraint == nil) return;
  if ([constraint type] == MLMultiArrayShapeConstraintTypeEnumerated) {
    for (NSArray<NSNumber *> *shape in [constraint enumeratedShapes]) feature.enumeratedShapes.push_back(toShape(shape));
    // A fixed shape is told as an enumeration of one.
    if (feature.enumeratedShapes.size() > 1) feature.flexibility = Flexibility::enumerated;
  } else if ([constraint type] == MLMultiArrayShapeConstraintTypeRange) {
    for (NSValue *value in [constraint sizeRangeForDimension]) feature.ranges.push_back(toRange([value rangeValue]));
    feature.flexibility = Flexibility::range;
  }
}

void describeArray(MLMultiArrayConstraint *constraint, FeatureDescription &feature) {
  feature.elementType = static_cast<ElementType>([constraint dataType]);
  feature.shape = toShape([constraint shape]);
  describeShape([constraint shapeConstraint], feature);
}

void describeImage(MLImageConstraint *constraint, FeatureDescription &feature) {
  feature.width = [constraint pixelsWide];
  feature.height = [constraint pixelsHigh];
  switch ([constraint pixelFormatType]) {
    case kCVPixelFormatType_OneComponent8: feature.colorSpace = "gray"; break;
    case kCVPixelFormatType_OneComponent16Half: feature.colorSpace = "gray16f"; break;
    default: feature.colorSpace = "rgb";
  }
  MLImageSizeConstraint *size = [constraint sizeConstraint];
  if ([size type] == MLImageSizeConstraintTypeEnumerated) {
    for (MLImageSize *each in [size enumeratedImageSizes]) feature.enumeratedSizes.emplace_back([each pixelsWide], [each pixelsHigh]);
    if (feature.enumeratedSizes.size() > 1) feature.flexibility = Flexibility::enumerated;
  } else if ([size type] == MLImageSizeConstraintTypeRange) {
    feature.ranges = {toRange([size pixelsWideRange]), toRange([size pixelsHighRange])};
    feature.flexibility = Flexibility::range;
  }
}

void describeState(MLFeatureDescription *description, FeatureDescription &feature) {
  IF_OS_AT_LEAST(15.0, 18.0) {
    MLStateConstraint *constraint = [description stateConstraint];
    feature.kind = FeatureKind::state;
    feature.elementType = static_cast<ElementType>([constraint dataType]);
    feature.shape = toShape([constraint bufferShape]);
  }
}

FeatureDescription describeFeature(MLFeatureDescription *description) {
  FeatureDescription feature;
  feature.name = toString([description name]);
  feature.optional = [description isOptional];
  switch (static_cast<NSInteger>([description type])) {
    case MLFeatureTypeInt64: feature.kind = FeatureKind::int64; break;
    case MLFeatureTypeDouble: feature.kind = FeatureKind::float64; break;
    case MLFeatureTypeString: feature.kind = FeatureKind::string; break;
    case MLFeatureTypeImage:
      feature.kind = FeatureKind::image;
      describeImage([description imageConstraint], feature);
      break;
    case MLFeatureTypeMultiArray:
      feature.kind = FeatureKind::multiArray;
      describeArray([description multiArrayConstraint], feature);
      break;
    case MLFeatureTypeDictionary:
      feature.kind = FeatureKind::dictionary;
      feature.integers = [[description dictionaryConstraint] keyType] == MLFeatureTypeInt64;
      break;
    case MLFeatureTypeSequence: {
      MLSequenceConstraint *constraint = [description sequenceConstraint];
      feature.kind = FeatureKind::sequence;
      feature.integers = [[constraint valueDescription] type] == MLFeatureTypeInt64;
      feature.count = toRange([constraint countRange]);
      break;
    }
    case 8: // MLFeatureTypeState, macOS 15
      describeState(description, feature);
      break;
    default: feature.kind = FeatureKind::unknown;
  }
  return feature;
}

// Core ML gives dictionaries, whose order means nothing: sorted by name, so that two runs agree.
std::vector<FeatureDescription> describeAll(NSDictionary<NSString *, MLFeatureDescription *> *descriptions) {
  std::vector<FeatureDescription> features;
  for (NSString *name in descriptions) features.push_back(describeFeature([descriptions objectForKey:name]));
  std::sort(features.begin(), features.end(), [](const FeatureDescription &a, const FeatureDescription &b) { return a.name < b.name; });
  return features;
}

void describeMetadata(NSDictionary *metadata, ModelDescription &result) {
  auto text = [&](NSString *key) {
    id value = [metadata objectForKey:key];
    return [value isKindOfClass:[NSString class]] ? toString(value) : std::string();
  };
  result.shortDescription = text(MLModelDescriptionKey);
  result.version = text(MLModelVersionStringKey);
  result.author = text(MLModelAuthorKey);
  result.license = text(MLModelLicenseKey);
  NSDictionary *userDefined = [metadata objectForKey:MLModelCreatorDefinedKey];
  for (NSString *key in userDefined) result.userDefined.emplace_back(toString(key), toString([[userDefined objectForKey:key] description]));
  std::sort(result.userDefined.begin(), result.userDefined.end());
}

} // namespace

std::vector<int64_t> toShape(NSArray<NSNumber *> *numbers) {
  std::vector<int64_t> shape;
  shape.reserve([numbers count]);
  for (NSNumber *number in numbers) shape.push_back([number longLongValue]);
  return shape;
}

NSArray<NSNumber *> *toNSArray(const std::vector<int64_t> &numbers) {
  std::vector<NSNumber *> items;
  items.reserve(numbers.size());
  for (int64_t number : numbers) items.push_back([NSNumber numberWithLongLong:number]);
  return [NSArray arrayWithObjects:items.data() count:items.size()];
}

ModelDescription describe(MLModelDescription *description) {
  ModelDescription result;
  result.inputs = describeAll([description inputDescriptionsByName]);
  result.outputs = describeAll([description outputDescriptionsByName]);
  IF_OS_AT_LEAST(15.0, 18.0) { result.states = describeAll([description stateDescriptionsByName]); }
  result.predictedFeatureName = toString([description predictedFeatureName]);
  result.predictedProbabilitiesName = toString([description predictedProbabilitiesName]);
  for (id label in [description classLabels]) {
    if ([label isKindOfClass:[NSNumber class]]) {
      result.classLabels.emplace_back(static_cast<int64_t>([label longLongValue]));
    } else {
      result.classLabels.emplace_back(toString([label description]));
    }
  }
  describeMetadata([description metadata], result);
  result.updatable = [description isUpdatable];
  return result;
}

} // namespace coreml
