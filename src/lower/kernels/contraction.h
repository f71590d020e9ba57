// Contractions by register tiles: acc[row][channel] += lhs[row, k] * rhs[k, channel], over the
// window's taps and k. GEMM and convolution are both of this form; they differ in how they fill it
// in. Look next: nest.h for the loops around a tile, conv.cpp and gemm.cpp for the filling.
#pragma once

#include "lower/kernels/nest.h"

namespace burin::lower {

// Further weights of the same shape, times a factor.
struct AddedWeights {
  WeightView view;
  float factor = 1;
};

// Steps of k per trip of a register tile's inner loop.
inline constexpr int64_t kContractionUnroll = 4;

struct Contraction {
  loop::Elem elem = loop::Elem::f32;  // of operands and sums: f32 or i32
  Nest nest;                          // without schedule, rhs view and strides of packed weights
  int64_t k = 1, lhs_k_stride = 1;
  // The right-hand side over the axes: outer (extent 1 where it does not vary), taps, m tap, k, n.
  // Exactly one of the two is used; a view is read in place if n is contiguous, there are no
  // taps and packing would not pay, else packed by a first kernel.
  std::optional<WeightView> weights;
  std::vector<AddedWeights> added;  // to the weights
  View rhs;
  Dims rhs_sizes;
  // Groups that were joined into one of `bundle` times their channels: the weights are the
  // diagonal blocks of a matrix that is otherwise zero.
  int64_t bundle = 1;
  double flops = 0;
  // Loops over k carry the address of the left side, as fmas should have no index to add; where
  // that is the same to them, an index is faster.
  bool carries_lhs = false;
  // While a register tile steps through its panel it prefetches this many bytes of the next panel,
  // or of what its `ahead` says, per element of a row of inputs: 0 for none, else a scale of
  // addresses.
  int prefetch = 0;
  bool fetches_epilogue = false;  // register tiles first fetch what theirs reads and writes,
  bool fetches_ahead = false;     // or that of the next one
  bool fetches_rows = false;      // and, as `prefetch` says, the rows of the next tile,
  int64_t fetch_groups = 1;       //   so many times as many of them
  // Lines that a register tile with a `fetch` fetches there in each trip of its loop over k.
  int64_t fetch_lines = 0;
};

// The element for a dtype that contractions sum; nothing for others.
std::optional<loop::Elem> contraction_elem(DType dtype);

// Chooses register tile and blocking for the machine, and adds the kernels and the buffers they
// need to `kernels`.
void make_contraction(const DenseJob& job, Contraction contraction, DenseKernels& kernels);

// A dot_general as a contraction, its left side read through `lhs`. The right side's columns may be
// none: n is 1 then.
Contraction gemm_form(const DenseJob& job, const View& lhs);

// A convolution as one contraction; nothing if it has several phases, or padding to be written out.
std::optional<Contraction> conv_form(const DenseJob& job, DenseKernels& kernels);

// Whether it slides: over several taps, or one that lies in the padding at times.
inline bool has_window(const Contraction& c) {
  return !c.nest.taps.empty() || c.nest.m_tap.extent != 1 || c.nest.m_tap.size != 0;
}

// Whether the register tiles read the right-hand side where it is.
bool reads_in_place(const Contraction& c);

// Whether the left side is packed by a kernel in front: its rows, not its k, are contiguous, and so
// far apart that each step of k would touch lines of its own.
bool packs_left(const Contraction& c);

// Whether each tile of the plan packs the right-hand side for itself: where the schedule makes
// tiles of one index of the outer axes, and what they pack, their own alone, stays in the cache.
bool packs_in_tile(const Contraction& c, const Schedule& schedule, const loop::Machine& machine);

// The methods of the list (kernels/list.h).
std::optional<std::string> refuse_conv(const DenseJob& job);
DenseKernels make_conv(const DenseJob& job);
std::vector<Parameters> conv_alternatives(const DenseJob& job, const Parameters& around);
std::optional<std::string> refuse_gemm(const DenseJob& job);
DenseKernels make_gemm(const DenseJob& job);
std::vector<Parameters> gemm_alternatives(const DenseJob& job, const Parameters& around);
std::optional<std::string> refuse_dot(const DenseJob& job);
DenseKernels make_dot(const DenseJob& job);

inline constexpr int64_t kMostRows = 31, kMostVectors = 8;  // of a register tile

// How a contraction is cut, and Contraction::prefetch.
struct ContractionPlan {
  Schedule schedule;
  int prefetch = 0;
};

// Estimated cycles for one pass over k by register tiles of this size; nothing if the machine has
// too few registers for it.
std::optional<double> estimate_tile(const Contraction& c, int64_t rows, int64_t vectors,
                                    const loop::Machine& machine);
// The register tile of the least estimated cycles.
struct TileChoice {
  int64_t rows = 1, vectors = 1;
  double cycles = 0;
};
TileChoice choose_tile(const Contraction& c, const loop::Machine& machine);

ContractionPlan estimate_plan(const Contraction& c, const loop::Machine& machine);

// The plan as parameters of a method and back; nothing if they make no plan for this contraction.
Parameters parameters_of(const ContractionPlan& plan);
std::optional<ContractionPlan> plan_from(const Parameters& parameters, const Contraction& c,
                                         const loop::Machine& machine);
// Plans worth measuring beside this one, for DenseMethod::alternatives.
std::vector<Parameters> contraction_alternatives(const Contraction& c, const Parameters& around,
                                                 const loop::Machine& machine);

// Chooses what register tiles fetch (contraction_fetch.cpp).
void plan_fetches(Contraction& c, const Schedule& schedule);
// Fetches what a register tile's epilogue reads and writes, or that of the next tile along m.
class EpilogueFetch {
 public:
  EpilogueFetch(loop::Builder& b, const MicroTile& tile, bool ahead);

  bool empty() const { return rows_.empty(); }
  void all();
  // One row of the tile: as many lines at once as the core keeps waiting.
  void row(int64_t r);
  void row(loop::Value r);

 private:
  // Rows of a view: the address of the first, how far they lie apart, how many bytes of each are
  // fetched, and whether lines begin there.
  struct Rows {
    loop::Value first;
    int64_t stride = 0, width = 0;
    bool aligned = false;
  };
  void add(const View& view, loop::Value first);
  void fetch(const Rows& rows, const loop::Address& row);

  loop::Builder& b_;
  const MicroTile& tile_;
  int64_t first_;  // row
  std::vector<Rows> rows_;
};

// Emits one register tile.
void emit_contraction_tile(loop::Builder& b, const Contraction& c, const MicroTile& tile);

// Where packed weights lie: [outer][panel][taps, m tap, k][channels of the panel], the last panel
// as narrow as its vectors.
struct PackedLayout {
  int64_t rows = 1;    // of one panel: taps * m tap * k
  int64_t width = 1;   // channels of a full panel
  int64_t block = 0;   // elements per index of the outer axes
  int64_t blocks = 1;  // product of the outer extents along which the weights vary
  Dims outer_strides;  // elements, per outer axis
  int64_t elements() const { return blocks * block; }
};
PackedLayout packed_layout(const Contraction& c, int64_t vectors);
// What writes the packed weights, elements of 4 bytes.
Fill weight_packer(const Contraction& c, const PackedLayout& layout, int64_t lanes);
// A kernel that packs the left side for register tiles of `rows`: [outer][register tile][k][rows];
// its two pointers are the left side's and the packed buffer.
DenseStage make_left_packing(const Contraction& c, int64_t rows);
// A kernel that packs a view at run time; its two pointers are the view's and the packed buffer.
DenseStage make_packing(const Contraction& c, const PackedLayout& layout);
// Packs the view's block of that number of the outer axes into a thread's own memory, at `pointer`.
void pack_block(loop::Builder& b, const Contraction& c, const PackedLayout& layout,
                loop::Value block, int pointer);

}  // namespace burin::lower
