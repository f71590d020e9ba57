// IDX files, plain or gzipped: the format of MNIST and Fashion-MNIST (LeCun, "The MNIST database").
#pragma once

#include <string>

#include "base/diagnostic.h"
#include "tensor/tensor.h"

namespace burin::data {

// u8 data of any rank, e.g. u8[10000x28x28] images or u8[10000] labels. Reads at most the first
// `max_items` along the outermost axis. Errors: another element type, a size that the file does not
// have, more than 1 GiB.
Result<Tensor> read_idx(const std::string& path, int64_t max_items);

// u8[N x H x W] images -> f32[N, 1, H, W] in 0 to 1.
Tensor images_to_input(const Tensor& images);

}  // namespace burin::data
