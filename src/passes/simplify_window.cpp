// Rules of sliding windows: padding moves into them, trivial ones go.
#include <limits>

#include "passes/dims.h"
#include "passes/simplify_rules.h"

namespace burin::passes {

namespace {

using graph::ConvAttr;
using graph::PadAttr;
using graph::ReduceKind;
using graph::SliceAttr;
using graph::WindowAttr;

// conv(pad(x, 0)) => conv(x) with the padding added; interior padding becomes x_dilation.
NodeId pad_into_convolution(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id, 0);
  if (s.op(inner) != Op::pad || !s.is_uniform(s.operand(inner, 1), 0)) return {};
  PadAttr pad = s.attr<PadAttr>(inner);
  ConvAttr conv = s.attr<ConvAttr>(id);
  if (!are_moderate(conv.low) || !are_moderate(conv.high)) return {};
  size_t last = pad.low.size() - 1;
  for (size_t axis : {size_t{0}, last}) {
    if (pad.low[axis] || pad.high[axis] || pad.interior[axis]) return {};
  }
  for (size_t i = 0; i < conv.low.size(); ++i) {
    int64_t dilation = conv.x_dilation[i];
    bool dilated_twice = pad.interior[i + 1] != 0 && dilation != 1;
    if (dilated_twice || s.shape(s.operand(inner))[i + 1] == 0) return {};
    // Zeros stand between the padding of a dilated operand too.
    conv.low[i] += pad.low[i + 1] * dilation;
    conv.high[i] += pad.high[i + 1] * dilation;
    conv.x_dilation[i] = dilation * (pad.interior[i + 1] + 1);
  }
  return s.add(Op::convolution, {s.operand(inner), s.operand(id, 1)}, conv);
}

// Whether padding with this value is like the window's own padding. A max over values that are not
// negative may take 0 for it, where each window also sees an element: it does if no padding is as
// large as the window.
bool pads_like_identity(Simplifier& s, NodeId pad, const WindowAttr& window) {
  auto value = s.uniform(s.operand(pad, 1));
  if (!value || !is_float(s.dtype(pad))) return false;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  switch (window.kind) {
    case ReduceKind::sum: return *value == 0;
    case ReduceKind::prod: return *value == 1;
    case ReduceKind::min: return *value == kInfinity;
    case ReduceKind::max: break;
  }
  if (*value == -kInfinity) return true;
  if (*value != 0 || !is_non_negative(s.graph(), s.operand(pad))) return false;
  PadAttr a = s.attr<PadAttr>(pad);
  for (size_t i = 0; i < a.low.size(); ++i) {
    bool inside = a.low[i] + window.low[i] < window.window[i] &&
                  a.high[i] + window.high[i] < window.window[i] && window.dilation[i] == 1;
    if (!inside || s.shape(s.operand(pad))[i] == 0) return false;
  }
  return true;
}

NodeId pad_into_window(Simplifier& s, NodeId id) {
  NodeId inner = s.operand(id);
  if (s.op(inner) != Op::pad) return {};
  PadAttr pad = s.attr<PadAttr>(inner);
  WindowAttr window = s.attr<WindowAttr>(id);
  if (!pads_like_identity(s, inner, window)) return {};
  for (size_t i = 0; i < pad.low.size(); ++i) {
    if (pad.interior[i] != 0) return {};
    window.low[i] += pad.low[i];
    window.high[i] += pad.high[i];
  }
  return s.add(Op::reduce_window, {s.operand(inner)}, window);
}

// A window of one element without padding takes every stride-th element.
NodeId window_of_one(Simplifier& s, NodeId id) {
  WindowAttr a = s.attr<WindowAttr>(id);
  for (size_t i = 0; i < a.window.size(); ++i) {
    if (a.window[i] != 1 || a.low[i] != 0 || a.high[i] != 0) return {};
  }
  NodeId x = s.operand(id);
  return s.add(Op::slice, {x}, SliceAttr{Dims(a.window.size(), 0), s.shape(x).dims(), a.stride});
}

constexpr Rule kWindowRules[] = {
    {Op::convolution, "convolution(pad(x, 0), w) => convolution(x, w)", pad_into_convolution},
    {Op::reduce_window, "reduce_window(pad(x, identity)) => reduce_window(x)", pad_into_window},
    {Op::reduce_window, "reduce_window(x) of 1 => slice(x)", window_of_one},
};

}  // namespace

std::span<const Rule> window_rules() { return kWindowRules; }

}  // namespace burin::passes
