// Feature values and providers.
#include "internal.h"

namespace standin {

NSError *modelError(NSInteger code, NSString *text) {
  NSError *underlying = [NSError errorWithDomain:@"com.apple.stand-in" code:-9 userInfo:@{NSLocalizedDescriptionKey : @"the stand-in said so"}];
  return [NSError errorWithDomain:MLModelErrorDomain code:code userInfo:@{NSLocalizedDescriptionKey : text, NSUnderlyingErrorKey : underlying}];
}

void leaveStaleError(NSError **error) {
  // One for all: making one takes microseconds, which benchmarks would take for the addon's.
  static NSError *const stale = [modelError(MLModelErrorGeneric, @"a stale error of a call that succeeded") retain];
  if (error != nullptr) *error = stale;
}

} // namespace standin

NSString *const MLModelErrorDomain = @"com.apple.CoreML";

@implementation MLSequence
COUNT_BIRTHS
+ (instancetype)sequenceWithType:(MLFeatureType)type values:(NSArray *)values {
  MLSequence *sequence = [[[self alloc] init] autorelease];
  sequence->type_ = type;
  sequence->values_ = [values copy];
  return sequence;
}
+ (instancetype)sequenceWithStringArray:(NSArray *)values { return [self sequenceWithType:MLFeatureTypeString values:values]; }
+ (instancetype)sequenceWithInt64Array:(NSArray *)values { return [self sequenceWithType:MLFeatureTypeInt64 values:values]; }
- (void)dealloc {
  COUNT_DEATH;
  [values_ release];
  [super dealloc];
}
- (MLFeatureType)type { return type_; }
- (NSArray *)stringValues { return type_ == MLFeatureTypeString ? values_ : [NSArray array]; }
- (NSArray *)int64Values { return type_ == MLFeatureTypeInt64 ? values_ : [NSArray array]; }
@end

@implementation MLFeatureValue
COUNT_BIRTHS
+ (instancetype)valueWithType:(MLFeatureType)type object:(id)object {
  MLFeatureValue *value = [[[self alloc] init] autorelease];
  value->type_ = type;
  value->object_ = [object retain];
  return value;
}
+ (instancetype)featureValueWithInt64:(int64_t)number {
  MLFeatureValue *value = [self valueWithType:MLFeatureTypeInt64 object:nil];
  value->int64_ = number;
  return value;
}
+ (instancetype)featureValueWithDouble:(double)number {
  MLFeatureValue *value = [self valueWithType:MLFeatureTypeDouble object:nil];
  value->double_ = number;
  return value;
}
+ (instancetype)featureValueWithString:(NSString *)text { return [self valueWithType:MLFeatureTypeString object:text]; }
+ (instancetype)featureValueWithMultiArray:(MLMultiArray *)array { return [self valueWithType:MLFeatureTypeMultiArray object:array]; }
+ (instancetype)featureValueWithPixelBuffer:(CVPixelBufferRef)buffer { return [self valueWithType:MLFeatureTypeImage object:(id)buffer]; }
+ (instancetype)featureValueWithSequence:(MLSequence *)sequence { return [self valueWithType:MLFeatureTypeSequence object:sequence]; }
+ (instancetype)undefinedFeatureValueWithType:(MLFeatureType)type {
  MLFeatureValue *value = [self valueWithType:type object:nil];
  value->undefined_ = YES;
  return value;
}
+ (instancetype)featureValueWithDictionary:(NSDictionary *)dictionary error:(NSError **)error {
  BOOL strings = NO, integers = NO;
  for (id key in dictionary) {
    if ([key isKindOfClass:[NSString class]]) strings = YES;
    else integers = YES;
  }
  if (strings && integers) {
    if (error != nullptr) *error = standin::modelError(MLModelErrorFeatureType, @"the keys of a dictionary are all strings or all integers");
    return nil;
  }
  standin::leaveStaleError(error);
  return [self valueWithType:MLFeatureTypeDictionary object:dictionary];
}
- (void)dealloc {
  COUNT_DEATH;
  [object_ release];
  [super dealloc];
}
- (MLFeatureType)type { return type_; }
- (BOOL)isUndefined { return undefined_; }
- (int64_t)int64Value { return int64_; }
- (double)doubleValue { return double_; }
- (NSString *)stringValue { return type_ == MLFeatureTypeString ? object_ : @""; }
- (MLMultiArray *)multiArrayValue { return type_ == MLFeatureTypeMultiArray ? object_ : nil; }
- (NSDictionary *)dictionaryValue { return type_ == MLFeatureTypeDictionary ? object_ : [NSDictionary dictionary]; }
- (CVPixelBufferRef)imageBufferValue { return type_ == MLFeatureTypeImage ? (CVPixelBufferRef)object_ : nullptr; }
- (MLSequence *)sequenceValue { return type_ == MLFeatureTypeSequence ? object_ : nil; }
@end

@implementation MLDictionaryFeatureProvider
COUNT_BIRTHS
- (instancetype)initWithDictionary:(NSDictionary *)dictionary error:(NSError **)error {
  self = [super init];
  for (NSString *name in dictionary) {
    if ([[dictionary objectForKey:name] isKindOfClass:[MLFeatureValue class]]) continue;
    if (error != nullptr) *error = standin::modelError(MLModelErrorFeatureType, [NSString stringWithFormat:@"%@ is no feature value", name]);
    [self release];
    return nil;
  }
  dictionary_ = [dictionary copy];
  standin::leaveStaleError(error);
  return self;
}
- (void)dealloc {
  COUNT_DEATH;
  [dictionary_ autorelease];
  [super dealloc];
}
- (NSDictionary *)dictionary { return dictionary_; }
- (NSSet *)featureNames { return [NSSet setWithArray:[dictionary_ allKeys]]; }
- (MLFeatureValue *)featureValueForName:(NSString *)name { return [dictionary_ objectForKey:name]; }
@end

@implementation MLArrayBatchProvider
COUNT_BIRTHS
- (instancetype)initWithFeatureProviderArray:(NSArray *)array {
  self = [super init];
  array_ = [array copy];
  return self;
}
- (void)dealloc {
  COUNT_DEATH;
  [array_ release];
  [super dealloc];
}
- (NSInteger)count { return (NSInteger)[array_ count]; }
- (id<MLFeatureProvider>)featuresAtIndex:(NSInteger)index { return [array_ objectAtIndex:(NSUInteger)index]; }
@end

@implementation MLPredictionOptions
COUNT_BIRTHS
- (void)dealloc {
  COUNT_DEATH;
  [outputBackings_ autorelease];
  [super dealloc];
}
- (NSDictionary *)outputBackings { return outputBackings_; }
- (void)setOutputBackings:(NSDictionary *)backings {
  [backings retain];
  [outputBackings_ release];
  outputBackings_ = backings;
}
@end
