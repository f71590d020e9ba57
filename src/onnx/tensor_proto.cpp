// One TensorProto: collects its fields, then makes a Tensor from the one that holds the data.
#include "onnx/tensor_proto.h"

#include <algorithm>
#include <charconv>
#include <type_traits>

#include "base/checked.h"

namespace burin::onnx {

int64_t onnx_dtype(DType dtype) {
  switch (dtype) {
#define X(name, number) \
  case DType::name: return number;
    BURIN_ONNX_DTYPES(X)
#undef X
  }
  __builtin_unreachable();
}

DType dtype_from_onnx(int64_t data_type) {
  static constexpr std::pair<int64_t, std::string_view> kUnsupported[] = {
      {0, "undefined"},     {8, "string"},
      {14, "complex64"},    {15, "complex128"},
      {17, "float8e4m3fn"}, {18, "float8e4m3fnuz"},
      {19, "float8e5m2"},   {20, "float8e5m2fnuz"},
      {21, "uint4"},        {22, "int4"},
      {23, "float4e2m1"},   {24, "float8e8m0"},
      {25, "uint2"},        {26, "int2"}};
  switch (data_type) {
#define X(name, number) \
  case number: return DType::name;
    BURIN_ONNX_DTYPES(X)
#undef X
  }
  for (auto [number, name] : kUnsupported) {
    if (number == data_type) {
      throw UnsupportedDtype("element type " + std::string(name) + " is not supported");
    }
  }
  throw UnsupportedDtype("unknown element type " + std::to_string(data_type));
}

namespace {

// A repeated typed field: its packed runs, or single values written one by one.
struct TypedField {
  std::vector<std::string_view> runs;
  std::vector<uint64_t> singles;
};

struct Fields {
  Dims dims;
  int64_t data_type = 0;
  std::string_view name;
  std::optional<std::string_view> raw;
  std::map<uint32_t, TypedField> typed;  // by field number
  bool segmented = false, has_strings = false, external = false;
  std::map<std::string_view, std::string_view> external_entries;
};

constexpr uint32_t kFloatData = 4, kInt32Data = 5, kStringData = 6, kInt64Data = 7, kRawData = 9,
                   kDoubleData = 10, kUint64Data = 11;

void read_external_entry(Message entry, Fields& fields) {
  std::string_view key, value;
  while (entry.next()) {
    if (entry.field() == 1) key = entry.text();
    if (entry.field() == 2) value = entry.text();
  }
  fields.external_entries[key] = value;
}

void read_typed(Message& m, Fields& fields, Budget& budget) {
  TypedField& field = fields.typed[m.field()];
  budget.charge(16);
  if (m.is_text()) {
    field.runs.push_back(m.text());
  } else {
    field.singles.push_back(m.number_bits());
  }
}

Fields read_fields(Message m, Budget& budget) {
  Fields f;
  while (m.next()) {
    switch (m.field()) {
      case 1: m.append(f.dims, budget); break;
      case 2: f.data_type = m.integer(); break;
      case 3: f.segmented = true; break;
      case kFloatData:
      case kInt32Data:
      case kInt64Data:
      case kDoubleData:
      case kUint64Data: read_typed(m, f, budget); break;
      case kStringData: f.has_strings = true; break;
      case 8: f.name = m.text(); break;
      case kRawData: f.raw = m.text(); break;
      case 13: read_external_entry(m.message(), f); break;
      case 14: f.external = m.integer() == 1; break;
      default: break;
    }
  }
  return f;
}

// The field that ONNX prescribes for a dtype's values when they are not raw.
uint32_t typed_field_of(DType dtype) {
  switch (dtype) {
    case DType::f32: return kFloatData;
    case DType::f64: return kDoubleData;
    case DType::i64: return kInt64Data;
    case DType::u32:
    case DType::u64: return kUint64Data;
    default: return kInt32Data;
  }
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

[[noreturn]] void refuse_size(std::string_view what, uint64_t got, const TensorType& type) {
  throw ParseError(std::string(what) + " has " + std::to_string(got) + " bytes where " +
                   type.text() + " needs " + std::to_string(type.bytes()));
}

// A view of the bytes, or a copy where they are not fit to be used as they are: empty ones, and
// booleans other than 0 and 1.
Tensor view_or_copy(const TensorType& type, std::span<const std::byte> bytes,
                    const TensorSource& source) {
  if (bytes.empty()) return Tensor(type);
  if (type.dtype == DType::pred &&
      std::ranges::any_of(bytes, [](std::byte b) { return b > std::byte{1}; })) {
    source.budget.charge(type.bytes());
    Tensor copy(type);
    for (size_t i = 0; i < bytes.size(); ++i) {
      copy.set_int(static_cast<int64_t>(i), bytes[i] != std::byte{0});
    }
    return copy;
  }
  return Tensor(type, bytes, source.owner, source.file);
}

std::optional<int64_t> parse_size(std::string_view text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

Tensor external_tensor(const TensorType& type, const Fields& f, const TensorSource& source) {
  auto entry = [&](std::string_view key) -> std::optional<std::string_view> {
    auto found = f.external_entries.find(key);
    if (found == f.external_entries.end()) return std::nullopt;
    return found->second;
  };
  auto file = source.external.open(entry("location").value_or(""));
  auto all = file->bytes();
  auto offset = parse_size(entry("offset").value_or("0"));
  if (!offset) throw ParseError("external data with a broken offset");
  auto length = parse_size(entry("length").value_or(std::to_string(type.bytes())));
  if (!length) throw ParseError("external data with a broken length");
  if (*length != type.bytes()) {
    refuse_size("external data", static_cast<uint64_t>(*length), type);
  }
  auto end = checked_add(*offset, *length);
  if (!end || *end > static_cast<int64_t>(all.size())) {
    throw ParseError("external data ends at byte " +
                     (end ? std::to_string(*end) : std::string("2^63")) + " of a file of " +
                     std::to_string(all.size()));
  }
  return view_or_copy(type, all.subspan(static_cast<size_t>(*offset), static_cast<size_t>(*length)),
                      {file, file.get(), source.external, source.budget});
}

// Stores the bits of one decoded number as an element of dtype T. Half floats are bit patterns in
// int32_data; int32 and smaller are varints, sign-extended.
template <class T>
T element_from_bits(uint64_t bits) {
  if constexpr (std::is_same_v<T, bool>) {
    return bits != 0;
  } else if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>) {
    T half;
    half.bits = static_cast<uint16_t>(bits);
    return half;
  } else if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(bits);
  } else {
    return static_cast<T>(bits);
  }
}

template <class T, class F>
void each_number(const TypedField& field, F&& f) {
  for (std::string_view run : field.runs) {
    if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
      if (run.size() % sizeof(T) != 0) throw ParseError("packed data of a broken length");
      for (size_t i = 0; i < run.size(); i += sizeof(T)) {
        uint64_t bits = 0;
        std::memcpy(&bits, run.data() + i, sizeof(T));
        f(bits);
      }
    } else {
      each_varint(run, f);
    }
  }
  for (uint64_t bits : field.singles) f(bits);
}

Tensor typed_tensor(const TensorType& type, const TypedField& field, const TensorSource& source) {
  bool fixed = type.dtype == DType::f32 || type.dtype == DType::f64;
  if (fixed && field.runs.size() == 1 && field.singles.empty()) {
    auto bytes = as_bytes(field.runs[0]);
    if (static_cast<int64_t>(bytes.size()) != type.bytes()) {
      refuse_size("typed data", bytes.size(), type);
    }
    return view_or_copy(type, bytes, source);
  }
  return visit_dtype(type.dtype, [&](auto t) {
    using T = decltype(t);
    int64_t count = 0;
    each_number<T>(field, [&](uint64_t) { ++count; });
    if (count != type.shape.elements()) {
      throw ParseError("has " + std::to_string(count) + " values where " + type.text() + " needs " +
                       std::to_string(type.shape.elements()));
    }
    source.budget.charge(type.bytes());
    Tensor out(type);
    std::byte* at = out.mutable_data();
    each_number<T>(field, [&](uint64_t bits) {
      T value = element_from_bits<T>(bits);
      std::memcpy(at, &value, sizeof(T));
      at += sizeof(T);
    });
    return out;
  });
}

Tensor tensor_of(const Fields& f, const TensorSource& source) {
  if (f.segmented) throw ParseError("is stored in segments, which is not supported");
  auto shape = check_shape(f.dims);
  if (!shape) throw ParseError(shape.error().reason);
  TensorType type{dtype_from_onnx(f.data_type), *shape};
  if (f.external) return external_tensor(type, f, source);
  if (f.raw) {
    if (static_cast<int64_t>(f.raw->size()) != type.bytes()) {
      refuse_size("raw data", f.raw->size(), type);
    }
    return view_or_copy(type, as_bytes(*f.raw), source);
  }
  auto field = f.typed.find(typed_field_of(type.dtype));
  return typed_tensor(type, field == f.typed.end() ? TypedField{} : field->second, source);
}

}  // namespace

NamedTensor parse_tensor(Message message, const TensorSource& source) {
  Fields fields = read_fields(message, source.budget);
  try {
    return {std::string(fields.name), tensor_of(fields, source)};
  } catch (const UnsupportedDtype& e) {
    throw UnsupportedDtype("tensor " + quote_name(fields.name) + ": " + e.what(), e.hint);
  } catch (const ParseError& e) {
    throw ParseError("tensor " + quote_name(fields.name) + ": " + e.what(), e.hint);
  }
}

}  // namespace burin::onnx
