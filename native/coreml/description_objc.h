#pragma once
#import "newer_api.h"

#include "description.h"

namespace coreml {

ModelDescription describe(MLModelDescription *description);

std::vector<int64_t> toShape(NSArray<NSNumber *> *numbers);
// Autoreleased.
NSArray<NSNumber *> *toNSArray(const std::vector<int64_t> &numbers);

} // namespace coreml
