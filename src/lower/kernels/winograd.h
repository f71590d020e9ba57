// Winograd convolution: 3 x 3 windows, stride 1, f32. Each m x m tile of the result comes from an
// alpha x alpha tile of the input (alpha = m + 2) by alpha * alpha products instead of 9 * m * m:
//   y = A^T [ (G g G^T) * (B^T d B) ] A
// summed over input channels before the last transform, so the products are alpha * alpha matrix
// multiplications of tiles by channels. Channels are the lanes of the transforms. Look next:
// winograd_plan.cpp for the choice, winograd_tile.cpp for the code of one tile of the plan.
#pragma once

#include "lower/kernels/conv.h"

namespace burin::lower {

// The points at which the polynomials are multiplied: 0, +-pairs[i]..., and infinity. A, B and G
// follow from them; index 0 of the alpha points is 0, 1 + 2i is +pairs[i], 2 + 2i is -pairs[i].
// G's rows are (1, p, p^2) and (0, 0, 1). What they should be divided by, the product of p's
// distances from the other points, divides A's columns instead, relative to that of point 0; the
// weights are multiplied by zero_scale() for either direction.
struct WinogradPoints {
  std::vector<double> pairs;

  int64_t outputs() const { return 2 * static_cast<int64_t>(pairs.size()); }  // m
  int64_t count() const { return outputs() + 2; }                             // alpha
  double zero_scale() const;
  double scale(size_t pair) const;  // of A's columns of +-pairs[i]
  double infinity_scale() const { return 1 / zero_scale(); }
};
// Well-conditioned points for m = 2, 4 or 6: few bits, so that the transforms' constants are exact.
WinogradPoints winograd_points(int64_t m);

// Winograd tiles: along an image, of the batch.
struct WinogradGrid {
  int64_t tiles_h = 1, tiles_w = 1, tiles = 1;
};

// How the work is cut. A tile of the plan is `block` Winograd tiles times `panel_block` panels of
// output channels; it transforms its inputs, then multiplies and transforms back panel by panel.
// Tiles of the plan that need the same inputs each transform them: moving them between cores costs
// more.
struct WinogradPlan {
  WinogradPoints points;
  WinogradGrid grid;
  int64_t block = 1, blocks = 1;
  int64_t rows = 1, vectors = 1;  // of the register tile
  int64_t panels = 1, panel_block = 1;
  // Input channels whose weights are transformed at a time, next to their products; 0: all weights
  // were transformed before, while compiling if they are known. Divides the number of input
  // channels.
  int64_t chunk = 0;
  double cycles = 0;  // estimated, of the whole

  int64_t groups() const { return (panels + panel_block - 1) / panel_block; }
};

// Scratch memory of a tile, offsets and strides in elements.
struct WinogradScratch {
  int64_t v_row = 0, v_point = 0;         // transformed inputs: [point][tile][channel]
  int64_t u = 0, u_point = 0;             // transformed weights: [point][channel][of the panel]
  int64_t m = 0, m_row = 0, m_point = 0;  // products: [point][tile][channel of a panel]
  int64_t patch = 0, patch_pixel = 0;     // an input tile that reaches over the border
  int64_t result = 0;                     // an output tile that does
  int64_t elements = 0;
};

struct Winograd {
  Conv conv;
  uint16_t lanes = 1;
  bool splits_indexed = false;  // as loop::Machine says
  WinogradPlan plan;
  WinogradScratch scratch;
  int weights_pointer = 0, scratch_pointer = 0;

  // The weights as a constant: [panel][point][channel of the input][of the panel] transformed, or
  // [panel][channel of the input][tap][of the panel]. Elements per channel of the input and of the
  // output.
  int64_t weights_per_pair() const;
  int64_t weight_elements() const;
};

// Why the job's sums must be those of direct products; nothing if they need not: exact sums were
// asked for, or someone truncates them to integers, which were exact and must stay so.
std::optional<std::string> wants_exact_sums(const DenseJob& job);
// Why F(m, 3) cannot compute the job at all; nothing if it can.
std::optional<std::string> cannot_winograd(const DenseJob& job);
// The m that may be chosen.
inline constexpr int64_t kWinogradSizes[] = {4, 6, 2};
bool is_winograd_size(int64_t m);
inline constexpr int64_t kWinogradTaps = 9;  // of the window, 3 x 3
// Shares and speeds of the estimates: of the direct way's time at most, operations of transforms,
// cycles for addresses and loops of one.
inline constexpr double kWorthwhile = 0.9, kTransformOpsPerCycle = 1.4, kCyclesPerTransform = 40;

// At least `elements`, an odd number of lines: with rows so far apart, lines of neighbours fall
// into different sets of a cache.
int64_t odd_lines(int64_t elements);

// How tiles of m x m outputs are cut into blocks of about `block`; register tile and panels are
// open.
WinogradPlan cut_winograd(const Conv& conv, int64_t m, int64_t block);
// The products of a block: one point of them.
Contraction winograd_products(const Conv& conv, int64_t block, uint16_t lanes);
// The best plan by estimate for F(m, 3).
WinogradPlan plan_winograd(const Conv& conv, int64_t m, const loop::Machine& machine);
// The kernel by a given plan.
DenseKernels make_winograd(const DenseJob& job, const WinogradPlan& plan);

// The plan as parameters of a method and back; nothing if they make no plan for this convolution.
Parameters parameters_of(const WinogradPlan& plan);
std::optional<WinogradPlan> winograd_plan_from(const Parameters& parameters, const Conv& conv,
                                               const loop::Machine& machine);

// The methods of the list (kernels/list.h).
std::optional<std::string> refuse_winograd(const DenseJob& job);
DenseKernels make_winograd(const DenseJob& job);
std::vector<Parameters> winograd_alternatives(const DenseJob& job, const Parameters& around);

// The code of one tile of the plan.
void emit_winograd_tile(loop::Builder& b, const Winograd& w);
// What writes the weights as the plan wants them.
Fill winograd_packer(const Winograd& w);
// A kernel that does the same for weights in a buffer, for plans without chunks; its two pointers
// are the view's and the packed buffer.
DenseStage make_winograd_weights(const Winograd& w);

// One-dimensional transforms; `load(k)` hands in element k of a line. Rows are grouped by what they
// share: group 0 is the row of point 0, group i the rows of +-pairs[i - 1], the last group that of
// infinity.
class WinogradLines {
 public:
  using Load = std::function<loop::Value(int64_t k)>;
  WinogradLines(loop::Builder& b, const WinogradPoints& points, uint16_t lanes)
      : b_(b), points_(points), type_{loop::Elem::f32, lanes} {}

  int64_t groups() const { return static_cast<int64_t>(points_.pairs.size()) + 2; }
  static int64_t first_row(int64_t group) { return group == 0 ? 0 : 2 * group - 1; }
  // Rows of B^T times alpha inputs; rows of G times three weights, or times the m elements of a
  // tile of the result's gradient, with the rows' further powers of p.
  std::vector<loop::Value> inputs(int64_t group, const Load& load) const;
  std::vector<loop::Value> weights(int64_t group, const Load& load) const {
    return powers(3, group, load);
  }
  std::vector<loop::Value> gradients(int64_t group, const Load& load) const {
    return powers(points_.outputs(), group, load);
  }

  // A square of `columns` wide transformed by `line` from both sides: B^T d B, G g G^T.
  using Line = std::vector<loop::Value> (WinogradLines::*)(int64_t group, const Load& load) const;
  using LoadAt = std::function<loop::Value(int64_t i, int64_t j)>;
  using StoreAt = std::function<void(int64_t i, int64_t j, loop::Value value)>;
  void square(Line line, int64_t columns, const LoadAt& load, const StoreAt& store) const;

  // A^T M A where A^T has the given number of rows: m for a convolution, 3 for the gradient of its
  // weights.
  void outputs(int64_t rows, const LoadAt& load, const StoreAt& store) const;

 private:
  // Rows parity, parity + 2, ... of A^T times a line of alpha products.
  std::vector<loop::Value> outputs(int64_t rows, int64_t parity, const Load& load) const;
  // The polynomial with `count` coefficients at the points of a group.
  std::vector<loop::Value> powers(int64_t count, int64_t group, const Load& load) const;
  loop::Value real(double x) const { return b_.real(type_, x); }
  loop::Value dot(std::span<const double> coefficients, int64_t first, const Load& load) const;
  // even +- p * odd
  std::vector<loop::Value> both(double p, loop::Value even, loop::Value odd) const;

  loop::Builder& b_;
  const WinogradPoints& points_;
  loop::Type type_;
};

}  // namespace burin::lower
