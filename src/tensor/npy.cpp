// The header is a Python dict literal of three known keys; it is read with a small scanner.
#include "tensor/npy.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/checked.h"
#include "base/mapped_file.h"
#include "base/output_file.h"

namespace burin {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

// type character and size in NumPy's array protocol.
// clang-format off
#define BURIN_NPY_DTYPES(X)                                                                 \
  X(f32, "f4") X(f64, "f8") X(f16, "f2") X(i8, "i1") X(i16, "i2") X(i32, "i4") X(i64, "i8") \
  X(u8, "u1") X(u16, "u2") X(u32, "u4") X(u64, "u8") X(pred, "b1")
// clang-format on

std::optional<DType> dtype_from_descr(std::string_view code) {
#define X(name, text) \
  if (code == text) return DType::name;
  BURIN_NPY_DTYPES(X)
#undef X
  return std::nullopt;
}

std::string_view descr_of(DType dtype) {
#define X(name, text) \
  if (dtype == DType::name) return text;
  BURIN_NPY_DTYPES(X)
#undef X
  return "";
}

// The text after "'key':" and blanks; nullopt if the key is missing.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  std::string quoted = "'" + std::string(key) + "'";
  size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  at = header.find_first_not_of(" :", at + quoted.size());
  if (at == std::string_view::npos) return std::nullopt;
  return header.substr(at);
}

std::optional<Dims> parse_tuple(std::string_view text) {
  size_t end = text.find(')');
  if (text.empty() || text[0] != '(' || end == std::string_view::npos) return std::nullopt;
  text = text.substr(1, end - 1);
  Dims dims;
  while (true) {
    size_t at = text.find_first_not_of(" ,");
    if (at == std::string_view::npos) return dims;
    text.remove_prefix(at);
    int64_t d = 0;
    auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), d);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
    if (!text.empty() && text[0] == 'L') text.remove_prefix(1);
    dims.push_back(d);
  }
}

struct Layout {
  std::string_view header;
  size_t data_offset = 0;
};

std::optional<Layout> find_header(std::string_view bytes) {
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) return std::nullopt;
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  size_t length = byte(8) | byte(9) << 8, start = 10;
  if (byte(6) >= 2) {
    if (bytes.size() < 12) return std::nullopt;
    length |= byte(10) << 16 | byte(11) << 24;
    start = 12;
  }
  if (bytes.size() - start < length) return std::nullopt;
  return Layout{bytes.substr(start, length), start + length};
}

Result<TensorType> parse_header(const std::string& path, std::string_view header) {
  auto descr = value_of(header, "descr");
  if (!descr || descr->size() < 5 || (*descr)[0] != '\'') {
    return fail(path, "has no plain element type", "structured arrays are not supported");
  }
  std::string_view code = descr->substr(1, descr->find('\'', 1) - 1);
  if (code.starts_with('>')) return fail(path, "is big-endian", "save it as little-endian");
  auto dtype = dtype_from_descr(code.empty() ? code : code.substr(1));
  if (!dtype) return fail(path, "element type " + std::string(code) + " is not supported");
  auto shape_text = value_of(header, "shape");
  auto dims = shape_text ? parse_tuple(*shape_text) : std::nullopt;
  if (!dims) return fail(path, "has no readable shape");
  auto order = value_of(header, "fortran_order");
  if (order && order->starts_with("True") && dims->size() > 1) {
    return fail(path, "is in Fortran order", "save numpy.ascontiguousarray(x)");
  }
  auto shape = check_shape(*dims);
  if (!shape) return fail(path, shape.error().reason);
  return TensorType{*dtype, *shape};
}

}  // namespace

Result<Tensor> read_npy(const std::string& path) {
  BURIN_ASSIGN(auto file, MappedFile::open(path));
  auto bytes = file->bytes();
  auto layout = find_header({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!layout) return fail(path, "is not a whole .npy file");
  BURIN_ASSIGN(TensorType type, parse_header(path, layout->header));
  auto data = bytes.subspan(layout->data_offset);
  if (static_cast<int64_t>(data.size()) != type.bytes()) {
    return fail(path, "has " + std::to_string(data.size()) + " bytes of data where " + type.text() +
                          " needs " + std::to_string(type.bytes()));
  }
  if (data.empty()) return Tensor(type);
  if (type.dtype == DType::pred &&
      std::ranges::any_of(data, [](std::byte b) { return b > std::byte{1}; })) {
    return fail(path, "has booleans other than 0 and 1");
  }
  return Tensor(type, data, file);
}

Result<void> write_npy(const std::string& path, const Tensor& tensor) {
  if (tensor.dtype() == DType::bf16) {
    return write_npy(path, Tensor::from_doubles({DType::f32, tensor.shape()}, tensor.to_doubles()));
  }
  std::string shape;
  for (int64_t d : tensor.shape().dims()) shape += std::to_string(d) + ", ";
  if (tensor.shape().rank() > 1) shape.resize(shape.size() - 2);
  if (tensor.shape().rank() == 1) shape.pop_back();
  char order = size_of(tensor.dtype()) == 1 ? '|' : '<';
  std::string header = std::string("{'descr': '") + order + std::string(descr_of(tensor.dtype())) +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Magic, version, length and header together fill a multiple of 64 bytes, newline last.
  constexpr size_t kPreamble = 10;
  auto total =
      static_cast<size_t>(round_up(static_cast<int64_t>(kPreamble + header.size() + 1), 64));
  header.resize(total - kPreamble - 1, ' ');
  header += '\n';
  std::string preamble(kMagic);
  preamble += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
               static_cast<char>(header.size() >> 8)};
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  file->write(preamble);
  file->write(header);
  file->write(tensor.bytes());
  return file->commit();
}

}  // namespace burin
