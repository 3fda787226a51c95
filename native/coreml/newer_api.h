// Declarations of Core ML that are newer than the iPhoneOS 16.5 SDK, whose headers the cross-compile check uses. An SDK that has some of them gives Apple's own
// instead: it is known by a header that came with each. The stand-in implements what is declared here, so a wrong declaration cannot hide on one side.
#pragma once
#import <CoreML/CoreML.h>
#include <os/availability.h>

NS_ASSUME_NONNULL_BEGIN

// Before the SDKs of macOS 14 and iOS 17.
#if !__has_include(<CoreML/MLComputeDeviceProtocol.h>)

@protocol MTLDevice;

// Devices
API_AVAILABLE(macos(14.0), ios(17.0))
@protocol MLComputeDeviceProtocol <NSObject>
@end

API_AVAILABLE(macos(14.0), ios(17.0))
@interface MLCPUComputeDevice : NSObject <MLComputeDeviceProtocol>
@end

API_AVAILABLE(macos(14.0), ios(17.0))
@interface MLGPUComputeDevice : NSObject <MLComputeDeviceProtocol>
@property(readonly, nonatomic) id<MTLDevice> metalDevice;
@end

API_AVAILABLE(macos(14.0), ios(17.0))
@interface MLNeuralEngineComputeDevice : NSObject <MLComputeDeviceProtocol>
@property(readonly, nonatomic) NSInteger totalCoreCount;
@end

FOUNDATION_EXPORT NSArray<id<MLComputeDeviceProtocol>> *MLAllComputeDevices(void) API_AVAILABLE(macos(14.0), ios(17.0));

@interface MLModel (ComputeDevices)
@property(class, readonly, nonatomic) NSArray<id<MLComputeDeviceProtocol>> *availableComputeDevices API_AVAILABLE(macos(14.0), ios(17.0));
@end

// Asynchronous prediction
@interface MLModel (AsynchronousPrediction)
- (void)predictionFromFeatures:(id<MLFeatureProvider>)input
                       options:(MLPredictionOptions *)options
             completionHandler:(void (^)(id<MLFeatureProvider> _Nullable output, NSError *_Nullable error))completionHandler
    API_AVAILABLE(macos(14.0), ios(17.0));
@end

#endif

// Before the SDKs of macOS 14.4 and iOS 17.4.
#if !__has_include(<CoreML/MLComputePlan.h>)

// Optimization hints
typedef NS_ENUM(NSInteger, MLReshapeFrequencyHint) {
  MLReshapeFrequencyHintFrequent = 0,
  MLReshapeFrequencyHintInfrequent = 1,
} API_AVAILABLE(macos(14.4), ios(17.4));

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLOptimizationHints : NSObject <NSCopying>
@property(readwrite, nonatomic) MLReshapeFrequencyHint reshapeFrequency;
@end

@interface MLModelConfiguration (OptimizationHints)
@property(readwrite, copy, nonatomic) MLOptimizationHints *optimizationHints API_AVAILABLE(macos(14.4), ios(17.4));
@end

// Plan and structure
@class MLModelStructure;

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureNeuralNetworkLayer : NSObject
@property(readonly, nonatomic) NSString *name;
@property(readonly, nonatomic) NSString *type;
@property(readonly, nonatomic) NSArray<NSString *> *outputNames;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureNeuralNetwork : NSObject
@property(readonly, nonatomic) NSArray<MLModelStructureNeuralNetworkLayer *> *layers;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramNamedValueType : NSObject
@property(readonly, nonatomic) NSString *name;
@end

@class MLModelStructureProgramBlock;
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramOperation : NSObject
@property(readonly, nonatomic) NSString *operatorName;
@property(readonly, nonatomic) NSArray<MLModelStructureProgramNamedValueType *> *outputs;
@property(readonly, nonatomic) NSArray<MLModelStructureProgramBlock *> *blocks;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramBlock : NSObject
@property(readonly, nonatomic) NSArray<MLModelStructureProgramOperation *> *operations;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramFunction : NSObject
@property(readonly, nonatomic) MLModelStructureProgramBlock *block;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgram : NSObject
@property(readonly, nonatomic) NSDictionary<NSString *, MLModelStructureProgramFunction *> *functions;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructurePipeline : NSObject
@property(readonly, nonatomic) NSArray<NSString *> *subModelNames;
@property(readonly, nonatomic) NSArray<MLModelStructure *> *subModels;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructure : NSObject
@property(readonly, nonatomic, nullable) MLModelStructureNeuralNetwork *neuralNetwork;
@property(readonly, nonatomic, nullable) MLModelStructureProgram *program;
@property(readonly, nonatomic, nullable) MLModelStructurePipeline *pipeline;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLComputePlanCost : NSObject
@property(readonly, nonatomic) double weight;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLComputePlanDeviceUsage : NSObject
@property(readonly, nonatomic) NSArray<id<MLComputeDeviceProtocol>> *supportedComputeDevices;
@property(readonly, nonatomic) id<MLComputeDeviceProtocol> preferredComputeDevice;
@end

API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLComputePlan : NSObject
@property(readonly, nonatomic) MLModelStructure *modelStructure;
+ (void)loadContentsOfURL:(NSURL *)url
            configuration:(MLModelConfiguration *)configuration
        completionHandler:(void (^)(MLComputePlan *_Nullable computePlan, NSError *_Nullable error))handler;
- (nullable MLComputePlanCost *)estimatedCostOfMLProgramOperation:(MLModelStructureProgramOperation *)operation;
- (nullable MLComputePlanDeviceUsage *)computeDeviceUsageForMLProgramOperation:(MLModelStructureProgramOperation *)operation;
- (nullable MLComputePlanDeviceUsage *)computeDeviceUsageForNeuralNetworkLayer:(MLModelStructureNeuralNetworkLayer *)layer;
@end

#endif

// Before the SDKs of macOS 15 and iOS 18.
#if !__has_include(<CoreML/MLState.h>)

static const MLFeatureType MLFeatureTypeState = (MLFeatureType)8;

// Settings
typedef NS_ENUM(NSInteger, MLSpecializationStrategy) {
  MLSpecializationStrategyDefault = 0,
  MLSpecializationStrategyFastPrediction = 1,
} API_AVAILABLE(macos(15.0), ios(18.0));

@interface MLOptimizationHints (Specialization)
@property(readwrite, nonatomic) MLSpecializationStrategy specializationStrategy API_AVAILABLE(macos(15.0), ios(18.0));
@end

@interface MLModelConfiguration (Functions)
@property(readwrite, copy, nonatomic, nullable) NSString *functionName API_AVAILABLE(macos(15.0), ios(18.0));
@end

// Assets
@interface MLModelAsset (NewerAssets)
+ (nullable instancetype)modelAssetWithURL:(NSURL *)compiledModelURL error:(NSError **)error API_AVAILABLE(macos(15.0), ios(18.0));
+ (nullable instancetype)modelAssetWithSpecificationData:(NSData *)specification
                                             blobMapping:(NSDictionary<NSURL *, NSData *> *)blobMapping
                                                   error:(NSError **)error API_AVAILABLE(macos(15.0), ios(18.0));
- (void)functionNamesWithCompletionHandler:(void (^)(NSArray<NSString *> *_Nullable functionNames, NSError *_Nullable error))handler
    API_AVAILABLE(macos(15.0), ios(18.0));
@end

// States
API_AVAILABLE(macos(15.0), ios(18.0))
@interface MLState : NSObject
- (void)getMultiArrayForStateNamed:(NSString *)stateName handler:(void(NS_NOESCAPE ^)(MLMultiArray *buffer))handler;
@end

API_AVAILABLE(macos(15.0), ios(18.0))
@interface MLStateConstraint : NSObject
@property(readonly, nonatomic) NSArray<NSNumber *> *bufferShape;
@property(readonly, nonatomic) MLMultiArrayDataType dataType;
@end

@interface MLFeatureDescription (State)
@property(readonly, nonatomic, nullable) MLStateConstraint *stateConstraint API_AVAILABLE(macos(15.0), ios(18.0));
@end

@interface MLModelDescription (States)
@property(readonly, nonatomic) NSDictionary<NSString *, MLFeatureDescription *> *stateDescriptionsByName API_AVAILABLE(macos(15.0), ios(18.0));
@end

@interface MLModel (States)
- (MLState *)newState API_AVAILABLE(macos(15.0), ios(18.0));
- (nullable id<MLFeatureProvider>)predictionFromFeatures:(id<MLFeatureProvider>)inputFeatures
                                              usingState:(MLState *)state
                                                 options:(MLPredictionOptions *)options
                                                   error:(NSError **)error API_AVAILABLE(macos(15.0), ios(18.0));
- (void)predictionFromFeatures:(id<MLFeatureProvider>)inputFeatures
                    usingState:(MLState *)state
                       options:(MLPredictionOptions *)options
             completionHandler:(void (^)(id<MLFeatureProvider> _Nullable output, NSError *_Nullable error))completionHandler
    API_AVAILABLE(macos(15.0), ios(18.0));
@end

#endif

NS_ASSUME_NONNULL_END

// MLMultiArrayDataTypeInt8 came with the SDKs of macOS 26 and iOS 26; its value is used as a number so that older SDKs compile too.
#if !defined(COREML_INT8_DATA_TYPE)
#define COREML_INT8_DATA_TYPE ((MLMultiArrayDataType)0x20008)
#endif
