// The Objective-C side of Model, for the .mm files that implement it.
#pragma once
#import "newer_api.h"

#include "model.h"
#include "objc.h"
#include "prediction_queue.h"

namespace coreml {

struct Model::Implementation {
  Implementation(Retained<MLModel *> loaded, size_t maximumOverlap) : model(std::move(loaded)), queue(maximumOverlap) {}

  Retained<MLModel *> model;
  ModelDescription description;
  PredictionQueue queue;
};

} // namespace coreml
