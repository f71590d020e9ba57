// gzread reads plain files as they are, so one path serves both.
#include "data/idx.h"

#include <zlib.h>

#include <algorithm>
#include <memory>

namespace burin::data {

namespace {

constexpr int64_t kMaxBytes = int64_t{1} << 30;

// Exactly `bytes` bytes, or false.
bool read_exactly(gzFile file, void* out, int64_t bytes) {
  auto* at = static_cast<char*>(out);
  while (bytes > 0) {
    int n = gzread(file, at, static_cast<unsigned>(std::min<int64_t>(bytes, 1 << 24)));
    if (n <= 0) return false;
    at += n, bytes -= n;
  }
  return true;
}

}  // namespace

Result<Tensor> read_idx(const std::string& path, int64_t max_items) {
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), &gzclose);
  if (!file) return fail(path, "cannot open");
  uint8_t magic[4];
  if (!read_exactly(file.get(), magic, 4) || magic[0] || magic[1]) {
    return fail(path, "not an IDX file");
  }
  if (magic[2] != 8) return fail(path, "IDX data other than unsigned bytes");
  Dims dims;
  for (int i = 0; i < magic[3]; ++i) {
    uint8_t b[4];
    if (!read_exactly(file.get(), b, 4)) return fail(path, "truncated IDX header");
    dims.push_back(int64_t{b[0]} << 24 | b[1] << 16 | b[2] << 8 | b[3]);
  }
  if (dims.empty()) return fail(path, "IDX file without dimensions");
  dims[0] = std::min(dims[0], max_items);
  auto shape = check_shape(dims);
  if (!shape) return fail(path, shape.error().reason);
  if (shape->elements() > kMaxBytes) return fail(path, "more than 1 GiB of IDX data");
  Tensor tensor({DType::u8, *shape});
  if (!read_exactly(file.get(), tensor.mutable_data(), shape->elements())) {
    return fail(path, "truncated IDX data");
  }
  return tensor;
}

Tensor images_to_input(const Tensor& images) {
  const Shape& s = images.shape();
  Tensor out({DType::f32, Shape({s[0], 1, s[1], s[2]})});
  auto* data = reinterpret_cast<float*>(out.mutable_data());
  for (int64_t i = 0; i < images.elements(); ++i) {
    data[i] = static_cast<float>(images.load<uint8_t>(i)) / 255.0f;
  }
  return out;
}

}  // namespace burin::data
