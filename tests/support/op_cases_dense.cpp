// Cases of dot_general and convolution.
#include "tests/support/op_cases.h"

namespace burin::test {

namespace {

using graph::ConvAttr;
using graph::DotAttr;
using graph::NodeId;
using graph::Op;

struct DotRow {
  const char* name;
  Dims a, b;
  DotAttr attr;  // lhs_batch, rhs_batch, lhs_contract, rhs_contract
};

const DotRow kDots[] = {
    {"1x1x1", {1, 1}, {1, 1}, {{}, {}, {1}, {0}}},
    {"3x7x17", {3, 7}, {7, 17}, {{}, {}, {1}, {0}}},
    {"33x65x49", {33, 65}, {65, 49}, {{}, {}, {1}, {0}}},
    {"row_times_matrix", {1, 33}, {33, 70}, {{}, {}, {1}, {0}}},
    {"matrix_times_column", {17, 33}, {33}, {{}, {}, {1}, {0}}},
    {"inner_product", {33}, {33}, {{}, {}, {0}, {0}}},
    {"outer_product", {5}, {17}, {{}, {}, {}, {}}},
    {"transposed_right", {15, 33}, {19, 33}, {{}, {}, {1}, {1}}},
    {"transposed_left", {33, 15}, {33, 19}, {{}, {}, {0}, {0}}},
    {"batched", {3, 5, 7}, {3, 7, 9}, {{0}, {0}, {2}, {1}}},
    {"heads", {2, 9, 3, 8}, {2, 11, 3, 8}, {{0, 2}, {0, 2}, {3}, {3}}},
    {"batch_of_dots", {17, 5}, {17, 5}, {{0}, {0}, {1}, {1}}},
    {"two_contracted", {3, 4, 5}, {5, 4, 7}, {{}, {}, {1, 2}, {1, 0}}},
    {"free_around", {3, 7, 5}, {2, 7, 9}, {{}, {}, {1}, {1}}},
    {"empty_sum", {3, 0}, {0, 5}, {{}, {}, {1}, {0}}},
};

// The gradient of the weights [k, k, C, O] of a convolution of x[N, H, W, C] with this stride,
// dilation and padding, all square.
struct WeightGradientRow {
  const char* name;
  Dims x;
  int64_t k, out, stride, dilation, low, high;
  bool transposed;  // the result as [k, k, C, O], else as the convolution has it
};

const WeightGradientRow kWeightGradients[] = {
    {"3x3", {2, 9, 11, 16}, 3, 32, 1, 1, 1, 1, true},
    {"3x3_odd", {3, 7, 17, 3}, 3, 33, 1, 1, 1, 1, true},
    {"3x3_narrow", {1, 17, 7, 33}, 3, 1, 1, 1, 1, 1, false},
    {"3x3_square", {2, 31, 30, 48}, 3, 72, 1, 1, 1, 1, true},
    {"1x1", {2, 7, 5, 17}, 1, 7, 1, 1, 0, 0, true},
    {"5x5_valid", {3, 9, 8, 5}, 5, 19, 1, 1, 0, 0, false},
    {"strided", {2, 15, 14, 7}, 3, 17, 2, 1, 1, 0, true},
    {"strided_1x1", {9, 7, 8, 6}, 1, 16, 2, 1, 0, 0, true},
    {"dilated", {2, 13, 12, 5}, 3, 8, 1, 2, 2, 2, true},
    {"one_column", {2, 12, 1, 5}, 3, 8, 1, 1, 1, 1, true},
    {"padded_more", {1, 5, 6, 4}, 3, 8, 1, 1, 4, 3, false},
};

NodeId weight_gradient(CaseBuilder& b, const WeightGradientRow& row) {
  int64_t reach = (row.k - 1) * row.dilation + 1;
  ConvAttr attr;
  Dims dy = {row.x[0], 0, 0, row.out};
  for (size_t i = 0; i < 2; ++i) {
    int64_t padded = row.x[i + 1] + row.low + row.high;
    dy[i + 1] = (padded - reach) / row.stride + 1;
    // So that the result has k positions: what the strides never met is cropped.
    attr.high.push_back(reach + (dy[i + 1] - 1) * row.stride - row.x[i + 1] - row.low);
  }
  attr.stride = {row.dilation, row.dilation}, attr.low = {row.low, row.low};
  attr.x_dilation = {1, 1}, attr.w_dilation = {row.stride, row.stride};
  NodeId x = b.transpose(b.f32(row.x), {3, 1, 2, 0});
  NodeId y = b.convolution(x, b.transpose(b.f32(dy), {1, 2, 0, 3}), attr);
  return row.transposed ? b.transpose(y, {1, 2, 0, 3}) : y;
}

struct ConvRow {
  const char* name;
  Dims x, w;
  ConvAttr attr;  // stride, low, high, x_dilation, w_dilation, groups
};

const ConvRow kConvolutions[] = {
    {"1x1", {1, 7, 5, 17}, {1, 1, 17, 33}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1}},
    {"1x1_strided", {2, 7, 5, 8}, {1, 1, 8, 16}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1}},
    {"3x3_same", {1, 9, 11, 16}, {3, 3, 16, 32}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1}},
    {"3x3_odd", {2, 7, 17, 3}, {3, 3, 3, 33}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1}},
    {"3x3_stride_2", {1, 15, 14, 7}, {3, 3, 7, 17}, {{2, 2}, {1, 1}, {1, 0}, {1, 1}, {1, 1}, 1}},
    {"7x7_stem", {1, 23, 21, 3}, {7, 7, 3, 16}, {{2, 2}, {3, 3}, {3, 3}, {1, 1}, {1, 1}, 1}},
    {"5x3_valid", {1, 9, 8, 4}, {5, 3, 4, 9}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1}},
    {"dilated", {1, 13, 12, 5}, {3, 3, 5, 8}, {{1, 1}, {2, 3}, {2, 3}, {1, 1}, {2, 3}, 1}},
    {"groups", {2, 7, 7, 12}, {3, 3, 4, 15}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 3}},
    {"depthwise", {1, 9, 9, 17}, {3, 3, 1, 17}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 17}},
    {"depthwise_strided",
     {1, 9, 11, 32},
     {5, 5, 1, 32},
     {{2, 2}, {2, 2}, {2, 2}, {1, 1}, {1, 1}, 32}},
    {"depthwise_multiplied",
     {1, 5, 6, 7},
     {3, 3, 1, 14},
     {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 7}},
    {"transposed", {1, 5, 7, 9}, {3, 3, 9, 5}, {{1, 1}, {2, 2}, {2, 1}, {2, 2}, {1, 1}, 1}},
    {"transposed_by_3", {2, 4, 3, 6}, {4, 4, 6, 8}, {{1, 1}, {3, 3}, {2, 3}, {3, 3}, {1, 1}, 1}},
    {"transposed_groups", {1, 5, 5, 8}, {3, 3, 4, 6}, {{1, 1}, {2, 2}, {2, 2}, {2, 2}, {1, 1}, 2}},
    {"cropped", {1, 9, 8, 4}, {3, 3, 4, 8}, {{1, 1}, {-2, 1}, {1, -3}, {1, 1}, {1, 1}, 1}},
    {"padding_only", {1, 1, 1, 3}, {2, 2, 3, 4}, {{1, 1}, {4, 3}, {3, 4}, {1, 1}, {1, 1}, 1}},
    {"1d", {3, 17, 5}, {4, 5, 9}, {{2}, {1}, {2}, {1}, {1}, 1}},
    {"1d_causal", {1, 33, 8}, {3, 8, 8}, {{1}, {4}, {0}, {1}, {2}, 1}},
    {"3d",
     {1, 5, 6, 7, 3},
     {3, 2, 3, 3, 8},
     {{1, 2, 1}, {1, 0, 1}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 1}},
    {"square", {2, 15, 14, 32}, {3, 3, 32, 40}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1}},
    {"one_pixel", {1, 1, 1, 33}, {1, 1, 33, 65}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1}},
};

InputRange range_for(DType dtype) {
  return is_float(dtype) ? InputRange{-1, 1} : InputRange{is_signed(dtype) ? -9.0 : 0.0, 9};
}

template <class Row, class Build>
void add_rows(std::vector<OpCase>& cases, Op op, const Row& row, Build build) {
  for (DType dtype : {DType::f32, DType::f64, DType::i32, DType::i64, DType::u8}) {
    cases.push_back({std::string(name_of(op)) + "_" + row.name + "_" + std::string(name_of(dtype)),
                     op, [=](CaseBuilder& b) { return build(b, dtype); }});
  }
}

// A block of layers that each read all before it, by 3x3 filters and by what stands between.
NodeId dense_block(CaseBuilder& b, Dims image, bool nested) {
  NodeId x = b.f32(std::move(image));
  std::vector<NodeId> parts = {b.exp(x), b.f32(b.shape(x).dims())};
  NodeId all = b.concatenate(parts, 3);
  for (int64_t width : {3, 17, 8}) {
    Tensor point = random_tensor({DType::f32, Shape{1, 1, b.shape(all)[3], 16}}, {-1, 1}, 3);
    Tensor square = random_tensor({DType::f32, Shape{3, 3, 16, width}}, {-1, 1}, 4);
    NodeId y = b.with_scalar(Op::max, all, 0);
    y = b.convolution(y, b.constant(point), {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}, 1});
    y = b.convolution(y, b.constant(square), {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 1});
    if (nested) parts = {all};
    parts.push_back(y);
    all = b.concatenate(parts, 3);
  }
  Tensor last = random_tensor({DType::f32, Shape{2, 2, b.shape(all)[3], 7}}, {-1, 1}, 5);
  NodeId end = b.convolution(all, b.constant(last), {{2, 2}, {0, 1}, {1, 0}, {1, 1}, {1, 1}, 1});
  return b.concatenate({end, end}, 1);
}

// Sums of a convolution's result, over its pixels if nothing else is said, and of its products with
// another tensor.
struct SumsRow {
  const char* name;
  Dims x, w;
  ConvAttr attr;
  bool products;
  Dims over = {1, 2};
};

const SumsRow kSums[] = {
    {"pointwise", {8, 7, 9, 17}, {1, 1, 17, 33}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}}, true},
    {"one_channel", {9, 5, 3, 1}, {1, 1, 1, 1}, {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}}, true},
    {"strided", {8, 7, 9, 5}, {1, 1, 5, 70}, {{2, 2}, {0, 0}, {0, 0}, {1, 1}, {1, 1}}, true},
    {"padded", {8, 3, 5, 7}, {1, 1, 7, 16}, {{1, 1}, {1, 2}, {0, 1}, {1, 1}, {1, 1}}, false},
    {"in_phases", {8, 4, 5, 7}, {1, 1, 7, 48}, {{1, 1}, {0, 0}, {1, 0}, {2, 2}, {1, 1}}, true},
    {"depthwise",
     {8, 17, 9, 33},
     {3, 3, 1, 33},
     {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 33},
     false},
    {"depthwise_strided",
     {9, 7, 8, 40},
     {3, 3, 1, 40},
     {{2, 2}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 40},
     false},
    {"depthwise_in_phases",
     {8, 5, 7, 17},
     {3, 3, 1, 17},
     {{1, 1}, {1, 1}, {2, 1}, {2, 2}, {1, 1}, 17},
     false},
    {"over_images", {33, 8, 9}, {1, 9, 7}, {{1}, {2}, {0}, {1}, {1}}, false, {0}},
    {"of_rows",
     {3, 9, 5, 7},
     {1, 1, 7, 16},
     {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}},
     true,
     {0, 2}},
    {"of_rows_of_one",
     {1, 9, 5, 7},
     {1, 1, 7, 16},
     {{1, 1}, {0, 0}, {0, 0}, {1, 1}, {1, 1}},
     true,
     {0, 2}},
    {"depthwise_of_rows",
     {1, 17, 9, 83},
     {3, 3, 1, 83},
     {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 83},
     false,
     {0, 2}},
    {"depthwise_of_strided_rows",
     {1, 33, 16, 70},
     {5, 5, 1, 70},
     {{2, 2}, {2, 2}, {2, 2}, {1, 1}, {1, 1}, 70},
     false,
     {0, 2}},
    {"of_one_row",
     {1, 3, 21, 17},
     {1, 3, 1, 17},
     {{1, 2}, {0, 1}, {-2, 1}, {1, 1}, {1, 1}, 17},
     false,
     {0}},
    {"of_columns",
     {9, 3, 8, 17},
     {3, 3, 1, 17},
     {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, 17},
     false,
     {0, 1}},
};

NodeId sums(CaseBuilder& b, const SumsRow& row) {
  NodeId y = b.convolution(b.f32(row.x), b.f32(row.w), row.attr);
  NodeId sum = b.reduce(y, graph::ReduceKind::sum, row.over);
  if (!row.products) return sum;
  NodeId z = b.f32(b.shape(y).dims());
  return b.add(sum, b.reduce(b.mul(y, z), graph::ReduceKind::sum, row.over));
}

}  // namespace

// The second operand of each row is an input, and in a further f32 case a constant, which a kernel
// may pack.
std::vector<OpCase> dense_cases() {
  std::vector<OpCase> cases;
  for (const WeightGradientRow& row : kWeightGradients) {
    cases.push_back({std::string("weight_gradient_") + row.name, Op::convolution,
                     [row](CaseBuilder& b) { return weight_gradient(b, row); }});
  }
  for (const SumsRow& row : kSums) {
    cases.push_back({std::string("sums_of_convolution_") + row.name, Op::convolution,
                     [row](CaseBuilder& b) { return sums(b, row); }});
  }
  for (const DotRow& row : kDots) {
    auto build = [row](CaseBuilder& b, DType t) {
      NodeId a = b.in(t, row.a, range_for(t));
      return b.dot_general(a, b.in(t, row.b, range_for(t)), row.attr);
    };
    add_rows(cases, Op::dot_general, row, build);
    cases.push_back(
        {std::string("dot_general_constant_") + row.name, Op::dot_general, [row](CaseBuilder& b) {
           NodeId a = b.f32(row.a);
           Tensor w = random_tensor({DType::f32, Shape(row.b)}, {-1, 1}, 3);
           return b.dot_general(a, b.constant(w), row.attr);
         }});
  }
  cases.push_back({"dot_general_one_value_along_k", Op::dot_general, [](CaseBuilder& b) {
                     Tensor w = random_tensor({DType::f32, Shape{33, 17}}, {-1, 1}, 3);
                     NodeId x = b.broadcast(b.f32({17}), Shape{17, 33}, {0});
                     return b.dot_general(x, b.constant(w), {{}, {}, {1}, {0}});
                   }});
  for (const ConvRow& row : kConvolutions) {
    auto build = [row](CaseBuilder& b, DType t) {
      NodeId x = b.in(t, row.x, range_for(t));
      return b.convolution(x, b.in(t, row.w, range_for(t)), row.attr);
    };
    add_rows(cases, Op::convolution, row, build);
    cases.push_back(
        {std::string("convolution_constant_") + row.name, Op::convolution, [row](CaseBuilder& b) {
           NodeId x = b.f32(row.x);
           Tensor w = random_tensor({DType::f32, Shape(row.w)}, {-1, 1}, 3);
           return b.convolution(x, b.constant(w), row.attr);
         }});
  }
  for (bool nested : {false, true}) {
    for (int64_t width : {1, 7, 33}) {
      std::string name = nested ? "dense_block_nested_" : "dense_block_";
      cases.push_back({name + std::to_string(width), Op::convolution, [=](CaseBuilder& b) {
                         return dense_block(b, {1, 5, width, width}, nested);
                       }});
    }
  }
  return cases;
}

}  // namespace burin::test
