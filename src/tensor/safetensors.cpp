// The header's JSON is read with a depth limit, then every entry is held against the file's size.
#include "tensor/safetensors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/checked.h"
#include "base/mapped_file.h"
#include "base/output_file.h"

namespace burin {

namespace {

using nlohmann::json;

constexpr uint64_t kMaxHeader = 100'000'000;
constexpr size_t kLengthBytes = 8;
constexpr int kMaxDepth = 4;
constexpr std::string_view kMetadata = "__metadata__";

// clang-format off
#define BURIN_SAFETENSORS_DTYPES(X)                                                          \
  X(f32, "F32") X(f64, "F64") X(f16, "F16") X(bf16, "BF16") X(i8, "I8") X(i16, "I16")        \
  X(i32, "I32") X(i64, "I64") X(u8, "U8") X(u16, "U16") X(u32, "U32") X(u64, "U64")          \
  X(pred, "BOOL")
// clang-format on

std::optional<DType> dtype_from_code(std::string_view code) {
#define X(name, text) \
  if (code == text) return DType::name;
  BURIN_SAFETENSORS_DTYPES(X)
#undef X
  return std::nullopt;
}

std::string_view code_of(DType dtype) {
#define X(name, text) \
  if (dtype == DType::name) return text;
  BURIN_SAFETENSORS_DTYPES(X)
#undef X
  return "";
}

// Where a tensor lies behind the header.
struct Extent {
  uint64_t begin = 0, end = 0;
};

Result<json> parse_json_header(const std::string& path, std::string_view text) {
  bool too_deep = false;
  auto limit = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  json header = json::parse(text, limit, false);
  if (too_deep || !header.is_object()) return fail(path, "its header is not readable");
  return header;
}

Result<TensorType> read_type(const std::string& where, const json& entry) {
  auto dtype = entry.find("dtype"), shape = entry.find("shape");
  if (dtype == entry.end() || !dtype->is_string() || shape == entry.end() || !shape->is_array()) {
    return fail(where, "has no type");
  }
  auto code = dtype_from_code(dtype->get_ref<const std::string&>());
  if (!code) return fail(where, "has an unknown element type");
  Dims dims;
  for (const json& d : *shape) {
    if (!d.is_number_unsigned() || d.get<uint64_t>() > static_cast<uint64_t>(kMaxElements)) {
      return fail(where, "has no valid shape");
    }
    dims.push_back(d.get<int64_t>());
  }
  auto checked = check_shape(dims);
  if (!checked) return fail(where, checked.error().reason);
  return TensorType{*code, *checked};
}

Result<Extent> read_extent(const std::string& where, const json& entry, uint64_t bytes) {
  auto offsets = entry.find("data_offsets");
  bool pair = offsets != entry.end() && offsets->is_array() && offsets->size() == 2 &&
              (*offsets)[0].is_number_unsigned() && (*offsets)[1].is_number_unsigned();
  if (!pair) return fail(where, "has no offsets");
  Extent extent{(*offsets)[0].get<uint64_t>(), (*offsets)[1].get<uint64_t>()};
  if (extent.begin > extent.end || extent.end > bytes) return fail(where, "lies outside the file");
  return extent;
}

Result<void> read_metadata(const std::string& path, const json& entry, SafeTensors& out) {
  if (!entry.is_object()) return fail(path, "its metadata is not readable");
  for (const auto& [key, value] : entry.items()) {
    if (!value.is_string()) return fail(path, "its metadata is not text");
    out.metadata[key] = value.get<std::string>();
  }
  return {};
}

// Extents must follow each other without gaps, to the end of the file.
bool tile_file(std::vector<Extent> extents, uint64_t bytes) {
  std::ranges::sort(extents, {}, [](const Extent& e) { return std::pair(e.begin, e.end); });
  uint64_t at = 0;
  for (const Extent& e : extents) {
    if (e.begin != at) return false;
    at = e.end;
  }
  return at == bytes;
}

}  // namespace

Result<SafeTensors> read_safetensors(const std::string& path) {
  BURIN_ASSIGN(auto file, MappedFile::open(path));
  auto bytes = file->bytes();
  uint64_t length = 0;
  if (bytes.size() < kLengthBytes) return fail(path, "is no safetensors file");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeader || length > bytes.size() - kLengthBytes) {
    return fail(path, "is no whole safetensors file");
  }
  auto text = reinterpret_cast<const char*>(bytes.data()) + kLengthBytes;
  BURIN_ASSIGN(json header, parse_json_header(path, {text, length}));
  auto data = bytes.subspan(kLengthBytes + length);
  SafeTensors out;
  std::vector<Extent> extents;
  for (const auto& [name, entry] : header.items()) {
    if (name == kMetadata) {
      BURIN_TRY(read_metadata(path, entry, out));
      continue;
    }
    std::string where = path + ": " + name;
    if (!entry.is_object()) return fail(where, "is not readable");
    BURIN_ASSIGN(TensorType type, read_type(where, entry));
    BURIN_ASSIGN(Extent extent, read_extent(where, entry, data.size()));
    auto part = data.subspan(extent.begin, extent.end - extent.begin);
    auto size = checked_mul(type.shape.elements(), size_of(type.dtype));
    if (!size || static_cast<uint64_t>(*size) != part.size()) {
      return fail(where, "does not have the bytes of " + type.text());
    }
    bool odd = std::ranges::any_of(part, [](std::byte b) { return b > std::byte{1}; });
    if (type.dtype == DType::pred && odd) return fail(where, "has booleans other than 0 and 1");
    extents.push_back(extent);
    out.tensors.emplace_back(name, part.empty() ? Tensor(type) : Tensor(type, part, file));
  }
  if (!tile_file(std::move(extents), data.size())) {
    return fail(path, "has tensors that overlap, or bytes of no tensor");
  }
  return out;
}

Result<void> write_safetensors(const std::string& path, const SafeTensors& content) {
  json header = json::object();
  if (!content.metadata.empty()) header[kMetadata] = content.metadata;
  uint64_t at = 0;
  for (const auto& [name, tensor] : content.tensors) {
    uint64_t end = at + tensor.bytes().size();
    header[name] = {{"dtype", code_of(tensor.dtype())},
                    {"shape", tensor.shape().dims()},
                    {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize(static_cast<size_t>(round_up(static_cast<int64_t>(text.size()), 8)), ' ');
  uint64_t length = text.size();
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  file->write(std::string_view(reinterpret_cast<const char*>(&length), kLengthBytes));
  file->write(text);
  for (const auto& [name, tensor] : content.tensors) file->write(tensor.bytes());
  return file->commit(OutputFile::Durability::on_disk);
}

}  // namespace burin
