// Shared by the stand-in's own files.
#pragma once
#import <CoreML/CoreML.h>
#include <objc/runtime.h>

#import "newer_api.h"

#include "control.h"
#include "specification.h"

@class StandinState;

namespace standin {

// What a model in memory was loaded from: bytes of the caller's that nobody here holds, and their sum at the load.
struct ForeignMemory {
  std::vector<std::pair<const uint8_t *, size_t>> pieces;
  uint64_t sum = 0;

  uint64_t sumNow() const {
    uint64_t result = 0;
    for (const auto &[bytes, length] : pieces) {
      for (size_t i = 0; i < length; ++i) result += bytes[i];
    }
    return result;
  }
};

NSError *modelError(NSInteger code, NSString *text);

// An error in the place for it, of a call that succeeds: only a result of nil says that one failed.
void leaveStaleError(NSError **error);

// Keeps what lastConfiguration() tells.
void recordConfiguration(MLModelConfiguration *configuration);

NSString *string(const std::string &text);
NSArray *numbers(const std::vector<int64_t> &values);
std::vector<int64_t> integers(NSArray *numbers);
NSRange range(const SizeBounds &bounds);

// Element size in bytes of an MLMultiArrayDataType.
size_t sizeOf(int64_t dataType);

// The strides of a shape whose rows (the last axis) have neighbours `apart` elements from each other, and `padding` more elements at their end.
std::vector<int64_t> paddedStrides(const std::vector<int64_t> &shape, int64_t padding, int64_t apart = 1);

// A new MLMultiArray of its own memory, zero-filled, with those strides. Owned by the caller.
MLMultiArray *newArray(const std::vector<int64_t> &shape, int64_t dataType, int64_t padding, int64_t apart = 1);

// Element by element, row-major: the stand-in is no place for cleverness that the addon could share.
std::vector<double> elements(MLMultiArray *array);
void setElements(MLMultiArray *array, const std::vector<double> &values);

double fromHalf(uint16_t bits);
uint16_t toHalf(double value);

// What the model computes: see inference.mm.
bool infer(const Signature &signature, const Specification &specification, id<MLFeatureProvider> inputs, NSDictionary *stateArrays,
           NSDictionary *backings, NSMutableDictionary *outputs, NSError **error);

void throwIf(bool wanted, NSString *what);

// Owned by the caller.
MLState *newState(MLModel *model);

// Autoreleased; nil and an error where it fails.
MLDictionaryFeatureProvider *predict(MLModel *model, id<MLFeatureProvider> inputs, StandinState *state, MLPredictionOptions *options, bool synchronous, NSError **error);

// The same on a thread of the stand-in's own.
void predictLater(MLModel *model, id<MLFeatureProvider> inputs, MLState *state, MLPredictionOptions *options, void (^handler)(id<MLFeatureProvider>, NSError *));

// Specifications live as long as anything refers to them.
const Specification *keep(std::shared_ptr<Specification> specification);

// The specification of a compiled model folder; null and an error where there is none.
const Specification *openCompiled(NSURL *url, NSError **error);

} // namespace standin

// MLState's private side.
@interface StandinState : MLState {
 @public
  NSMutableDictionary *arrays_;
  int running_;
}
- (id)initWithSignature:(const standin::Signature *)signature;
@end
