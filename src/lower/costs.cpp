#include "lower/costs.h"

namespace burin::lower {

using graph::Op;

bool costs_much(Op op) {
  switch (op) {
    case Op::exp:
    case Op::expm1:
    case Op::log:
    case Op::log1p:
    case Op::sin:
    case Op::cos:
    case Op::tan:
    case Op::tanh:
    case Op::logistic:
    case Op::erf:
    case Op::pow: return true;
    default: return false;
  }
}

}  // namespace burin::lower
