// MLModelDescription and the constraints of features.
#include "internal.h"

MLModelMetadataKey const MLModelDescriptionKey = @"MLModelDescriptionKey";
MLModelMetadataKey const MLModelVersionStringKey = @"MLModelVersionStringKey";
MLModelMetadataKey const MLModelAuthorKey = @"MLModelAuthorKey";
MLModelMetadataKey const MLModelLicenseKey = @"MLModelLicenseKey";
MLModelMetadataKey const MLModelCreatorDefinedKey = @"MLModelCreatorDefinedKey";

@implementation MLMultiArrayShapeConstraint
- (MLMultiArrayShapeConstraintType)type {
  if (!feature_->shapeRange.empty()) return MLMultiArrayShapeConstraintTypeRange;
  // Core ML tells a fixed shape as an enumeration of one.
  return feature_->shape.empty() && feature_->enumeratedShapes.empty() ? MLMultiArrayShapeConstraintTypeUnspecified : MLMultiArrayShapeConstraintTypeEnumerated;
}
- (NSArray *)sizeRangeForDimension {
  NSMutableArray *ranges = [NSMutableArray array];
  for (const auto &bounds : feature_->shapeRange) [ranges addObject:[NSValue valueWithRange:standin::range(bounds)]];
  return ranges;
}
- (NSArray *)enumeratedShapes {
  NSMutableArray *shapes = [NSMutableArray array];
  for (const auto &shape : feature_->enumeratedShapes) [shapes addObject:standin::numbers(shape)];
  if ([shapes count] == 0) [shapes addObject:standin::numbers(feature_->shape)];
  return shapes;
}
@end

@implementation MLMultiArrayConstraint
- (NSArray *)shape { return standin::numbers(feature_->shape); }
- (MLMultiArrayDataType)dataType { return (MLMultiArrayDataType)feature_->dataType; }
- (MLMultiArrayShapeConstraint *)shapeConstraint {
  MLMultiArrayShapeConstraint *constraint = [[[MLMultiArrayShapeConstraint alloc] init] autorelease];
  constraint->feature_ = feature_;
  return constraint;
}
@end

@implementation MLImageSize
- (NSInteger)pixelsWide { return wide_; }
- (NSInteger)pixelsHigh { return high_; }
@end

@implementation MLImageSizeConstraint
- (MLImageSizeConstraintType)type {
  if (feature_->hasSizeRange) return MLImageSizeConstraintTypeRange;
  return feature_->enumeratedSizes.empty() ? MLImageSizeConstraintTypeUnspecified : MLImageSizeConstraintTypeEnumerated;
}
- (NSRange)pixelsWideRange { return standin::range(feature_->widthRange); }
- (NSRange)pixelsHighRange { return standin::range(feature_->heightRange); }
- (NSArray *)enumeratedImageSizes {
  NSMutableArray *sizes = [NSMutableArray array];
  for (const auto &[width, height] : feature_->enumeratedSizes) {
    MLImageSize *size = [[[MLImageSize alloc] init] autorelease];
    size->wide_ = width;
    size->high_ = height;
    [sizes addObject:size];
  }
  return sizes;
}
@end

@implementation MLImageConstraint
- (NSInteger)pixelsHigh { return feature_->height; }
- (NSInteger)pixelsWide { return feature_->width; }
- (OSType)pixelFormatType {
  return feature_->colorSpace == 10 ? kCVPixelFormatType_OneComponent8 : feature_->colorSpace == 40 ? kCVPixelFormatType_OneComponent16Half : kCVPixelFormatType_32BGRA;
}
- (MLImageSizeConstraint *)sizeConstraint {
  MLImageSizeConstraint *constraint = [[[MLImageSizeConstraint alloc] init] autorelease];
  constraint->feature_ = feature_;
  return constraint;
}
@end

@implementation MLDictionaryConstraint
- (MLFeatureType)keyType { return feature_->integers ? MLFeatureTypeInt64 : MLFeatureTypeString; }
@end

@implementation MLSequenceConstraint
- (MLFeatureDescription *)valueDescription {
  MLFeatureDescription *description = [[[MLFeatureDescription alloc] init] autorelease];
  description->feature_ = feature_;
  description->elementType_ = feature_->integers ? MLFeatureTypeInt64 : MLFeatureTypeString;
  return description;
}
- (NSRange)countRange { return standin::range(feature_->count); }
@end

@implementation MLStateConstraint
- (NSArray *)bufferShape { return @[]; }
- (MLMultiArrayDataType)dataType { return MLMultiArrayDataTypeFloat16; }
@end

@interface StandinStateConstraint : MLStateConstraint {
 @public
  const standin::Feature *feature_;
}
@end
@implementation StandinStateConstraint
- (NSArray *)bufferShape { return standin::numbers(feature_->shape); }
- (MLMultiArrayDataType)dataType { return (MLMultiArrayDataType)feature_->dataType; }
@end

// A constraint of the wanted kind, or nil, as Core ML gives for features of another type.
template <typename Constraint>
static Constraint *constraint(Class kind, const standin::Feature *feature, int type) {
  if (feature->type != type) return nil;
  Constraint *result = [[[kind alloc] init] autorelease];
  result->feature_ = feature;
  return result;
}

@implementation MLFeatureDescription
- (NSString *)name { return standin::string(feature_->name); }
- (MLFeatureType)type { return elementType_ != MLFeatureTypeInvalid ? elementType_ : (MLFeatureType)feature_->type; }
- (BOOL)isOptional { return feature_->optional; }
- (MLMultiArrayConstraint *)multiArrayConstraint { return constraint<MLMultiArrayConstraint>([MLMultiArrayConstraint class], feature_, MLFeatureTypeMultiArray); }
- (MLImageConstraint *)imageConstraint { return constraint<MLImageConstraint>([MLImageConstraint class], feature_, MLFeatureTypeImage); }
- (MLDictionaryConstraint *)dictionaryConstraint { return constraint<MLDictionaryConstraint>([MLDictionaryConstraint class], feature_, MLFeatureTypeDictionary); }
- (MLSequenceConstraint *)sequenceConstraint { return constraint<MLSequenceConstraint>([MLSequenceConstraint class], feature_, MLFeatureTypeSequence); }
- (MLStateConstraint *)stateConstraint {
  standin::requireOS(15, "-[MLFeatureDescription stateConstraint]");
  return constraint<StandinStateConstraint>([StandinStateConstraint class], feature_, MLFeatureTypeState);
}
- (BOOL)isAllowedValue:(MLFeatureValue *)value { return [value type] == [self type]; }
@end

static NSDictionary *descriptions(const std::vector<standin::Feature> &features) {
  NSMutableDictionary *result = [NSMutableDictionary dictionary];
  for (const auto &feature : features) {
    MLFeatureDescription *description = [[[MLFeatureDescription alloc] init] autorelease];
    description->feature_ = &feature;
    [result setObject:description forKey:standin::string(feature.name)];
  }
  return result;
}

static NSString *stringOrNil(const std::string &text) { return text.empty() ? nil : standin::string(text); }

@implementation MLModelDescription
- (const standin::Signature *)signature { return specification_->signature(functionName_ == nil ? "" : [functionName_ UTF8String]); }
- (void)dealloc {
  [functionName_ release];
  [super dealloc];
}
- (NSDictionary *)inputDescriptionsByName { return descriptions([self signature]->inputs); }
- (NSDictionary *)outputDescriptionsByName { return descriptions([self signature]->outputs); }
- (NSDictionary *)stateDescriptionsByName {
  standin::requireOS(15, "-[MLModelDescription stateDescriptionsByName]");
  return descriptions([self signature]->states);
}
- (NSString *)predictedFeatureName { return stringOrNil([self signature]->predictedFeatureName); }
- (NSString *)predictedProbabilitiesName { return stringOrNil([self signature]->predictedProbabilitiesName); }
- (BOOL)isUpdatable { return specification_->updatable; }
- (NSArray *)classLabels {
  if (!specification_->labels.integers.empty()) return standin::numbers(specification_->labels.integers);
  if (specification_->labels.strings.empty()) return nil;
  NSMutableArray *labels = [NSMutableArray array];
  for (const auto &label : specification_->labels.strings) [labels addObject:standin::string(label)];
  return labels;
}
- (NSDictionary *)metadata {
  NSMutableDictionary *userDefined = [NSMutableDictionary dictionary];
  for (const auto &[key, value] : specification_->userDefined) [userDefined setObject:standin::string(value) forKey:standin::string(key)];
  return @{
    MLModelDescriptionKey : standin::string(specification_->shortDescription),
    MLModelVersionStringKey : standin::string(specification_->versionString),
    MLModelAuthorKey : standin::string(specification_->author),
    MLModelLicenseKey : standin::string(specification_->license),
    MLModelCreatorDefinedKey : userDefined,
  };
}
@end
