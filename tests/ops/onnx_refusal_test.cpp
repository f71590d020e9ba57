// What the rules refuse, and that the reason says what is wrong.
#include <gtest/gtest.h>

#include "tests/support/onnx_op.h"

namespace burin::test {
namespace {

using Ints = std::vector<int64_t>;

struct RefusalCase {
  OnnxCase node;
  const char* reason;  // part of the text
};

TEST(OnnxRefusals, SayWhy) {
  Tensor image = ramp({1, 2, 4, 4});
  Tensor far = ints({1}, {int64_t{1} << 60});
  const std::vector<RefusalCase> cases = {
      {{"RandomNormalLike", {image}}, "random"},
      {{"NonMaxSuppression", {image, image}}, "depends on the data"},
      {{"MaxPool", {image}, {{"kernel_shape", Ints{2, 2}}}, 17, 2}, "positions of the maxima"},
      {{"MaxPool", {image}, {{"kernel_shape", Ints{9, 9}}}}, "larger than the padded input"},
      {{"MaxPool", {image}, {{"kernel_shape", Ints{2, 2}}, {"pads", Ints{2, 2, 2, 2}}}}, "padding"},
      {{"MaxPool", {image}, {{"kernel_shape", Ints{2, 2}}, {"strides", Ints{0, 1}}}}, "strides"},
      {{"AveragePool", {ramp({2, 2})}, {{"kernel_shape", Ints{2}}}}, "batch, channels and space"},
      {{"Conv", {image, ramp({2, 3, 1, 1})}}, "do not match the weights"},
      {{"Conv", {image, ramp({2, 2, 1, 1})}, {{"pads", Ints{1}}}}, "pads has 1 entries"},
      {{"Reshape", {image, ints({2}, {-1, -1})}}, "more than one -1"},
      {{"Reshape", {image, ints({2}, {-1, 5})}}, "does not divide"},
      {{"Reshape", {image, ints({2}, {int64_t{1} << 40, int64_t{1} << 40})}}, "largest tensor"},
      {{"Expand", {ramp({1}), far}}, "elements"},
      {{"ConstantOfShape", {far}}, "elements"},
      {{"Tile", {ramp({4}), far}}, "largest tensor"},
      {{"Pad", {ramp({4}), ints({2}, {0, int64_t{1} << 62})}}, "largest tensor"},
      {{"Range", {ints({}, {INT64_MIN}), ints({}, {INT64_MAX}), ints({}, {1})}}, "elements"},
      {{"Slice", {ramp({4}), ints({1}, {0}), ints({1}, {2}), ints({1}, {0}), ints({1}, {0})}},
       "step"},
      {{"Transpose", {image}, {{"perm", Ints{0, 1, 1, 2}}}}, "repeated"},
      {{"Softmax", {image}, {{"axis", int64_t{4}}}}, "axis"},
      {{"TopK", {ramp({4}), ints({1}, {5})}}, "outside the axis"},
      {{"Mod", {ramp({2}), ramp({2}, 1)}}, "fmod=1"},
      {{"Einsum", {ramp({2}), ramp({3})}, {{"equation", std::string("i,i->")}}}, "two sizes"},
      {{"Einsum", {ramp({2})}, {{"equation", std::string("i->j")}}}, "no input has"},
      {{"LSTM", {ramp({2, 1, 3}), ramp({1, 8, 3}), ramp({1, 8, 3})}}, "do not match hidden_size"},
      {{"Cast", {ramp({2})}, {{"to", int64_t{8}}}}, "strings"},
      {{"Dropout", {ramp({2}), floats({}, {0.5}), ints({}, {1}, DType::pred)}}, "random"},
      {{"Resize", {image, std::nullopt, floats({2}, {1, 1})}}, "for each axis"},
      {{"Upsample", {image}, {{"scales", std::vector<float>{1, 1, -2, 2}}}, 7}, "out of range"},
  };
  for (const RefusalCase& test : cases) {
    std::string text = refusal_of(test.node);
    EXPECT_NE(text.find(test.reason), std::string::npos) << test.node.op_type << ": " << text;
  }
}

}  // namespace
}  // namespace burin::test
