// dot_general and convolution against values worked out by hand, and convolution against its
// definition on every row of the case table.
#include <optional>

#include "graph/eval.h"
#include "tests/support/op_cases.h"
#include "tests/support/run_case.h"
#include "tests/support/values.h"

namespace burin::test {

namespace {

using graph::ConvAttr;
using graph::NodeId;

class Dense : public Values {};

TEST_F(Dense, DotGeneral) {
  NodeId x = count({2, 3}), y = count({3, 2});
  expect(b.dot_general(x, y, {{}, {}, {1}, {0}}), {10, 13, 28, 40});
  expect(b.dot_general(x, x, {{}, {}, {1}, {1}}), {5, 14, 14, 50});
  expect(b.dot_general(x, x, {{0}, {0}, {1}, {1}}), {5, 50});
  expect(b.dot_general(x, y, {{}, {}, {0, 1}, {1, 0}}),
         {0 * 0 + 1 * 2 + 2 * 4 + 3 + 4 * 3 + 5 * 5});
  expect(b.dot_general(count({2}), count({3}), {{}, {}, {}, {}}), {0, 0, 0, 0, 1, 2});
  NodeId bytes = value(DType::u8, {2}, {100, 3});
  expect_ints(b.dot_general(bytes, bytes, {{}, {}, {0}, {0}}), {(10000 + 9) % 256});
}

// Free axes keep their order, batch axes lead: [b,m,k] x [k,n,b] -> [b,m,n].
TEST_F(Dense, DotGeneralOrdersAxes) {
  NodeId x = count({2, 1, 2}), y = count({2, 2, 2});
  // b=0: [0 1] x [[0 2] [4 6]], b=1: [2 3] x [[1 3] [5 7]]
  expect(b.dot_general(x, y, {{0}, {2}, {2}, {0}}), {4, 6, 17, 27});
}

TEST_F(Dense, Convolution) {
  NodeId x = count({1, 5, 1}), w = f32({3, 1, 1}, {1, 10, 100});
  expect(b.convolution(x, w, {{1}, {0}, {0}, {1}, {1}, 1}), {210, 321, 432});
  expect(b.convolution(x, w, {{2}, {1}, {1}, {1}, {1}, 1}), {100, 321, 43});
  expect(b.convolution(x, w, {{1}, {0}, {0}, {1}, {2}, 1}), {420});
  expect(b.convolution(x, w, {{1}, {-1}, {-1}, {1}, {1}, 1}), {321});
  // Spread by 2: 0 0 1 0 2 0 3 0 4
  expect(b.convolution(x, w, {{2}, {0}, {0}, {2}, {1}, 1}), {100, 201, 302, 403});
  // Two groups, one output channel each.
  NodeId pairs = count({1, 3, 2}), v = f32({1, 1, 2}, {1, 10});
  expect(b.convolution(pairs, v, {{1}, {0}, {0}, {1}, {1}, 2}), {0, 10, 2, 30, 4, 50});
}

// out[n, o..., c] = sum over taps t... and channels i of the group of c:
//   x[n, (o*stride + t*w_dilation - low) / x_dilation ..., i] * w[t..., i, c]
class ByDefinition {
 public:
  ByDefinition(const ConvAttr& attr, const Tensor& x, const Tensor& w, const Shape& out)
      : attr_(attr), x_(x), w_(w), out_(out), spatial_(out.rank() - 2) {}

  double at(int64_t flat) const {
    Dims index(out_.rank());
    for (size_t i = out_.rank(); i-- > 0; flat /= out_[i]) index[i] = flat % out_[i];
    return over_taps(index, 0, index[0], 0);
  }

 private:
  double over_taps(const Dims& index, size_t axis, int64_t pixel, int64_t tap_index) const {
    if (axis == spatial_) return over_channels(index.back(), pixel, tap_index);
    double sum = 0;
    for (int64_t t = 0; t < w_.shape()[axis]; ++t) {
      int64_t p = index[axis + 1] * attr_.stride[axis] + t * attr_.w_dilation[axis];
      p -= attr_.low[axis];
      if (p < 0 || p % attr_.x_dilation[axis] != 0) continue;
      p /= attr_.x_dilation[axis];
      if (p >= x_.shape()[axis + 1]) continue;
      sum += over_taps(index, axis + 1, pixel * x_.shape()[axis + 1] + p,
                       tap_index * w_.shape()[axis] + t);
    }
    return sum;
  }
  double over_channels(int64_t output, int64_t pixel, int64_t tap_index) const {
    int64_t per_group = w_.shape()[spatial_], outputs = w_.shape()[spatial_ + 1];
    int64_t group = output / (outputs / attr_.groups);
    double sum = 0;
    for (int64_t i = 0; i < per_group; ++i) {
      sum += x_.as_double(pixel * x_.shape()[spatial_ + 1] + group * per_group + i) *
             w_.as_double((tap_index * per_group + i) * outputs + output);
    }
    return sum;
  }

  const ConvAttr& attr_;
  const Tensor &x_, &w_;
  const Shape& out_;
  size_t spatial_;
};

TEST(Convolution, AgreesWithItsDefinition) {
  int checked = 0;
  for (const OpCase& op_case : op_cases()) {
    bool wanted = op_case.op == graph::Op::convolution && op_case.name.ends_with("_f64");
    if (!wanted) continue;
    SCOPED_TRACE(op_case.name);
    BuiltCase built = build_case(op_case);
    auto got = graph::eval(built.graph, built.inputs);
    ASSERT_TRUE(got);
    NodeId node = built.graph.outputs[0].node;
    ByDefinition definition(built.graph.attr<ConvAttr>(node), built.inputs[0], built.inputs[1],
                            built.graph.type(node).shape);
    Tensor want(built.graph.type(node));
    for (int64_t i = 0; i < want.elements(); ++i) want.set_double(i, definition.at(i));
    auto text = difference((*got)[0], want);
    EXPECT_FALSE(text) << *text;
    ++checked;
  }
  EXPECT_GT(checked, 15);
}

}  // namespace

}  // namespace burin::test
