// The Objective-C side of State.
#pragma once
#import "newer_api.h"

#include "objc.h"
#include "state.h"

namespace coreml {

struct State::Implementation {
  // The one that made the state: nobody says that an MLState outlives its MLModel.
  Retained<MLModel *> model;
  // An MLState; `id` because the class exists from macOS 15 on only.
  Retained<id> state;
};

} // namespace coreml
