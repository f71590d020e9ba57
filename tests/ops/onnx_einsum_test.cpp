// Einsum against the sum over all labels, written out; and what it refuses.
#include <gtest/gtest.h>

#include "tests/support/onnx_op.h"

namespace burin::test {
namespace {

// The element of a term at the labels' values.
double element(const Tensor& t, const std::string& labels, const std::map<char, int64_t>& at) {
  int64_t position = 0;
  for (size_t a = 0; a < labels.size(); ++a) {
    int64_t i = t.shape()[a] == 1 ? 0 : at.at(labels[a]);
    position = position * t.shape()[a] + i;
  }
  return t.as_double(position);
}

std::vector<double> brute_force(const std::vector<std::string>& terms, const std::string& output,
                                const std::vector<Tensor>& inputs) {
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < terms.size(); ++i) {
    for (size_t a = 0; a < terms[i].size(); ++a) {
      sizes[terms[i][a]] = std::max(sizes[terms[i][a]], inputs[i].shape()[a]);
    }
  }
  int64_t points = 1, out_elements = 1;
  for (auto& [label, n] : sizes) points *= n;
  for (char label : output) out_elements *= sizes[label];
  std::vector<double> out(static_cast<size_t>(out_elements), 0.0);
  for (int64_t p = 0; p < points; ++p) {
    std::map<char, int64_t> at;
    int64_t rest = p, position = 0;
    for (auto& [label, n] : sizes) at[label] = rest % n, rest /= n;
    double product = 1;
    for (size_t i = 0; i < terms.size(); ++i) product *= element(inputs[i], terms[i], at);
    for (char label : output) position = position * sizes[label] + at[label];
    out[static_cast<size_t>(position)] += product;
  }
  return out;
}

struct EinsumCase {
  std::string equation;
  std::vector<std::string> terms;  // with ellipses spelled out
  std::string output;
  std::vector<Shape> shapes;
};

TEST(OnnxEinsum, AgreesWithTheSum) {
  const std::vector<EinsumCase> cases = {
      {"ij,jk->ik", {"ij", "jk"}, "ik", {{3, 7}, {7, 2}}},
      {"ij,jk", {"ij", "jk"}, "ik", {{3, 4}, {4, 2}}},
      {"bij , bjk -> kbi", {"bij", "bjk"}, "kbi", {{2, 3, 4}, {2, 4, 5}}},
      {"ii->i", {"ii"}, "i", {{5, 5}}},
      {"iji->j", {"iji"}, "j", {{3, 2, 3}}},
      {"ij->", {"ij"}, "", {{3, 2}}},
      {"i,j,k->kji", {"i", "j", "k"}, "kji", {{2}, {3}, {4}}},
      {"ij,ij,ij->i", {"ij", "ij", "ij"}, "i", {{2, 3}, {2, 3}, {2, 3}}},
      {"ab,bc,cd->ad", {"ab", "bc", "cd"}, "ad", {{2, 3}, {3, 4}, {4, 2}}},
      {"...ij,...jk->...ik", {"xyij", "yjk"}, "xyik", {{2, 3, 2, 4}, {3, 4, 2}}},
      {"b...,b...->...", {"bxy", "bxy"}, "xy", {{3, 2, 2}, {3, 2, 2}}},
      {"ij,jk->ik", {"ij", "jk"}, "ik", {{3, 1}, {5, 2}}},
      {"a,ab->ba", {"a", "ab"}, "ba", {{3}, {3, 2}}},
  };
  for (const EinsumCase& test : cases) {
    SCOPED_TRACE(test.equation);
    std::vector<Tensor> inputs;
    OnnxCase node{"Einsum", {}, {{"equation", test.equation}}};
    for (const Shape& shape : test.shapes) inputs.push_back(noise(shape, inputs.size() + 1));
    for (const Tensor& t : inputs) node.inputs.push_back(t);
    std::vector<double> y = values_of(node),
                        expected = brute_force(test.terms, test.output, inputs);
    ASSERT_EQ(y.size(), expected.size());
    for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-5) << i;
  }
}

}  // namespace
}  // namespace burin::test
