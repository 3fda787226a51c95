// Core ML as native/ uses it, up to what the SDKs of macOS 13 declare; newer declarations are in native/coreml/newer_api.h, which both platforms share.
// Instance variables are here because GNUstep's runtime needs them in the interface.
#pragma once
#import <CoreVideo/CoreVideo.h>
#import <Foundation/Foundation.h>
#include <os/availability.h>

#ifndef NS_NOESCAPE
#define NS_NOESCAPE __attribute__((noescape))
#endif

namespace standin {
struct Feature;
struct ForeignMemory;
struct Signature;
struct Specification;
}

// Apple's Foundation has these, GNUstep's does not.
typedef NS_ENUM(NSInteger, NSProcessInfoThermalState) {
  NSProcessInfoThermalStateNominal = 0,
  NSProcessInfoThermalStateFair = 1,
  NSProcessInfoThermalStateSerious = 2,
  NSProcessInfoThermalStateCritical = 3,
};
@interface NSProcessInfo (PowerAndHeat)
@property(readonly) NSProcessInfoThermalState thermalState;
@property(readonly, getter=isLowPowerModeEnabled) BOOL lowPowerModeEnabled;
@end

@protocol MTLDevice;
@class MLFeatureDescription, MLFeatureValue, MLModelDescription, MLSequence;

FOUNDATION_EXPORT NSString *const MLModelErrorDomain;
typedef NS_ENUM(NSInteger, MLModelError) {
  MLModelErrorGeneric = 0,
  MLModelErrorFeatureType = 1,
  MLModelErrorIO = 3,
  MLModelErrorCustomLayer = 4,
  MLModelErrorCustomModel = 5,
  MLModelErrorUpdate = 6,
  MLModelErrorParameters = 7,
  MLModelErrorModelDecryptionKeyFetch = 8,
  MLModelErrorModelDecryption = 9,
  MLModelErrorModelCollection = 10,
  MLModelErrorPredictionCancelled = 11,
};

typedef NSString *MLModelMetadataKey;
FOUNDATION_EXPORT MLModelMetadataKey const MLModelDescriptionKey;
FOUNDATION_EXPORT MLModelMetadataKey const MLModelVersionStringKey;
FOUNDATION_EXPORT MLModelMetadataKey const MLModelAuthorKey;
FOUNDATION_EXPORT MLModelMetadataKey const MLModelLicenseKey;
FOUNDATION_EXPORT MLModelMetadataKey const MLModelCreatorDefinedKey;

typedef NS_ENUM(NSInteger, MLFeatureType) {
  MLFeatureTypeInvalid = 0,
  MLFeatureTypeInt64 = 1,
  MLFeatureTypeDouble = 2,
  MLFeatureTypeString = 3,
  MLFeatureTypeImage = 4,
  MLFeatureTypeMultiArray = 5,
  MLFeatureTypeDictionary = 6,
  MLFeatureTypeSequence = 7,
};

typedef NS_ENUM(NSInteger, MLMultiArrayDataType) {
  MLMultiArrayDataTypeDouble = 0x10000 | 64,
  MLMultiArrayDataTypeFloat32 = 0x10000 | 32,
  MLMultiArrayDataTypeFloat16 = 0x10000 | 16,
  MLMultiArrayDataTypeInt32 = 0x20000 | 32,
};

@interface MLMultiArray : NSObject {
 @public
  void *bytes_;
  NSInteger byteLength_;
  MLMultiArrayDataType dataType_;
  NSArray *shape_;
  NSArray *strides_;
  int moves_;
  void (^deallocator_)(void *bytes);
  CVPixelBufferRef pixelBuffer_;
}
@property(readonly, nonatomic) MLMultiArrayDataType dataType;
@property(readonly, nonatomic) NSArray<NSNumber *> *shape;
@property(readonly, nonatomic) NSArray<NSNumber *> *strides;
@property(readonly, nonatomic) NSInteger count;
@property(readonly, nonatomic) CVPixelBufferRef pixelBuffer;
- (instancetype)initWithShape:(NSArray<NSNumber *> *)shape dataType:(MLMultiArrayDataType)dataType error:(NSError **)error;
- (instancetype)initWithDataPointer:(void *)dataPointer
                              shape:(NSArray<NSNumber *> *)shape
                           dataType:(MLMultiArrayDataType)dataType
                            strides:(NSArray<NSNumber *> *)strides
                        deallocator:(void (^)(void *bytes))deallocator
                              error:(NSError **)error;
- (instancetype)initWithPixelBuffer:(CVPixelBufferRef)pixelBuffer shape:(NSArray<NSNumber *> *)shape;
- (void)getBytesWithHandler:(void(NS_NOESCAPE ^)(const void *bytes, NSInteger size))handler;
- (void)getMutableBytesWithHandler:(void(NS_NOESCAPE ^)(void *mutableBytes, NSInteger size, NSArray<NSNumber *> *strides))handler;
@end

typedef NS_ENUM(NSInteger, MLMultiArrayShapeConstraintType) {
  MLMultiArrayShapeConstraintTypeUnspecified = 1,
  MLMultiArrayShapeConstraintTypeEnumerated = 2,
  MLMultiArrayShapeConstraintTypeRange = 3,
};

@interface MLMultiArrayShapeConstraint : NSObject {
 @public
  const standin::Feature *feature_;
}
@property(readonly, nonatomic) MLMultiArrayShapeConstraintType type;
@property(readonly, nonatomic) NSArray<NSValue *> *sizeRangeForDimension;
@property(readonly, nonatomic) NSArray<NSArray<NSNumber *> *> *enumeratedShapes;
@end

@interface MLMultiArrayConstraint : NSObject {
 @public
  const standin::Feature *feature_;
}
@property(readonly, nonatomic) NSArray<NSNumber *> *shape;
@property(readonly, nonatomic) MLMultiArrayDataType dataType;
@property(readonly, nonatomic) MLMultiArrayShapeConstraint *shapeConstraint;
@end

typedef NS_ENUM(NSInteger, MLImageSizeConstraintType) {
  MLImageSizeConstraintTypeUnspecified = 0,
  MLImageSizeConstraintTypeEnumerated = 2,
  MLImageSizeConstraintTypeRange = 3,
};

@interface MLImageSize : NSObject {
 @public
  NSInteger wide_, high_;
}
@property(readonly, nonatomic) NSInteger pixelsWide;
@property(readonly, nonatomic) NSInteger pixelsHigh;
@end

@interface MLImageSizeConstraint : NSObject {
 @public
  const standin::Feature *feature_;
}
@property(readonly, nonatomic) MLImageSizeConstraintType type;
@property(readonly, nonatomic) NSRange pixelsWideRange;
@property(readonly, nonatomic) NSRange pixelsHighRange;
@property(readonly, nonatomic) NSArray<MLImageSize *> *enumeratedImageSizes;
@end

@interface MLImageConstraint : NSObject {
 @public
  const standin::Feature *feature_;
}
@property(readonly, nonatomic) NSInteger pixelsHigh;
@property(readonly, nonatomic) NSInteger pixelsWide;
@property(readonly, nonatomic) OSType pixelFormatType;
@property(readonly, nonatomic) MLImageSizeConstraint *sizeConstraint;
@end

@interface MLDictionaryConstraint : NSObject {
 @public
  const standin::Feature *feature_;
}
@property(readonly, nonatomic) MLFeatureType keyType;
@end

@interface MLSequenceConstraint : NSObject {
 @public
  const standin::Feature *feature_;
}
@property(readonly, nonatomic) MLFeatureDescription *valueDescription;
@property(readonly, nonatomic) NSRange countRange;
@end

@interface MLFeatureDescription : NSObject {
 @public
  const standin::Feature *feature_;
  MLFeatureType elementType_;
}
@property(readonly, nonatomic, copy) NSString *name;
@property(readonly, nonatomic) MLFeatureType type;
@property(readonly, nonatomic, getter=isOptional) BOOL optional;
@property(readonly, nonatomic) MLMultiArrayConstraint *multiArrayConstraint;
@property(readonly, nonatomic) MLImageConstraint *imageConstraint;
@property(readonly, nonatomic) MLDictionaryConstraint *dictionaryConstraint;
@property(readonly, nonatomic) MLSequenceConstraint *sequenceConstraint;
- (BOOL)isAllowedValue:(MLFeatureValue *)value;
@end

@interface MLModelDescription : NSObject {
 @public
  const standin::Specification *specification_;
  NSString *functionName_;
}
@property(readonly, nonatomic) NSDictionary<NSString *, MLFeatureDescription *> *inputDescriptionsByName;
@property(readonly, nonatomic) NSDictionary<NSString *, MLFeatureDescription *> *outputDescriptionsByName;
@property(readonly, nonatomic, copy) NSString *predictedFeatureName;
@property(readonly, nonatomic, copy) NSString *predictedProbabilitiesName;
@property(readonly, nonatomic) NSDictionary<MLModelMetadataKey, id> *metadata;
@property(readonly, nonatomic, copy) NSArray<id> *classLabels;
@property(readonly, nonatomic) BOOL isUpdatable;
- (const standin::Signature *)signature; // the stand-in's own
@end

@interface MLSequence : NSObject {
 @public
  MLFeatureType type_;
  NSArray *values_;
}
@property(readonly, nonatomic) MLFeatureType type;
@property(readonly, nonatomic) NSArray<NSString *> *stringValues;
@property(readonly, nonatomic) NSArray<NSNumber *> *int64Values;
+ (instancetype)sequenceWithStringArray:(NSArray<NSString *> *)stringValues;
+ (instancetype)sequenceWithInt64Array:(NSArray<NSNumber *> *)int64Values;
@end

@interface MLFeatureValue : NSObject {
 @public
  MLFeatureType type_;
  int64_t int64_;
  double double_;
  id object_;
  BOOL undefined_;
}
@property(readonly, nonatomic) MLFeatureType type;
@property(readonly, nonatomic, getter=isUndefined) BOOL undefined;
@property(readonly, nonatomic) int64_t int64Value;
@property(readonly, nonatomic) double doubleValue;
@property(readonly, nonatomic, copy) NSString *stringValue;
@property(readonly, nonatomic) MLMultiArray *multiArrayValue;
@property(readonly, nonatomic) NSDictionary *dictionaryValue;
@property(readonly, nonatomic) CVPixelBufferRef imageBufferValue;
@property(readonly, nonatomic) MLSequence *sequenceValue;
+ (instancetype)featureValueWithInt64:(int64_t)value;
+ (instancetype)featureValueWithDouble:(double)value;
+ (instancetype)featureValueWithString:(NSString *)value;
+ (instancetype)featureValueWithMultiArray:(MLMultiArray *)value;
+ (instancetype)featureValueWithPixelBuffer:(CVPixelBufferRef)value;
+ (instancetype)featureValueWithSequence:(MLSequence *)sequence;
+ (instancetype)undefinedFeatureValueWithType:(MLFeatureType)type;
+ (instancetype)featureValueWithDictionary:(NSDictionary *)value error:(NSError **)error;
@end

@protocol MLFeatureProvider <NSObject>
@property(readonly, nonatomic) NSSet<NSString *> *featureNames;
- (MLFeatureValue *)featureValueForName:(NSString *)featureName;
@end

@interface MLDictionaryFeatureProvider : NSObject <MLFeatureProvider> {
 @public
  NSDictionary *dictionary_;
}
@property(readonly, nonatomic) NSDictionary<NSString *, MLFeatureValue *> *dictionary;
- (instancetype)initWithDictionary:(NSDictionary<NSString *, id> *)dictionary error:(NSError **)error;
@end

@protocol MLBatchProvider <NSObject>
@property(readonly, nonatomic) NSInteger count;
- (id<MLFeatureProvider>)featuresAtIndex:(NSInteger)index;
@end

@interface MLArrayBatchProvider : NSObject <MLBatchProvider> {
 @public
  NSArray *array_;
}
- (instancetype)initWithFeatureProviderArray:(NSArray<id<MLFeatureProvider>> *)array;
@end

@interface MLPredictionOptions : NSObject {
 @public
  NSDictionary *outputBackings_;
}
@property(readwrite, copy, nonatomic) NSDictionary<NSString *, id> *outputBackings;
@end

typedef NS_ENUM(NSInteger, MLComputeUnits) {
  MLComputeUnitsCPUOnly = 0,
  MLComputeUnitsCPUAndGPU = 1,
  MLComputeUnitsAll = 2,
  MLComputeUnitsCPUAndNeuralEngine = 3,
};

@class MLOptimizationHints;
@interface MLModelConfiguration : NSObject <NSCopying> {
 @public
  NSString *modelDisplayName_;
  MLComputeUnits computeUnits_;
  BOOL allowLowPrecision_;
  id preferredMetalDevice_;
  NSString *functionName_;
  MLOptimizationHints *optimizationHints_;
}
@property(readwrite, copy) NSString *modelDisplayName;
@property(readwrite) MLComputeUnits computeUnits;
@property(readwrite) BOOL allowLowPrecisionAccumulationOnGPU;
@property(readwrite, nonatomic, retain) id<MTLDevice> preferredMetalDevice;
@end

@interface MLModelAsset : NSObject {
 @public
  const standin::Specification *specification_;
  NSData *specificationData_; // not retained, nor are the blobs' bytes by the model that is loaded: whoever gave them has to keep them
  NSDictionary *blobMapping_;
  BOOL weightsInFiles_; // of a compiled model
}
+ (instancetype)modelAssetWithSpecificationData:(NSData *)specificationData error:(NSError **)error;
@end

@interface MLModel : NSObject {
 @public
  const standin::Specification *specification_;
  MLModelConfiguration *configuration_;
  MLModelDescription *description_;
  standin::ForeignMemory *memory_; // of a model that was loaded from memory
  int running_;
}
@property(readonly, nonatomic) MLModelDescription *modelDescription;
@property(readonly, nonatomic) MLModelConfiguration *configuration;
+ (void)compileModelAtURL:(NSURL *)modelURL completionHandler:(void (^)(NSURL *compiledModelURL, NSError *error))handler;
+ (void)loadContentsOfURL:(NSURL *)url
            configuration:(MLModelConfiguration *)configuration
        completionHandler:(void (^)(MLModel *model, NSError *error))handler;
+ (void)loadModelAsset:(MLModelAsset *)asset
         configuration:(MLModelConfiguration *)configuration
     completionHandler:(void (^)(MLModel *model, NSError *error))handler;
- (id<MLFeatureProvider>)predictionFromFeatures:(id<MLFeatureProvider>)input options:(MLPredictionOptions *)options error:(NSError **)error;
- (id<MLBatchProvider>)predictionsFromBatch:(id<MLBatchProvider>)inputBatch options:(MLPredictionOptions *)options error:(NSError **)error;
@end
