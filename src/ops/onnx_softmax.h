// Softmax for the rules that have it inside: the losses, attention.
#pragma once

#include "ops/value.h"

namespace burin::ops {

Value softmax(Value x, int64_t axis);
Value log_softmax(Value x, int64_t axis);

}  // namespace burin::ops
