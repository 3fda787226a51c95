#pragma once
#import "newer_api.h"

#include "configuration.h"
#include "error.h"
#include "objc.h"

namespace coreml {

// Every setting, or why this machine cannot have one of them.
Result<Retained<MLModelConfiguration *>> makeConfiguration(const Configuration &settings);

} // namespace coreml
