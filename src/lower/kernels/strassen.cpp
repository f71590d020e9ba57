// With A and B in quadrants, and C = A B:
//   S1 = A21 + A22, S2 = S1 - A11, S3 = A11 - A21, S4 = A12 - S2
//   T1 = B12 - B11, T2 = B22 - T1, T3 = B22 - B12, T4 = T2 - B21
//   P1 = A11 B11, P2 = A12 B21, P3 = S4 B22, P4 = A22 T4, P5 = S1 T1, P6 = S2 T2, P7 = S3 T3
//   C11 = P1 + P2, U2 = P1 + P6, U3 = U2 + P7, U4 = U2 + P5
//   C12 = U4 + P3, C21 = U3 - P4, C22 = U3 + P5
// The rows of the upper quadrants are the even ones, those of the lower quadrants the odd ones: a
// thread with half of the tiles reads the rows that it wrote in the kernel before. An odd number of
// rows leaves the lower quadrants one row short: what is missing counts as zero.
#include "lower/kernels/strassen.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/checked.h"
#include "lower/kernels/contraction.h"
#include "lower/kernels/machine_model.h"
#include "lower/kernels/map.h"
#include "lower/kernels/tiles.h"

namespace burin::lower {

namespace {

using graph::Op;
using loop::Builder;
using loop::Value;

constexpr double kGain = 1.25;    // the least, of cycles saved over cycles of the sums
constexpr double kWorthIt = 1e5;  // cycles saved that a kernel more is worth
constexpr int64_t kEnoughChunks = 4, kFewestRowsPerLane = 6;

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
constexpr int64_t kRowBlocks = 2;  // where they are equal
constexpr size_t kChunkAxis = 1;   // of a product's outer axes; axis 0 is that of the blocks

int add_load(Expr& expr, View view) {
  ExprNode load;
  load.kind = ExprNode::Kind::load;
  load.view = static_cast<int>(expr.views.size());
  expr.views.push_back(std::move(view));
  return expr.add(load);
}

int add_op(Expr& expr, Op op, int a, int b) {
  ExprNode node;
  node.op = op;
  node.operands[0] = a;
  node.operands[1] = b;
  return expr.add(node);
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
    moved.push_back(expr.add(node));
  }
  for (int result : more.results) results.push_back(moved[static_cast<size_t>(result)]);
  return results;
}

// Columns are worked on in chunks: all seven products of one before the next, so that the
// intermediates stay in cache.
struct Chunks {
  int64_t vectors = 1;  // of a panel
  int64_t rows = 1;     // of a register tile
  int64_t columns = 1;  // of a chunk, in one half of the result
  int64_t count = 1;
  double cycles = 0;  // per step of k of one product, over all columns
};

// `blocks` share the rows of `half`, so that of the intermediates one part is in use at a time.
Chunks choose_chunks(const Contraction& half, int64_t blocks, const loop::Machine& machine) {
  TileChoice tile = choose_tile(half, machine);
  Chunks chunks{tile.vectors, tile.rows, half.nest.n, 1, tile.cycles};
  int64_t width = tile.vectors * half.nest.lanes, panels = half.nest.n / width;
  if (panels == 0) return chunks;
  int64_t bytes = kIntermediates * blocks * half.nest.m * width * kF32Bytes;
  int64_t most = std::min(machine.l2_bytes / 4 / bytes, panels / kEnoughChunks);
  int64_t size = std::max<int64_t>(most, 1);
  while (panels % size != 0) --size;
  chunks.columns = size * width;
  chunks.count = panels / size;
  return chunks;
}

class StrassenBuilder {
 public:
  StrassenBuilder(const DenseJob& job, const Contraction& whole, DenseKernels& kernels)
      : job_(job), kernels_(kernels), whole_(whole), outer_(whole.nest.outer.size()) {
    upper_ = ceil_div(whole_.nest.m, 2);
    blocks_ = whole_.nest.m % (2 * kRowBlocks) == 0 ? kRowBlocks : 1;
    rows_ = upper_ / blocks_;
    k_ = whole_.k / 2;
    Contraction half = whole_;
    half.nest.m = rows_;
    half.nest.n = whole_.nest.n / 2;
    half.k = k_;
    chunks_ = choose_chunks(half, blocks_, *job.machine);
    n_ = chunks_.count * chunks_.columns;
    for (const Product& product : products()) contractions_.push_back(contraction(product));
  }

  // Of the plan.
  int64_t tiles() const { return blocks_ * parts_of_rows() * chunks_.count; }

  void build() {
    if (2 * n_ < whole_.nest.n) add_rest();
    sums_ = add_buffer({kSums * upper_ * k_ * kF32Bytes, {}});
    add_sums(0, lower());
    if (lower() < upper_) add_sums(lower(), 0);
    int64_t bytes = kIntermediates * rows_ * chunks_.columns * kF32Bytes;
    intermediates_ = add_buffer({bytes, {}, /*per_thread=*/true});
    add_weights();
    add_products();
    kernels_.cycles += chunks_.cycles * static_cast<double>(7 * k_ * blocks_);
    kernels_.algorithm = fmt::format(
        "seven products of half the size, register tiles of {} x {} vectors, weights packed",
        chunks_.rows, chunks_.vectors);
  }

 private:
  int64_t lower() const { return whole_.nest.m - upper_; }

  // Returns its pointer.
  int add_buffer(ExtraBuffer buffer) {
    kernels_.extras.push_back(std::move(buffer));
    return job_.pointers + static_cast<int>(kernels_.extras.size()) - 1;
  }

  // A quadrant of the left side from row `first` on, over blocks, rows and k.
  View left_quadrant(int row, int column, int64_t first) const {
    View view = whole_.nest.lhs;
    view.dtype = DType::f32;
    view.offset += (row + 2 * first) * whole_.nest.lhs_m_stride + column * k_;
    view.strides = {2 * rows_ * whole_.nest.lhs_m_stride, 2 * whole_.nest.lhs_m_stride, 1};
    return view;
  }

  // Over blocks, rows and k. The sums of one row lie together: a thread's half of the rows is its
  // half of the buffer.
  View sum_view(int sum, int64_t first) const {
    int64_t row = kSums * k_;
    return {sums_, DType::f32, sum * k_ + first * row, {rows_ * row, row, 1}};
  }

  // The rows of S1 to S4 from `first` on: `both` rows that the lower quadrants have too, or one
  // that they lack.
  void add_sums(int64_t first, int64_t both) {
    FusedJob job;
    job.name = "sums";
    job.space = {blocks_, both > 0 ? both / blocks_ : 1, k_};
    job.reduced = {false, false, false};
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
      store(1, e.add(minus));
      store(3, add_op(e, Op::add, a12, a11));
    }
    DenseStage stage = std::move(make_map(job).stages[0]);
    stage.in_place.clear();
    stage.bytes = point_bytes(job) * static_cast<double>(Shape(job.space).elements());
    kernels_.stages.push_back(std::move(stage));
  }

  // Packed, a chunk of all products lies together in the order of use.
  void add_weights() {
    PackedLayout layout = packed_layout(contractions_[0], chunks_.vectors);
    auto count = static_cast<int64_t>(contractions_.size());
    layout.outer_strides[kChunkAxis] = count * layout.block;
    auto part = [contractions = contractions_, layout](std::byte* out, int64_t i) {
      const Contraction& c = contractions[static_cast<size_t>(i)];
      weight_packer(c, layout, c.nest.lanes)(out + i * layout.block * kF32Bytes);
    };
    Fill fill{part, count};
    int pointer = add_buffer({count * chunks_.count * layout.block * kF32Bytes, std::move(fill)});
    for (int64_t i = 0; i < count; ++i) {
      Nest& nest = contractions_[static_cast<size_t>(i)].nest;
      nest.rhs.pointer = pointer;
      nest.rhs.offset = i * layout.block;
      nest.rhs_n_stride = layout.rows;
      nest.outer[kChunkAxis].rhs_stride = count * layout.block;
    }
  }

  // Register tiles along m of a tile of the plan: half of them where there are few chunks and no
  // blocks of rows, and the halves of all products begin at the same row.
  int64_t tiles_of_half() const {
    int64_t all = ceil_div(rows_, chunks_.rows), second = all / 2;  // where the second half begins
    if (blocks_ > 1 || chunks_.count >= kEnoughTiles || second == 0) return all;
    if (ceil_div(lower(), chunks_.rows) != all) return all;
    return start_of(upper_, second) == start_of(lower(), second) ? all - second : all;
  }
  int64_t parts_of_rows() const { return ceil_div(ceil_div(rows_, chunks_.rows), tiles_of_half()); }
  // The row at which a register tile begins, of `m` rows.
  int64_t start_of(int64_t m, int64_t tile) const {
    for (const Segment& s : split_rows(m, chunks_.rows, {})) {
      if (tile < s.first_tile + s.tiles) return s.start + (tile - s.first_tile) * s.rows;
    }
    return m;
  }

  // One tile of the plan is one chunk of one block, or half, of the rows.
  void add_products() {
    Builder b("strassen", job_.pointers + static_cast<int>(kernels_.extras.size()));
    int64_t m_block = tiles_of_half(), halves = parts_of_rows();
    // Chunks run fastest, so that a thread stays with its rows.
    Value tile = b.tile(), chunks = b.index(chunks_.count);
    if (halves > 1) tile = b.add(b.mul(b.rem(tile, chunks), b.index(halves)), b.div(tile, chunks));
    for (size_t i = 0; i < contractions_.size(); ++i) {
      Contraction& c = contractions_[i];
      const Product& product = products()[i];
      if (product.left.sum >= 0) c.nest.lhs = sum_view(product.left.sum, 0);
      set_epilogue(product, c.nest);
      int64_t width = chunks_.vectors * c.nest.lanes, panels = ceil_div(chunks_.columns, width);
      c.prefetch = m_block * 4 >= width ? 4 : 8;
      c.carries_lhs = job_.machine->splits_indexed;
      Schedule schedule{chunks_.rows, chunks_.vectors, 1, m_block, panels};
      emit_nest_tile(b, c.nest, schedule, tile,
                     [&](const MicroTile& micro) { emit_contraction_tile(b, c, micro); });
    }
    DenseStage stage;
    stage.function = b.finish();
    stage.tiles = tiles();
    double share = 2.0 * static_cast<double>(n_) / static_cast<double>(whole_.nest.n);
    stage.flops = whole_.flops * share;
    stage.performed = stage.flops * 7 / 8;
    bind_all(job_, kernels_, stage);
    stage.writes[static_cast<size_t>(intermediates_)] = true;
    kernels_.stages.push_back(std::move(stage));
  }

  // The columns behind the last chunk. Comes first: its kernel must not see the scratch memory.
  void add_rest() {
    Contraction c = whole_;
    c.nest.n -= 2 * n_;
    c.rhs_sizes.back() = c.nest.n;
    size_t n = c.weights->strides.size() - 1;
    Dims dims = c.weights->type.shape.dims();
    dims[n] = c.nest.n;
    c.weights->type.shape = Shape(dims);
    move_along(*c.weights, n, 2 * n_);
    std::vector<AxisSource> columns = outer_axes();
    columns.push_back({axis_m(), 1, 0});
    columns.push_back({axis_m() + 1, 1, 2 * n_});
    c.nest.epilogue = remap(whole_.nest.epilogue, columns);
    for (View& view : c.nest.outputs) view = remap(view, columns);
    c.flops *= static_cast<double>(c.nest.n) / static_cast<double>(whole_.nest.n);
    make_contraction(job_, std::move(c), kernels_);
  }

  static void move_along(WeightView& view, size_t axis, int64_t count) {
    view.offset += count * view.strides[axis];
    if (!view.scale_strides.empty()) view.scale_offset += count * view.scale_strides[axis];
  }

  // Over blocks of rows, chunks, outer axes, no tap, k, n.
  WeightView weight_quadrant(int row, int column) const {
    WeightView view = *whole_.weights;
    size_t k = view.strides.size() - 2, n = k + 1;
    move_along(view, k, row * k_);
    move_along(view, n, column * n_);
    view.type.shape = Shape(weight_sizes());
    split_columns(view.strides);
    if (!view.scale_strides.empty()) split_columns(view.scale_strides);
    return view;
  }

  void split_columns(Dims& strides) const {
    strides.insert(strides.begin(), {0, chunks_.columns * strides.back()});
  }

  Dims weight_sizes() const {
    Dims sizes = whole_.rhs_sizes;
    sizes.insert(sizes.begin(), {1, chunks_.count});
    sizes.end()[-2] = k_;
    sizes.back() = chunks_.columns;
    return sizes;
  }

  int axis_m() const { return static_cast<int>(outer_); }

  // Of size 1.
  std::vector<AxisSource> outer_axes() const {
    std::vector<AxisSource> axes;
    for (int i = 0; i < axis_m(); ++i) axes.push_back({i});
    return axes;
  }

  // Without the parts that need buffers.
  Contraction contraction(const Product& product) const {
    Contraction c = whole_;
    bool summed = product.left.sum >= 0;
    c.nest.lhs_m_stride = summed ? kSums * k_ : 2 * whole_.nest.lhs_m_stride;
    OuterAxis blocks{blocks_, rows_ * c.nest.lhs_m_stride, 0}, chunks{chunks_.count, 0, 0};
    c.nest.outer.insert(c.nest.outer.begin(), {blocks, chunks});
    c.nest.m = blocks_ == 1 && product.lower_rows ? lower() : rows_;
    c.nest.n = chunks_.columns;
    c.k = k_;
    c.rhs_sizes = weight_sizes();
    c.nest.lhs = left_quadrant(product.left.row, product.left.column, 0);
    for (const WeightTerm& term : product.weights) {
      WeightView view = weight_quadrant(term.row, term.column);
      if (&term == &product.weights[0]) {
        c.weights = std::move(view);
      } else {
        c.added.push_back({std::move(view), term.factor});
      }
    }
    return c;
  }

  // Over blocks of rows, chunks, outer axes, m and n.
  View intermediate(int i) const {
    int64_t n = chunks_.columns;
    View view{intermediates_, DType::f32, i * rows_ * n, Dims(outer_ + 4, 0)};
    view.strides.end()[-2] = n;
    view.strides.back() = 1;
    return view;
  }

  void set_epilogue(const Product& product, Nest& nest) const {
    Expr e;
    nest.outputs.clear();
    ExprNode leaf;
    leaf.kind = ExprNode::Kind::acc;
    int acc = e.add(leaf);
    auto plus = [&](int from, Op op) {
      return from < 0 ? acc : add_op(e, op, add_load(e, intermediate(from)), acc);
    };
    if (const auto& kept = product.kept) {
      e.results.push_back(plus(kept->from, Op::add));
      nest.outputs.push_back(intermediate(kept->to));
    }
    if (const auto& f = product.finished) {
      std::vector<AxisSource> quadrant = outer_axes();
      quadrant.insert(quadrant.begin(),
                      {{axis_m(), 2 * rows_, 0}, {axis_m() + 1, chunks_.columns, 0}});
      quadrant.push_back({axis_m(), 2, f->row});
      quadrant.push_back({axis_m() + 1, 1, f->column * n_});
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
  const Contraction& whole_;
  size_t outer_;  // its outer axes, all of size 1
  Chunks chunks_;
  int64_t upper_ = 0, k_ = 0, n_ = 0;      // sizes of the upper left quadrants
  int64_t blocks_ = 1, rows_ = 0;          // of those rows, and rows of a block
  std::vector<Contraction> contractions_;  // of the products
  int sums_ = 0, intermediates_ = 0;       // pointers
};

std::optional<Contraction> contraction_of(const DenseJob& job, DenseKernels& kernels) {
  if (node_of(job).op == Op::convolution) return conv_form(job, kernels);
  return gemm_form(job, plain_operand(job, 0, kernels));
}

std::optional<std::string> cannot_divide(const Contraction& c, const loop::Machine& machine) {
  if (c.elem != loop::Elem::f32) return "not of f32";
  if (!c.weights || c.bundle > 1) return "no plain weights";
  for (const OuterAxis& axis : c.nest.outer) {
    if (axis.extent != 1) return "its axes do not lie evenly";
  }
  if (has_window(c)) return "it has a window";
  if (c.lhs_k_stride != 1) return "its rows are not contiguous";
  if (c.k < 2 || c.k % 2 != 0 || c.nest.n < 2 || c.nest.m < 2) return "it has no halves";
  Nest half = c.nest;
  if (c.nest.n % (2 * c.nest.lanes) != 0) half.n = 1;  // narrow panels
  return refuse_vectors(half, machine);
}

// Bytes of the sums of weights.
int64_t sum_bytes(const Contraction& c) { return c.k * c.nest.n * kF32Bytes * 3 / 4; }

}  // namespace

std::optional<std::string> cannot_strassen(const DenseJob& job) {
  if (job.exact) return "exact sums asked for";
  bool conv = node_of(job).op == Op::convolution;
  if (auto reason = conv ? refuse_conv(job) : refuse_gemm(job)) return reason;
  DenseKernels unused;
  std::optional<Contraction> c = contraction_of(job, unused);
  if (!c) return "it has phases";
  return cannot_divide(*c, *job.machine);
}

std::optional<std::string> refuse_strassen(const DenseJob& job) {
  if (auto reason = cannot_strassen(job)) return reason;
  DenseKernels unused;
  Contraction c = *contraction_of(job, unused);
  if (c.nest.m < kFewestRowsPerLane * c.nest.lanes) return "few rows";
  if (sum_bytes(c) > job.spare_weights) {
    return "its sums of weights would take too much memory";
  }
  auto m = static_cast<double>(c.nest.m), n = static_cast<double>(c.nest.n);
  auto k = static_cast<double>(c.k);
  double fmas_per_cycle = 2.0 * c.nest.lanes;
  double saved = m * n * k / 8 / fmas_per_cycle;
  // The sums are written in lines of their own; what the products add up hides behind them in part.
  double sums = (4 * m * k + 5 * m * n) / kL2BytesPerCycle +
                4 * m * k / kLineBytes * job.machine->cycles_per_line;
  if (saved < kGain * sums) return "the sums would cost too much";
  if (saved < kWorthIt) return "it is small";
  if (StrassenBuilder(job, c, unused).tiles() == 1) return "it would be one tile";
  return std::nullopt;
}

DenseKernels make_strassen(const DenseJob& job) {
  DenseKernels kernels;
  Contraction c = *contraction_of(job, kernels);
  kernels.spare_weights = sum_bytes(c);
  StrassenBuilder(job, c, kernels).build();
  kernels.choice.parameters.clear();  // those of the columns behind the last chunk
  return kernels;
}

}  // namespace burin::lower
