// With A and B in quadrants, and C = A B:
//   S1 = A21 + A22, S2 = S1 - A11, S3 = A11 - A21, S4 = A12 - S2
//   T1 = B12 - B11, T2 = B22 - T1, T3 = B22 - B12, T4 = T2 - B21
//   P1 = A11 B11, P2 = A12 B21, P3 = S4 B22, P4 = A22 T4, P5 = S1 T1, P6 = S2 T2, P7 = S3 T3
//   C11 = P1 + P2, U2 = P1 + P6, U3 = U2 + P7, U4 = U2 + P5
//   C12 = U4 + P3, C21 = U3 - P4, C22 = U3 + P5
// An odd number of rows leaves the lower quadrants one row short: what is missing counts as zero.
#include "lower/kernels/strassen.h"

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/map.h"

namespace burin::lower {

namespace {

using graph::Op;

constexpr double kL2BytesPerCycle = 24;  // sustained, of the sums
constexpr double kGain = 1.5;            // the least, of cycles saved over cycles of the sums

// A quadrant of the left side, or one of the sums.
struct Left {
  int sum = -1;             // 0 for S1, ...; or
  int row = 0, column = 0;  // a quadrant
};

// Quadrants of the weights, each added or subtracted.
struct WeightTerm {
  int row, column;
  float factor;
};

// What a product adds to: `from` (an intermediate; -1 for nothing) plus `factor` times the product
// is stored as `to` (another or the same), or is a quadrant of the result.
struct Kept {
  int from = -1, to = -1;
};
struct Finished {
  int from;
  Op op;
  int row, column;
};

struct Product {
  Left left;
  std::vector<WeightTerm> weights;
  bool lower_rows = false;  // as many as the lower quadrants have
  std::optional<Kept> kept;
  std::optional<Finished> finished;
};

// The intermediates are P1, then U2 which becomes U4, then U3.
const std::vector<Product>& products() {
  constexpr int kP1 = 0, kU2 = 1, kU3 = 2, kU4 = kU2;
  static const std::vector<Product> kProducts = {
      {{-1, 0, 0}, {{0, 0, 1}}, false, Kept{-1, kP1}, {}},
      {{1}, {{1, 1, 1}, {0, 1, -1}, {0, 0, 1}}, false, Kept{kP1, kU2}, {}},
      {{-1, 0, 1}, {{1, 0, 1}}, false, {}, Finished{kP1, Op::add, 0, 0}},
      {{2}, {{1, 1, 1}, {0, 1, -1}}, true, Kept{kU2, kU3}, {}},
      {{0}, {{0, 1, 1}, {0, 0, -1}}, true, Kept{kU2, kU4}, Finished{kU3, Op::add, 1, 1}},
      {{3}, {{1, 1, 1}}, false, {}, Finished{kU4, Op::add, 0, 1}},
      {{-1, 1, 1},
       {{1, 1, 1}, {0, 1, -1}, {0, 0, 1}, {1, 0, -1}},
       true,
       {},
       Finished{kU3, Op::sub, 1, 0}},
  };
  return kProducts;
}
constexpr int kIntermediates = 3, kSums = 4;

int add_node(Expr& expr, ExprNode node) {
  expr.nodes.push_back(node);
  return static_cast<int>(expr.nodes.size()) - 1;
}

int add_load(Expr& expr, View view) {
  ExprNode load;
  load.kind = ExprNode::Kind::load;
  load.view = static_cast<int>(expr.views.size());
  expr.views.push_back(std::move(view));
  return add_node(expr, load);
}

int add_op(Expr& expr, Op op, int a, int b) {
  ExprNode node;
  node.op = op;
  node.operands[0] = a;
  node.operands[1] = b;
  return add_node(expr, node);
}

// Appends `more` with its acc leaf replaced by a node of `expr`; returns its results.
std::vector<int> append_expr(Expr& expr, const Expr& more, int acc) {
  auto views = static_cast<int>(expr.views.size());
  expr.views.insert(expr.views.end(), more.views.begin(), more.views.end());
  std::vector<int> moved, results;
  for (ExprNode node : more.nodes) {
    if (node.kind == ExprNode::Kind::acc) {
      moved.push_back(acc);
      continue;
    }
    if (node.kind == ExprNode::Kind::load) node.view += views;
    for (int& operand : node.operands) {
      if (operand >= 0) operand = moved[static_cast<size_t>(operand)];
    }
    moved.push_back(add_node(expr, node));
  }
  for (int result : more.results) results.push_back(moved[static_cast<size_t>(result)]);
  return results;
}

class StrassenBuilder {
 public:
  StrassenBuilder(const DenseJob& job, DenseKernels& kernels)
      : job_(job), kernels_(kernels), whole_(gemm_form(job, plain_operand(job, 0, kernels))) {
    upper_ = ceil_div(whole_.nest.m, 2);
    k_ = whole_.k / 2;
    n_ = whole_.nest.n / 2;
  }

  void build() {
    sums_ = add_buffer(kSums * upper_ * k_);
    for (int i = 0; i < kIntermediates; ++i) intermediates_[i] = add_buffer(upper_ * n_);
    add_sums(0, lower());
    if (lower() < upper_) add_sums(lower(), 0);
    for (const Product& product : products()) {
      Contraction c = contraction(product);
      double elements = static_cast<double>((c.nest.m + n_) * k_ + 2 * c.nest.m * n_);
      make_contraction(job_, std::move(c), kernels_);
      kernels_.stages.back().bytes = 4 * elements;
    }
    kernels_.algorithm = "seven products of half the size, " + kernels_.algorithm;
  }

 private:
  int64_t lower() const { return whole_.nest.m - upper_; }

  // Returns its pointer.
  int add_buffer(int64_t elements) {
    kernels_.extras.push_back({elements * 4, {}});
    return job_.pointers + static_cast<int>(kernels_.extras.size()) - 1;
  }

  // A quadrant of the left side from row `first` on, over rows and k.
  View left_quadrant(int row, int column, int64_t first) const {
    View view = whole_.nest.lhs;
    view.dtype = DType::f32;
    view.offset += (row * upper_ + first) * whole_.nest.lhs_m_stride + column * k_;
    view.strides = {whole_.nest.lhs_m_stride, 1};
    return view;
  }

  View sum_view(int sum, int64_t first) const {
    return {sums_, DType::f32, (sum * upper_ + first) * k_, {k_, 1}};
  }

  // The rows of S1 to S4 from `first` on: `both` rows that the lower quadrants have too, or one
  // that they lack.
  void add_sums(int64_t first, int64_t both) {
    FusedJob job;
    job.name = "sums";
    job.space = {both > 0 ? both : 1, k_};
    job.reduced = {false, false};
    job.machine = job_.machine;
    job.pointers = job_.pointers + static_cast<int>(kernels_.extras.size());
    Expr& e = job.expr;
    int a11 = add_load(e, left_quadrant(0, 0, first)),
        a12 = add_load(e, left_quadrant(0, 1, first));
    auto store = [&](int sum, int node) {
      e.results.push_back(node);
      job.outputs.push_back(sum_view(sum, first));
    };
    if (both > 0) {
      int a21 = add_load(e, left_quadrant(1, 0, first));
      int s1 = add_op(e, Op::add, a21, add_load(e, left_quadrant(1, 1, first)));
      int s2 = add_op(e, Op::sub, s1, a11);
      store(0, s1);
      store(1, s2);
      store(2, add_op(e, Op::sub, a11, a21));
      store(3, add_op(e, Op::sub, a12, s2));
    } else {
      ExprNode minus;
      minus.op = Op::neg;
      minus.operands[0] = a11;
      store(1, add_node(e, minus));
      store(3, add_op(e, Op::add, a12, a11));
    }
    DenseStage stage = std::move(make_map(job).stages[0]);
    stage.in_place.clear();
    stage.bytes = point_bytes(job) * static_cast<double>(Shape(job.space).elements());
    kernels_.stages.push_back(std::move(stage));
  }

  WeightView weight_quadrant(int row, int column) const {
    WeightView view = *whole_.weights;
    Dims dims = view.type.shape.dims();
    size_t n = dims.size() - 1, k = n - 1;
    dims[k] = k_;
    dims[n] = n_;
    view.type.shape = Shape(dims);
    view.offset += row * k_ * view.strides[k] + column * n_ * view.strides[n];
    if (!view.scale_strides.empty()) {
      view.scale_offset += row * k_ * view.scale_strides[k] + column * n_ * view.scale_strides[n];
    }
    return view;
  }

  Contraction contraction(const Product& product) const {
    Contraction c = whole_;
    c.nest.m = product.lower_rows ? lower() : upper_;
    c.nest.n = n_;
    c.k = k_;
    c.rhs_sizes.end()[-2] = k_;
    c.rhs_sizes.back() = n_;
    c.flops = whole_.flops / static_cast<double>(products().size());
    bool summed = product.left.sum >= 0;
    c.nest.lhs = summed ? sum_view(product.left.sum, 0)
                        : left_quadrant(product.left.row, product.left.column, 0);
    if (summed) c.nest.lhs_m_stride = k_;
    c.added.clear();
    for (const WeightTerm& term : product.weights) {
      WeightView view = weight_quadrant(term.row, term.column);
      if (&term == &product.weights[0]) {
        c.weights = std::move(view);
      } else {
        c.added.push_back({std::move(view), term.factor});
      }
    }
    set_epilogue(product, c.nest);
    return c;
  }

  // Over m and n.
  View intermediate(int i) const { return {intermediates_[i], DType::f32, 0, {n_, 1}}; }

  void set_epilogue(const Product& product, Nest& nest) const {
    Expr e;
    nest.outputs.clear();
    ExprNode leaf;
    leaf.kind = ExprNode::Kind::acc;
    int acc = add_node(e, leaf);
    auto plus = [&](int from, Op op) {
      return from < 0 ? acc : add_op(e, op, add_load(e, intermediate(from)), acc);
    };
    if (const auto& kept = product.kept) {
      e.results.push_back(plus(kept->from, Op::add));
      nest.outputs.push_back(intermediate(kept->to));
    }
    if (const auto& f = product.finished) {
      AxisSource quadrant[] = {{0, 1, f->row * upper_}, {1, 1, f->column * n_}};
      int value = plus(f->from, f->op);
      for (int r : append_expr(e, remap(whole_.nest.epilogue, quadrant), value)) {
        e.results.push_back(r);
      }
      for (const View& view : whole_.nest.outputs) nest.outputs.push_back(remap(view, quadrant));
    }
    nest.epilogue = std::move(e);
  }

  const DenseJob& job_;
  DenseKernels& kernels_;
  Contraction whole_;
  int64_t upper_, k_, n_;  // sizes of the upper left quadrants
  int sums_ = 0;
  int intermediates_[kIntermediates] = {};
};

}  // namespace

std::optional<std::string> cannot_strassen(const DenseJob& job) {
  if (job.exact) return "exact sums asked for";
  if (auto reason = refuse_gemm(job)) return reason;
  if (node_of(job).type.dtype != DType::f32) return "not of f32";
  if (!job.operands[1].weights) return "no weights";
  DenseKernels unused;
  Contraction c = gemm_form(job, plain_operand(job, 0, unused));
  if (!c.nest.outer.empty() || !c.nest.taps.empty()) return "its axes do not lie evenly";
  if (c.lhs_k_stride != 1) return "its rows are not contiguous";
  if (c.k % 2 != 0 || c.nest.n % 2 != 0 || c.nest.m < 2) return "it has no halves";
  c.nest.n /= 2;
  return refuse_vectors(c.nest, *job.machine);
}

std::optional<std::string> refuse_strassen(const DenseJob& job) {
  if (auto reason = cannot_strassen(job)) return reason;
  DenseKernels unused;
  Contraction c = gemm_form(job, plain_operand(job, 0, unused));
  auto m = static_cast<double>(c.nest.m), n = static_cast<double>(c.nest.n);
  auto k = static_cast<double>(c.k);
  double fmas_per_cycle = 2.0 * c.nest.lanes;
  double saved = m * n * k / 8 / fmas_per_cycle;
  double sums = (8 * m * k + 11 * m * n) / kL2BytesPerCycle;
  if (c.nest.m < 64) return "few rows";
  if (saved < kGain * sums) return "the sums would cost too much";
  return std::nullopt;
}

DenseKernels make_strassen(const DenseJob& job) {
  DenseKernels kernels;
  StrassenBuilder(job, kernels).build();
  return kernels;
}

}  // namespace burin::lower
