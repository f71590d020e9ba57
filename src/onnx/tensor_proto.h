// TensorProto -> Tensor. Raw data, packed floats and external files become views; other encodings
// are decoded into owned memory, charged to a Budget. Everything wrong throws ParseError.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mapped_file.h"
#include "onnx/wire.h"
#include "tensor/tensor.h"

namespace burin::onnx {

// TensorProto.DataType numbers of the dtypes that Burin has.
// clang-format off
#define BURIN_ONNX_DTYPES(X)                                                                \
  X(f32, 1) X(u8, 2) X(i8, 3) X(u16, 4) X(i16, 5) X(i32, 6) X(i64, 7) X(pred, 9) X(f16, 10) \
  X(f64, 11) X(u32, 12) X(u64, 13) X(bf16, 16)
// clang-format on

int64_t onnx_dtype(DType dtype);
// Throws UnsupportedDtype with the type's name where Burin has no such dtype.
DType dtype_from_onnx(int64_t data_type);

// A dtype that ONNX has and Burin does not (strings, complex, 4-bit and 8-bit floats).
struct UnsupportedDtype : ParseError {
  using ParseError::ParseError;
};

// The files that a model's external data lives in: below one folder, mapped once each.
class ExternalFiles {
 public:
  // `folder` is where the model file is; nullopt (a model from memory) refuses all external data.
  explicit ExternalFiles(std::optional<std::string> folder) : folder_(std::move(folder)) {}

  // Maps `location`, relative to the folder. Refuses absolute paths, "..", and links that leave
  // the folder.
  std::shared_ptr<const MappedFile> open(std::string_view location);

  // Those mapped so far.
  std::vector<std::shared_ptr<const MappedFile>> files() const;

 private:
  std::optional<std::string> folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>, std::less<>> files_;
};

struct TensorSource {
  std::shared_ptr<const void> owner;  // keeps the message's bytes alive
  const MappedFile* file;             // that they are part of; null if they are in memory
  ExternalFiles& external;
  Budget& budget;
};

struct NamedTensor {
  std::string name;
  Tensor value;
};

// Errors name the tensor.
NamedTensor parse_tensor(Message message, const TensorSource& source);

}  // namespace burin::onnx
