// A prediction of an MLModel, and the MLState that it may change.
#include <chrono>
#include <csignal>
#include <thread>

#include "internal.h"

namespace standin {
namespace {

constexpr int synchronousUse = 0x10000;

// Counts who is inside one MLModel or MLState; a synchronous call tolerates nobody, an asynchronous one only its like.
class Inside {
 public:
  Inside(int *running, bool synchronous) : running_(running), step_(synchronous ? synchronousUse : 1) {
    int before = __atomic_fetch_add(running_, step_, __ATOMIC_SEQ_CST);
    if (synchronous ? before != 0 : before >= synchronousUse) ++events().threadingViolations;
    long now = (before + step_) & (synchronousUse - 1);
    long most = events().maximumOverlap;
    while (now > most && !events().maximumOverlap.compare_exchange_weak(most, now)) {
    }
  }
  ~Inside() { __atomic_fetch_sub(running_, step_, __ATOMIC_SEQ_CST); }

 private:
  int *running_;
  int step_;
};

void releaseLater(id object) {
  int milliseconds = settings().releaseMilliseconds;
  if (milliseconds <= 0) return;
  runLater(milliseconds, [](void *held) { [(id)held release]; }, [object retain]);
}

} // namespace

void throwIf(bool wanted, NSString *what) {
  if (wanted) [NSException raise:@"StandinException" format:@"thrown from %@", what];
}

MLState *newState(MLModel *model) {
  Inside inside(&model->running_, true);
  throwIf(settings().throwFromNewState, @"newState");
  std::this_thread::sleep_for(std::chrono::milliseconds(settings().newStateMilliseconds));
  return [[StandinState alloc] initWithSignature:[model->description_ signature]];
}

MLDictionaryFeatureProvider *predict(MLModel *model, id<MLFeatureProvider> inputs, StandinState *state, MLPredictionOptions *options, bool synchronous, NSError **error) {
  auto start = std::chrono::steady_clock::now();
  Inside insideModel(&model->running_, synchronous);
  int nobody = 0;
  Inside insideState(state == nil ? &nobody : &state->running_, true);
  ++events().predictions;
  Settings &set = settings();
  if (synchronous) throwIf(set.throwFromPredict, @"a prediction");
  if (set.predictMicroseconds > 0) std::this_thread::sleep_for(std::chrono::microseconds(set.predictMicroseconds));
  if (set.predictSignal > 0) raise(set.predictSignal);
  while (set.hangInPredict) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (model->memory_ != nullptr && model->memory_->sumNow() != model->memory_->sum) {
    if (error != nullptr) *error = modelError(MLModelErrorGeneric, @"The bytes that the model was loaded from are gone.");
    return nil;
  }
  releaseLater(inputs);
  if (set.nilWithoutError) return nil;
  if (set.predictError > 0) {
    if (error != nullptr) *error = modelError(set.predictError - 1, @"Unable to compute the prediction: the stand-in was told to.");
    return nil;
  }
  NSMutableDictionary *outputs = [NSMutableDictionary dictionary];
  const Signature *signature = model->specification_->signature(model->configuration_->functionName_ == nil ? "" : [model->configuration_->functionName_ UTF8String]);
  bool fine = infer(*signature, *model->specification_, inputs, state == nil ? nil : state->arrays_, options->outputBackings_, outputs, error);
  if (fine) leaveStaleError(error);
  MLDictionaryFeatureProvider *provider = fine ? [[[MLDictionaryFeatureProvider alloc] initWithDictionary:outputs error:nullptr] autorelease] : nil;
  events().insideNanoseconds += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
  return provider;
}

void predictLater(MLModel *model, id<MLFeatureProvider> inputs, MLState *state, MLPredictionOptions *options, void (^handler)(id<MLFeatureProvider>, NSError *)) {
  ++events().asynchronousPredictions;
  void (^copied)(id<MLFeatureProvider>, NSError *) = Block_copy(handler);
  [model retain];
  [(id)inputs retain];
  [state retain];
  [options retain];
  onOwnThread([=] {
    NSError *error = nil;
    MLDictionaryFeatureProvider *output = predict(model, inputs, (StandinState *)state, options, false, &error);
    copied(output, output == nil ? error : nil);
    Block_release(copied);
    [model release];
    [(id)inputs release];
    [state release];
    [options release];
  });
}

} // namespace standin

using namespace standin;

@implementation MLState
- (void)getMultiArrayForStateNamed:(NSString *)name handler:(void(NS_NOESCAPE ^)(MLMultiArray *))handler {
  (void)name;
  (void)handler;
}
@end

@implementation StandinState
COUNT_BIRTHS
- (id)initWithSignature:(const Signature *)signature {
  self = [super init];
  arrays_ = [[NSMutableDictionary alloc] init];
  for (const Feature &state : signature->states) {
    MLMultiArray *array = newArray(state.shape, state.dataType, settings().paddingElements, settings().elementStride);
    [arrays_ setObject:array forKey:string(state.name)];
    [array release];
  }
  return self;
}
- (void)dealloc {
  COUNT_DEATH;
  [arrays_ autorelease];
  [super dealloc];
}
- (void)getMultiArrayForStateNamed:(NSString *)name handler:(void(NS_NOESCAPE ^)(MLMultiArray *))handler {
  Inside inside(&running_, true);
  handler([arrays_ objectForKey:name]);
}
@end
