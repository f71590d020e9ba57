// Pad (constant, reflect, edge, wrap; negative amounts crop) and CenterCropPad.
#include <algorithm>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

struct Amounts {
  Dims low, high;  // one entry an axis, negative to crop
};

Amounts pad_amounts(OpContext& c, size_t rank) {
  std::optional<Ints> pads = ints_at(c, "pads", 1);
  if (!pads) refuse("Pad without pads");
  Ints axes = c.has_input(3) ? c.ints_input(3) : range(0, static_cast<int64_t>(rank));
  if (pads->size() != 2 * axes.size()) refuse("pads needs two entries for each axis");
  Amounts out{Dims(rank, 0), Dims(rank, 0)};
  normal_axes(axes, rank);
  for (size_t i = 0; i < axes.size(); ++i) {
    auto a = static_cast<size_t>(OpContext::axis(axes[i], rank));
    out.low[a] = (*pads)[i];
    out.high[a] = (*pads)[i + axes.size()];
    if (std::abs(out.low[a]) > kMaxElements || std::abs(out.high[a]) > kMaxElements) {
      refuse("an entry of pads passes the largest tensor");
    }
  }
  return out;
}

Value pad_constant(Value x, Amounts by, Value fill) {
  Dims begin(x.rank(), 0), limit = x.dims(), zero(x.rank(), 0);
  for (size_t a = 0; a < x.rank(); ++a) {
    begin[a] = std::max<int64_t>(-by.low[a], 0);
    limit[a] -= std::max<int64_t>(-by.high[a], 0);
    if (begin[a] > limit[a]) refuse("negative pads crop more than there is");
    by.low[a] = std::max<int64_t>(by.low[a], 0);
    by.high[a] = std::max<int64_t>(by.high[a], 0);
  }
  graph::Builder& b = x.builder();
  if (begin != zero || limit != x.dims()) {
    x = x.wrap(b.slice(x, begin, limit, Dims(x.rank(), 1)));
  }
  return by.low == zero && by.high == zero ? x : x.wrap(b.pad(x, fill, by.low, by.high, zero));
}

// The position within [0, n) that position i, perhaps outside, repeats.
int64_t source_position(const std::string& mode, int64_t i, int64_t n) {
  if (mode == "edge") return std::clamp<int64_t>(i, 0, n - 1);
  if (mode == "wrap") return (i % n + n) % n;
  if (n == 1) return 0;
  int64_t period = 2 * (n - 1), p = (i % period + period) % period;
  return p < n ? p : period - p;
}

Value pad_repeating(OpContext& c, Value x, const Amounts& by, const std::string& mode) {
  for (size_t a = 0; a < x.rank(); ++a) {
    int64_t n = x.shape()[a];
    if (by.low[a] == 0 && by.high[a] == 0) continue;
    Ints positions = range(-by.low[a], n + by.high[a]);
    if (n == 0 && !positions.empty()) refuse("an empty axis cannot be padded with mode " + mode);
    for (int64_t& p : positions) p = source_position(mode, p, n);
    auto count = static_cast<int64_t>(positions.size());
    x = x.take(ints_constant(c, positions, {count}), static_cast<int64_t>(a));
  }
  return x;
}

void build_pad(OpContext& c) {
  Value x = input(c, 0);
  std::string mode = c.attr_string("mode", "constant");
  Amounts by = pad_amounts(c, x.rank());
  if (mode == "constant") {
    bool given = c.opset >= 11 && c.has_input(2);
    Value fill = given ? input(c, 2).reshape({}) : x.scalar(c.attr_float("value", 0));
    c.set_output(0, pad_constant(x, by, fill));
  } else if (mode == "reflect" || mode == "edge" || mode == "wrap") {
    c.set_output(0, pad_repeating(c, x, by, mode));
  } else {
    refuse("mode is '" + mode + "'", "constant, reflect, edge and wrap are known");
  }
}
BURIN_ONNX_OP(Pad, 2, build_pad);

void build_center_crop_pad(OpContext& c) {
  Value x = input(c, 0);
  Ints target = c.ints_input(1);
  Ints axes = c.attr_ints("axes", range(0, static_cast<int64_t>(x.rank())));
  normal_axes(axes, x.rank());
  if (axes.size() != target.size()) refuse("CenterCropPad needs one size for each axis");
  Amounts by{Dims(x.rank(), 0), Dims(x.rank(), 0)};
  for (size_t i = 0; i < axes.size(); ++i) {
    auto a = static_cast<size_t>(OpContext::axis(axes[i], x.rank()));
    int64_t change = target[i] - x.shape()[a];
    by.low[a] = change / 2;
    by.high[a] = change - by.low[a];
  }
  c.set_output(0, pad_constant(x, by, x.scalar(0)));
}
BURIN_ONNX_OP(CenterCropPad, 18, build_center_crop_pad);

}  // namespace

}  // namespace burin::ops
