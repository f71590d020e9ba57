// Writes down a network layer by layer: ONNX nodes and seeded random weights. Layers return the
// name of their output. Look next: zoo/zoo.h for the networks, onnx/write.h for the file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "onnx/node_view.h"
#include "tensor/tensor.h"

namespace burin::zoo {

// A dimension: a size, or a name for one that is bound when the model is used.
struct Dim {
  int64_t size = -1;
  std::string symbol;
  Dim(int64_t n) : size(n) {}              // NOLINT: a dimension is a number
  Dim(const char* name) : symbol(name) {}  // NOLINT: or a name
};

struct NetPort {
  std::string name;
  DType dtype = DType::f32;
  std::vector<Dim> dims;
};

struct NetInitializer {
  std::string name;
  Tensor value;
};

class Net {
 public:
  Net(std::string net_name, uint64_t seed) : name(std::move(net_name)), rng_(seed) {}

  std::string name;
  std::vector<NetPort> inputs, outputs;
  std::vector<onnx::NodeView> nodes;
  std::vector<NetInitializer> initializers;

  std::string input(std::string port_name, DType dtype, std::vector<Dim> dims);
  // Renames nothing: an Identity node gives the output its name.
  void output(const std::string& value, std::string port_name, std::vector<Dim> dims);

  // A node of any type with one output.
  std::string node(const std::string& op_type, std::vector<std::string> operands,
                   std::map<std::string, onnx::AttributeValue, std::less<>> attributes = {});
  // x cut along the axis into pieces of these sizes.
  std::vector<std::string> split(const std::string& x, int64_t axis, std::vector<int64_t> sizes);
  std::string concat(std::vector<std::string> pieces, int64_t axis = 1);
  std::string add(const std::string& a, const std::string& b) { return node("Add", {a, b}); }
  std::string mul(const std::string& a, const std::string& b) { return node("Mul", {a, b}); }
  std::string transpose(const std::string& x, std::vector<int64_t> perm);
  std::string reshape(const std::string& x, std::vector<int64_t> dims);
  std::string constant(const std::string& role, Tensor value);
  std::string ints(std::vector<int64_t> values);
  std::string scalar(float value);
  // f32 weights drawn from a normal distribution of the deviation around the mean.
  std::string weights(const std::string& role, Dims shape, double deviation, double mean = 0);

  struct ConvShape {
    int64_t in, out, kernel;
    int64_t stride = 1, pad = 0, groups = 1;
    bool bias = true;
    // The kernel's width where it is not square; the padding differs by half as much.
    int64_t width = 0;
  };
  // x[N, in, H, W] -> [N, out, ...]; He initialisation (He et al. 2015).
  std::string conv(const std::string& x, const ConvShape& shape);
  // A convolution into which an exporter has folded the normalisation after it: the weights are
  // scaled by `gain`, the bias is what the norm's scale and shift have become.
  std::string conv_norm(const std::string& x, const ConvShape& shape, double gain = 1);
  // Inference batch normalisation over `channels`, with the scale drawn around `gain`.
  std::string batch_norm(const std::string& x, int64_t channels, double gain = 1);
  // Over the last axis.
  std::string layer_norm(const std::string& x, int64_t width, float epsilon = 1e-6f);
  std::string relu(const std::string& x) { return node("Relu", {x}); }
  std::string silu(const std::string& x) { return mul(x, node("Sigmoid", {x})); }
  // 0.5 x (1 + erf(x / sqrt(2)))
  std::string gelu(const std::string& x);
  std::string max_pool(const std::string& x, int64_t kernel, int64_t stride, int64_t pad = 0,
                       bool ceil_mode = false);
  std::string average_pool(const std::string& x, int64_t kernel, int64_t stride, int64_t pad = 0);
  std::string global_average_pool(const std::string& x) { return node("GlobalAveragePool", {x}); }
  std::string flatten(const std::string& x) { return node("Flatten", {x}); }
  // x[N, in] -> [N, out] as Gemm with transposed weights, as PyTorch writes a linear layer.
  std::string dense(const std::string& x, int64_t in, int64_t out, double gain = 2);
  // x[..., in] -> [..., out] as MatMul and Add, as it writes a linear layer of more than rows.
  std::string linear(const std::string& x, int64_t in, int64_t out);

 private:
  std::string convolve(const std::string& x, const ConvShape& shape, double gain,
                       const std::string& bias);
  std::string fresh(const std::string& stem);

  Rng rng_;
  int64_t counter_ = 0;
};

}  // namespace burin::zoo
