// What benchmarks measure the addon's own work by. Not in the addon that is shipped.
#pragma once
#include <cstdint>

#include "model.h"

namespace standin {

// One prediction on the calling thread, with every conversion to and from Objective-C; nothing else may use the model meanwhile.
coreml::Result<coreml::Prediction> predictHere(coreml::Model &model, const coreml::PredictRequest &request);

// Nanoseconds of so many bare calls of the framework, with the same inputs, which are converted before: the least that a loop over it takes.
int64_t bareCalls(coreml::Model &model, const coreml::Features &inputs, int64_t times);

} // namespace standin
