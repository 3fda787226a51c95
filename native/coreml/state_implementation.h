// The Objective-C side of State.
#pragma once
#import "newer_api.h"

#include "objc.h"
#include "state.h"

namespace coreml {

struct State::Implementation {
  // An MLState; `id` because the class exists from macOS 15 on only.
  Retained<id> state;
};

} // namespace coreml
