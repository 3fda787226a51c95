// The Objective-C side of State.
#pragma once
#import "newer_api.h"

#include <optional>

#include "objc.h"
#include "state.h"

namespace coreml {

struct State::Implementation {
  // The one that made the state: nobody says that an MLState outlives its MLModel.
  Retained<MLModel *> model;
  // An MLState; `id` because the class exists from macOS 15 on only.
  Retained<id> state;
  // Why there is none. All of this is for who has passed the gate alone.
  std::optional<Error> failure = Error{"ERR_DISPOSED", "the model was disposed before it made the state", {}, 0, {}};
};

} // namespace coreml
