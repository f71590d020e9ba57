// Fused elementwise work: a small DAG evaluated at each point of an iteration space. Map kernels,
// row kernels and the epilogues of GEMM and convolution all take one, so any elementwise op can be
// fused anywhere. Leaves are affine views of buffers; `acc` leaves are handed in by the kernel (the
// accumulators of a GEMM, the statistics of a row). Made by lower/group.h from graph nodes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "loop/builder.h"

namespace burin::lower {

// Element (d0, d1, ...) of the iteration space is at offset + sum(d[i] * strides[i]), in elements.
struct View {
  int pointer = 0;  // which of the kernel's pointers
  DType dtype = DType::f32;
  int64_t offset = 0;
  std::vector<int64_t> strides;
};

struct ExprNode {
  enum class Kind : uint8_t { load, acc, literal, index, op };
  Kind kind = Kind::op;
  DType dtype = DType::f32;       // of the value
  int view = 0;                   // load: index into Expr::views
  int acc = 0;                    // acc: which of the values handed in; index: which axis (an iota)
  double literal = 0;             // literal, floats
  int64_t literal_int = 0;        // literal, integers and pred
  graph::Op op = graph::Op::add;  // op: elementwise or convert
  int operands[3] = {-1, -1, -1};
  graph::SourceId source;
};

struct Expr {
  std::vector<View> views;
  std::vector<ExprNode> nodes;  // operands precede users
  std::vector<int> results;     // the nodes whose values the kernel stores

  bool empty() const { return nodes.empty(); }
};

// How the point is addressed while code is emitted: every axis has a run-time index; the lanes of
// a vector run along `lane_axis`.
struct Point {
  std::span<const loop::Value> index;  // i64 scalars, one per axis of the iteration space
  std::vector<int64_t> extra;          // compile-time addition per axis (unrolled positions)
  int lane_axis = -1;
  uint16_t lanes = 1;
  loop::Value mask;  // the lanes in range; invalid if all are (its width is that of `mask_elem`)
  // The addresses of the expression's views at `index`, from emit_bases: what a kernel computes
  // once for all the unrolled points around it. Empty: each load computes its own address.
  std::span<const loop::Value> bases = {};
};

// The element that holds values of a dtype in registers: f32 for f16 and bf16, i32 for integers
// narrower than that, a mask for pred, else the dtype's own.
loop::Elem register_elem(DType dtype);

// The address of each view at `index` (compile-time additions excluded).
std::vector<loop::Value> emit_bases(loop::Builder& b, std::span<const View> views,
                                    std::span<const loop::Value> index);

// Emits loads and ops of the expression at a point; returns one value per result.
// `accs` are the values of the acc leaves. Loads whose stride along the lane axis is 1 are vector
// loads, 0 splats, anything else gathers.
std::vector<loop::Value> emit_expr(loop::Builder& b, const Expr& expr, const Point& point,
                                   std::span<const loop::Value> accs);

// Converts a value from its register form to the view's dtype and stores it at the point. `base` is
// the view's address from emit_bases, or invalid.
void emit_store(loop::Builder& b, const View& view, const Point& point, loop::Value base,
                loop::Value value);

}  // namespace burin::lower
