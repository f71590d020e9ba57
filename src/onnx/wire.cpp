// Checked field access; protozero itself only asserts wire types.
#include "onnx/wire.h"

#include <cstring>

namespace burin::onnx {

using protozero::pbf_wire_type;

std::string clip_name(std::string_view name) {
  constexpr size_t kLongest = 100;
  std::string out;
  for (char c : name.substr(0, kLongest)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return name.size() > kLongest ? out + "..." : out;
}

std::string quote_name(std::string_view name) { return "'" + clip_name(name) + "'"; }

bool Message::next() {
  if (reader_.tag() != 0 && !consumed_) reader_.skip();
  consumed_ = false;
  return reader_.next();
}

void Message::expect(pbf_wire_type type, const char* what) {
  if (reader_.wire_type() != type) {
    throw ParseError("field " + std::to_string(reader_.tag()) + " is not " + what);
  }
  consumed_ = true;
}

int64_t Message::integer() {
  expect(pbf_wire_type::varint, "an integer");
  return reader_.get_int64();
}

float Message::float32() {
  expect(pbf_wire_type::fixed32, "a float");
  return reader_.get_float();
}

uint64_t Message::number_bits() {
  consumed_ = true;
  switch (reader_.wire_type()) {
    case pbf_wire_type::varint: return reader_.get_uint64();
    case pbf_wire_type::fixed32: return reader_.get_fixed32();
    case pbf_wire_type::fixed64: return reader_.get_fixed64();
    default: throw ParseError("field " + std::to_string(reader_.tag()) + " is not a number");
  }
}

std::string_view Message::text() {
  expect(pbf_wire_type::length_delimited, "bytes");
  auto view = reader_.get_view();
  return {view.data(), view.size()};
}

void Message::append(std::vector<int64_t>& out, Budget& budget) {
  auto push = [&](uint64_t v) {
    budget.charge(sizeof(int64_t));
    out.push_back(static_cast<int64_t>(v));
  };
  if (is_text()) {
    each_varint(text(), push);
  } else {
    push(static_cast<uint64_t>(integer()));
  }
}

void Message::append(std::vector<float>& out, Budget& budget) {
  if (!is_text()) {
    budget.charge(sizeof(float));
    out.push_back(float32());
    return;
  }
  std::string_view packed = text();
  if (packed.size() % sizeof(float) != 0) throw ParseError("packed floats of a broken length");
  budget.charge(static_cast<int64_t>(packed.size()));
  size_t old = out.size();
  out.resize(old + packed.size() / sizeof(float));
  if (!packed.empty()) std::memcpy(out.data() + old, packed.data(), packed.size());
}

}  // namespace burin::onnx
