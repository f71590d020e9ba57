// The protobuf wire format as ONNX files use it, over protozero: one message's fields in order,
// with the wire type of each access checked. Malformed bytes throw ParseError; the readers' entry
// points turn it into a Diagnostic. Nothing is copied: text and sub-messages view the file.
#pragma once

#include <concepts>
#include <cstdint>
#include <protozero/pbf_reader.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace burin::onnx {

struct ParseError : std::runtime_error {
  explicit ParseError(const std::string& reason, std::string way_out = {})
      : std::runtime_error(reason), hint(std::move(way_out)) {}
  std::string hint;
};

// A name from a file, fit for a message: without control characters, at most 100 bytes.
std::string clip_name(std::string_view name);
// The same in quotes.
std::string quote_name(std::string_view name);

// Bounds what a file may make the reader allocate. Throws ParseError beyond the limit.
class Budget {
 public:
  // The limit when the caller gives none (max_memory = 0).
  static constexpr int64_t kDefault = int64_t{4} << 30;

  explicit Budget(int64_t max_memory) : left_(max_memory > 0 ? max_memory : kDefault) {}
  void charge(int64_t bytes) {
    if (bytes > left_) throw ParseError("needs more memory than allowed", "raise --max-memory");
    left_ -= bytes;
  }

 private:
  int64_t left_;
};

class Message {
 public:
  Message() = default;
  explicit Message(std::string_view bytes) : reader_(bytes.data(), bytes.size()) {}

  // Moves to the next field; false at the end. Fields that are not read are skipped.
  bool next();
  uint32_t field() const { return reader_.tag(); }

  int64_t integer();
  float float32();
  // The bits of one number of any numeric wire type.
  uint64_t number_bits();
  std::string_view text();
  Message message() { return Message(text()); }

  // Repeated numbers, packed or one by one, as protobuf allows both. Each appends to `out`.
  void append(std::vector<int64_t>& out, Budget& budget);
  void append(std::vector<float>& out, Budget& budget);

  bool is_text() const { return reader_.wire_type() == protozero::pbf_wire_type::length_delimited; }

 private:
  void expect(protozero::pbf_wire_type type, const char* what);

  protozero::pbf_reader reader_;
  bool consumed_ = false;  // the current field's value was read
};

// The varints of a packed field, one after another.
template <std::invocable<uint64_t> F>
void each_varint(std::string_view packed, F&& f) {
  const char* at = packed.data();
  const char* const end = at + packed.size();
  while (at != end) f(protozero::decode_varint(&at, end));
}

}  // namespace burin::onnx
