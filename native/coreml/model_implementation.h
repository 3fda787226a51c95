// The Objective-C side of Model, for the .mm files that implement it.
#pragma once
#import "newer_api.h"

#include "model.h"
#include "objc.h"
#include "prediction_queue.h"

namespace coreml {

struct Model::Implementation {
  Implementation(Retained<MLModel *> loaded, size_t maximumOverlap) : model(std::move(loaded)), queue(maximumOverlap) {}

  // The bytes of a model in memory: Core ML may read them as long as the model lives, and does not promise to keep them itself.
  Retained<NSArray<NSData *> *> memory;
  Retained<MLModel *> model;
  ModelDescription description;
  ComputeUnits computeUnits = ComputeUnits::all;
  PredictionQueue queue;
};

} // namespace coreml
