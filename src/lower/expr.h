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
#include "loop/machine.h"

namespace burin::lower {

// Element (d0, d1, ...) of the iteration space is at offset + sum(d[i] * strides[i]), in elements.
struct View {
  int pointer = 0;  // which of the kernel's pointers
  DType dtype = DType::f32;
  int64_t offset = 0;
  std::vector<int64_t> strides;
  // An output in aligned memory that will not be read before the caches have lost it: whole lines
  // are stored past them, which saves reading those first.
  bool streams = false;
};

// Elements that a view touches over a space of these sizes, each counted once.
int64_t elements_touched(const View& view, std::span<const int64_t> sizes);

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
  // Appends a node; its number.
  int add(ExprNode node) {
    nodes.push_back(std::move(node));
    return static_cast<int>(nodes.size()) - 1;
  }
};

// How the point is addressed while code is emitted: every axis has a run-time index; the lanes of
// a vector run along `lane_axis`.
struct Point {
  std::span<const loop::Value> index;  // i64 scalars, one per axis; an invalid one stands for 0
  std::vector<int64_t> extra;          // compile-time addition per axis (unrolled positions)
  int lane_axis = -1;
  uint16_t lanes = 1;
  loop::Value mask;      // the lanes in range, a mask of any width; invalid if all are
  bool aligned = false;  // the index along lane_axis is a multiple of lanes
  // The addresses of the expression's views at `index`, from emit_bases: what a kernel computes
  // once for all the unrolled points around it. Empty: each load computes its own address.
  std::span<const loop::Value> bases = {};
  // With bases: an axis that they leave out, whose index each load still adds.
  int open_axis = -1;
};

// The element that holds values of a dtype in registers: f32 for f16 and bf16, i32 for integers
// narrower than that, a mask for pred, else the dtype's own.
loop::Elem register_elem(DType dtype);

// The address of each view at `index` (compile-time additions excluded).
std::vector<loop::Value> emit_bases(loop::Builder& b, std::span<const View> views,
                                    std::span<const loop::Value> index);

// Evaluates nodes of an expression at one point, each at most once and only what is asked for.
// A kernel may hand in values that it computed elsewhere (statistics of a row, saved values).
class PointEmitter {
 public:
  // `accs` are the values of the acc leaves; all arguments must outlive the emitter.
  PointEmitter(loop::Builder& b, const Expr& expr, const Point& point,
               std::span<const loop::Value> accs);

  // Node `node` has this value, whatever its kind.
  void set(int node, loop::Value value) { values_[static_cast<size_t>(node)] = value; }
  // The value in register form, in all lanes.
  loop::Value value(int node);

 private:
  loop::Value emit_node(const ExprNode& node);
  loop::Value emit_load(const View& view, size_t index);
  loop::Value emit_literal(const ExprNode& node);
  loop::Value emit_index(const ExprNode& node);
  loop::Value emit_op(const ExprNode& node);

  loop::Builder& b_;
  const Expr& expr_;
  const Point& point_;
  std::span<const loop::Value> accs_;
  std::vector<loop::Value> values_;
};

// Emits loads and ops of the expression at a point; returns one value per result.
// `accs` are the values of the acc leaves. Loads whose stride along the lane axis is 1 are vector
// loads, 0 splats, anything else gathers.
std::vector<loop::Value> emit_expr(loop::Builder& b, const Expr& expr, const Point& point,
                                   std::span<const loop::Value> accs);

// Loads one view at a point into register form. `base` is the view's address from emit_bases, or
// invalid.
loop::Value emit_view_load(loop::Builder& b, const View& view, const Point& point,
                           loop::Value base);

// Converts a value from its register form to the view's dtype and stores it at the point. `base` is
// the view's address from emit_bases, or invalid. Along the lanes the view's stride must be 1.
void emit_store(loop::Builder& b, const View& view, const Point& point, loop::Value base,
                loop::Value value);

// The lanes that a point of the expression may have: as many as fit a vector of the widest element
// that its values pass through; 1 if an access has no vector form along `lane_axis`.
uint16_t lanes_for(const Expr& expr, std::span<const View> outputs, int lane_axis,
                   const loop::Machine& machine);

// Whether loads and stores of these views may carry a mask on this machine.
bool can_mask(const Expr& expr, std::span<const View> outputs, const loop::Machine& machine);

// A mask over any element brought to the width of `elem`.
loop::Value mask_as(loop::Builder& b, loop::Value mask, loop::Elem elem);

}  // namespace burin::lower
