// A plan from JavaScript; see pipeline/detect/native.ts for the other side of the border.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "addon/options.h"
#include "detect/detector.h"
#include "engine/plan.h"

namespace saccade::addon {

// Reads {steps, inputMax, tensors, ops, outputs}. Weights point into the typed arrays. Values are only typed
// and bounded here; engine::Check decides whether they make a network. Errors go to the options' sentence.
engine::Plan ReadPlan(Options options);

// Reads {regMax, classes, score, iou, max, multiLabel, width, height}.
detect::Settings ReadSettings(Options options);

// Reads a list of numbers.
std::vector<float> ReadFloats(Options options, const char* key, uint32_t most);

}  // namespace saccade::addon
