// MLModelConfiguration and MLOptimizationHints.
#import <Metal/Metal.h>

#include <mutex>

#include "internal.h"

@interface StandinHints : MLOptimizationHints {
  MLReshapeFrequencyHint frequency_;
  MLSpecializationStrategy strategy_;
}
@end

@implementation MLOptimizationHints
COUNT_BIRTHS
+ (id)alloc {
  standin::requireOS(14.4, "+[MLOptimizationHints alloc]");
  return self == [MLOptimizationHints class] ? [StandinHints alloc] : [super alloc];
}
- (void)dealloc {
  COUNT_DEATH;
  [super dealloc];
}
- (id)copyWithZone:(NSZone *)zone {
  (void)zone;
  return [self retain];
}
- (MLReshapeFrequencyHint)reshapeFrequency { return MLReshapeFrequencyHintFrequent; }
- (void)setReshapeFrequency:(MLReshapeFrequencyHint)value { (void)value; }
- (MLSpecializationStrategy)specializationStrategy { return MLSpecializationStrategyDefault; }
- (void)setSpecializationStrategy:(MLSpecializationStrategy)value { (void)value; }
@end

@implementation StandinHints
- (id)copyWithZone:(NSZone *)zone {
  (void)zone;
  StandinHints *copy = [[StandinHints alloc] init];
  copy->frequency_ = frequency_;
  copy->strategy_ = strategy_;
  return copy;
}
- (MLReshapeFrequencyHint)reshapeFrequency { return frequency_; }
- (void)setReshapeFrequency:(MLReshapeFrequencyHint)value { frequency_ = value; }
- (MLSpecializationStrategy)specializationStrategy {
  standin::requireOS(15, "-[MLOptimizationHints specializationStrategy]");
  return strategy_;
}
- (void)setSpecializationStrategy:(MLSpecializationStrategy)value {
  standin::requireOS(15, "-[MLOptimizationHints setSpecializationStrategy:]");
  strategy_ = value;
}
@end

@implementation MLModelConfiguration
COUNT_BIRTHS
- (id)init {
  self = [super init];
  computeUnits_ = MLComputeUnitsAll;
  return self;
}
- (void)dealloc {
  COUNT_DEATH;
  [modelDisplayName_ release];
  [preferredMetalDevice_ release];
  [functionName_ release];
  [optimizationHints_ release];
  [super dealloc];
}
- (id)copyWithZone:(NSZone *)zone {
  (void)zone;
  MLModelConfiguration *copy = [[MLModelConfiguration alloc] init];
  copy->modelDisplayName_ = [modelDisplayName_ copy];
  copy->computeUnits_ = computeUnits_;
  copy->allowLowPrecision_ = allowLowPrecision_;
  copy->preferredMetalDevice_ = [preferredMetalDevice_ retain];
  copy->functionName_ = [functionName_ copy];
  copy->optimizationHints_ = [optimizationHints_ copy];
  return copy;
}
- (NSString *)modelDisplayName { return modelDisplayName_; }
- (void)setModelDisplayName:(NSString *)name {
  [modelDisplayName_ release];
  modelDisplayName_ = [name copy];
}
- (MLComputeUnits)computeUnits { return computeUnits_; }
- (void)setComputeUnits:(MLComputeUnits)units { computeUnits_ = units; }
- (BOOL)allowLowPrecisionAccumulationOnGPU { return allowLowPrecision_; }
- (void)setAllowLowPrecisionAccumulationOnGPU:(BOOL)allow { allowLowPrecision_ = allow; }
- (id<MTLDevice>)preferredMetalDevice { return preferredMetalDevice_; }
- (void)setPreferredMetalDevice:(id<MTLDevice>)device {
  [(id)device retain];
  [preferredMetalDevice_ release];
  preferredMetalDevice_ = device;
}
- (NSString *)functionName {
  standin::requireOS(15, "-[MLModelConfiguration functionName]");
  return functionName_;
}
- (void)setFunctionName:(NSString *)name {
  standin::requireOS(15, "-[MLModelConfiguration setFunctionName:]");
  [functionName_ release];
  functionName_ = [name copy];
}
- (MLOptimizationHints *)optimizationHints {
  standin::requireOS(14.4, "-[MLModelConfiguration optimizationHints]");
  if (optimizationHints_ == nil) optimizationHints_ = [[MLOptimizationHints alloc] init];
  return optimizationHints_;
}
- (void)setOptimizationHints:(MLOptimizationHints *)hints {
  standin::requireOS(14.4, "-[MLModelConfiguration setOptimizationHints:]");
  id copy = [hints copy];
  [optimizationHints_ release];
  optimizationHints_ = copy;
}
@end

namespace standin {
namespace {
std::mutex lastMutex;
std::map<std::string, std::string> last;

std::string text(NSString *value) { return value == nil ? "" : [value UTF8String]; }
} // namespace

void recordConfiguration(MLModelConfiguration *configuration) {
  std::map<std::string, std::string> now{
      {"computeUnits", std::to_string(static_cast<long>([configuration computeUnits]))},
      {"allowLowPrecisionAccumulationOnGPU", [configuration allowLowPrecisionAccumulationOnGPU] ? "true" : "false"},
      {"modelDisplayName", text([configuration modelDisplayName])},
      {"preferredMetalDevice", text([[configuration preferredMetalDevice] name])},
  };
  if (osAtLeast(14.4)) now["reshapeFrequency"] = std::to_string(static_cast<long>([[configuration optimizationHints] reshapeFrequency]));
  if (osAtLeast(15)) {
    now["specializationStrategy"] = std::to_string(static_cast<long>([[configuration optimizationHints] specializationStrategy]));
    now["functionName"] = text([configuration functionName]);
  }
  std::lock_guard<std::mutex> lock(lastMutex);
  last = std::move(now);
}

std::map<std::string, std::string> lastConfiguration() {
  std::lock_guard<std::mutex> lock(lastMutex);
  return last;
}

} // namespace standin
