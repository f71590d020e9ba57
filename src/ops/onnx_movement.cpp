// ONNX ops that permute or repeat elements: Transpose, Expand, Tile, DepthToSpace, SpaceToDepth,
// Concat, Split, ReverseSequence.
#include <algorithm>
#include <numeric>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

void build_transpose(OpContext& c) {
  Value x = input(c, 0);
  Ints perm = c.attr_ints("perm");
  if (!c.has_attr("perm")) {
    perm = range(0, static_cast<int64_t>(x.rank()));
    std::reverse(perm.begin(), perm.end());
  }
  if (normal_axes(perm, x.rank()).size() != x.rank()) refuse("perm does not name every axis");
  for (int64_t& p : perm) p = OpContext::axis(p, x.rank());
  c.set_output(0, x.transpose(std::move(perm)));
}
BURIN_ONNX_OP(Transpose, 1, build_transpose);

void build_expand(OpContext& c) {
  Value x = input(c, 0);
  Shape target(c.ints_input(1));
  c.set_output(0, x.broadcast_to(graph::Builder::broadcast_shapes(x.shape(), target)));
}
BURIN_ONNX_OP(Expand, 8, build_expand);

// [a, b] -> [1, a, 1, b] -> [r0, a, r1, b] -> [r0 * a, r1 * b]
void build_tile(OpContext& c) {
  Value x = input(c, 0);
  Ints repeats = c.ints_input(1);
  if (repeats.size() != x.rank()) refuse("Tile needs one repeat for each axis");
  Dims wide, from, dims;
  for (size_t i = 0; i < x.rank(); ++i) {
    if (repeats[i] < 0) refuse("a repeat of Tile is negative");
    if (repeats[i] != 1) wide.push_back(repeats[i]);
    from.push_back(static_cast<int64_t>(wide.size()));
    wide.push_back(x.shape()[i]);
    dims.push_back(product(repeats[i], x.shape()[i]));
  }
  Value repeated = wide.size() == x.rank() ? x : x.broadcast(Shape(wide), from);
  c.set_output(0, repeated.reshape(std::move(dims)));
}
BURIN_ONNX_OP(Tile, 6, build_tile);

int64_t block_size(OpContext& c, const Value& x) {
  if (x.rank() != 4) refuse("a tensor of rank 4 is needed, not " + x.type().text());
  int64_t block = c.attr_int("blocksize");
  if (block < 1 || block > (1 << 20)) refuse("blocksize is " + std::to_string(block));
  return block;
}

// Channels split into (block, block, C') as DCR or (C', block, block) as CRD.
void build_depth_to_space(OpContext& c) {
  Value x = input(c, 0);
  int64_t k = block_size(c, x);
  std::string mode = c.attr_string("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") refuse("mode is '" + mode + "', neither DCR nor CRD");
  int64_t n = x.dim(0), depth = x.dim(1) / (k * k), h = x.dim(2), w = x.dim(3);
  if (depth * k * k != x.dim(1)) refuse("blocksize does not divide the channels");
  Value y = mode == "DCR" ? x.reshape({n, k, k, depth, h, w}).transpose({0, 3, 4, 1, 5, 2})
                          : x.reshape({n, depth, k, k, h, w}).transpose({0, 1, 4, 2, 5, 3});
  c.set_output(0, y.reshape({n, depth, h * k, w * k}));
}
BURIN_ONNX_OP(DepthToSpace, 1, build_depth_to_space);

void build_space_to_depth(OpContext& c) {
  Value x = input(c, 0);
  int64_t k = block_size(c, x);
  int64_t n = x.dim(0), depth = x.dim(1), h = x.dim(2) / k, w = x.dim(3) / k;
  if (h * k != x.dim(2) || w * k != x.dim(3)) refuse("blocksize does not divide the image");
  Value y = x.reshape({n, depth, h, k, w, k}).transpose({0, 3, 5, 1, 2, 4});
  c.set_output(0, y.reshape({n, depth * k * k, h, w}));
}
BURIN_ONNX_OP(SpaceToDepth, 1, build_space_to_depth);

// Parts without elements need not fit, as exporters count on ONNX Runtime to accept them: one of
// the same rank takes its place along the axis as zeros, one of another rank is left out.
void build_concat(OpContext& c) {
  std::vector<NodeId> all, parts;
  for (size_t i = 0; i < c.input_count(); ++i) all.push_back(c.input(i));
  if (all.empty()) refuse("Concat without inputs");
  auto is_whole = [&](NodeId part) { return c.b.shape(part).elements() > 0; };
  auto whole = std::ranges::find_if(all, is_whole);
  const Shape model = c.b.shape(whole == all.end() ? all[0] : *whole);
  auto axis = static_cast<size_t>(OpContext::axis(c.attr_int("axis", 1), model.rank()));
  for (NodeId part : all) {
    if (whole == all.end() || is_whole(part)) {
      parts.push_back(part);
    } else if (c.b.shape(part).rank() == model.rank()) {
      Dims dims = model.dims();
      dims[axis] = c.b.shape(part)[axis];
      parts.push_back(c.b.full({c.b.dtype(part), Shape(dims)}, 0));
    }
  }
  c.set_output(0, c.b.concatenate(std::move(parts), static_cast<int64_t>(axis)));
}
BURIN_ONNX_OP(Concat, 4, build_concat);

// Given sizes, else num_outputs (opset 18) or as many equal parts as outputs; the last is smaller.
void build_split(OpContext& c) {
  Value x = input(c, 0);
  int64_t axis = OpContext::axis(c.attr_int("axis", 0), x.rank());
  auto count = static_cast<int64_t>(c.output_count());
  Ints sizes;
  if (std::optional<Ints> given = ints_at(c, "split", 1)) {
    sizes = *given;
  } else {
    int64_t part = (x.dim(axis) + count - 1) / count, left = x.dim(axis);
    for (int64_t i = 0; i < count; ++i, left -= std::min(part, left)) {
      sizes.push_back(std::min(part, left));
    }
  }
  if (static_cast<int64_t>(sizes.size()) != count) refuse("Split has a wrong number of sizes");
  int64_t begin = 0;
  for (size_t i = 0; i < sizes.size(); begin += sizes[i++]) {
    if (sizes[i] < 0 || sizes[i] > x.dim(axis) - begin) refuse("Split passes the end of its axis");
    set(c, i, x.slice(axis, begin, begin + sizes[i]));
  }
  if (begin != x.dim(axis)) refuse("the sizes of Split do not add up to its axis");
}
BURIN_ONNX_OP(Split, 2, build_split);

}  // namespace

}  // namespace burin::ops
