// Reductions: reduce over whole axes and reduce_window over sliding windows.
#include <algorithm>

#include "ops/rules.h"

namespace burin::ops {

namespace {

TensorType infer_reduce(const InferArgs& args) {
  const Dims& axes = attr_of<graph::ReduceAttr>(args).dims;
  const TensorType& x = args.operands[0];
  check_numeric(args.op, x);
  check_axes(args.op, "dims", axes, x.shape.rank());
  if (!std::is_sorted(axes.begin(), axes.end())) refuse(args.op, "dims are not ascending");
  Dims out;
  for (size_t i = 0; i < x.shape.rank(); ++i) {
    if (!std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i))) {
      out.push_back(x.shape[i]);
    }
  }
  return {x.dtype, Shape(std::move(out))};
}

TensorType infer_reduce_window(const InferArgs& args) {
  const auto& attr = attr_of<graph::WindowAttr>(args);
  const TensorType& x = args.operands[0];
  check_numeric(args.op, x);
  const std::pair<const char*, const Dims*> fields[] = {{"window", &attr.window},
                                                        {"stride", &attr.stride},
                                                        {"dilation", &attr.dilation},
                                                        {"low", &attr.low},
                                                        {"high", &attr.high}};
  for (const auto& [name, entries] : fields) {
    check_count(args.op, name, *entries, x.shape.rank());
    bool padding = entries == &attr.low || entries == &attr.high;
    check_least(args.op, name, *entries, padding ? 0 : 1);
  }
  Dims out(x.shape.rank());
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t padded = size_add(args.op, size_add(args.op, x.shape[i], attr.low[i]), attr.high[i]);
    out[i] = window_positions(args.op, x.shape[i], padded, attr.window[i], attr.dilation[i],
                              attr.stride[i]);
  }
  return {x.dtype, Shape(std::move(out))};
}

const RegisterOp register_reduce(Op::reduce, {.arity = 1, .infer = infer_reduce});
const RegisterOp register_reduce_window(Op::reduce_window,
                                        {.arity = 1, .infer = infer_reduce_window});

}  // namespace

}  // namespace burin::ops
