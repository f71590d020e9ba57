// A TensorProto is a whole file here; external data may stand beside it.
#include "onnx/tensor_file.h"

#include <filesystem>

#include "base/output_file.h"
#include "onnx/encode.h"
#include "onnx/tensor_proto.h"

namespace burin::onnx {

Result<TensorFile> read_tensor_file(const std::string& path, int64_t max_memory) {
  BURIN_ASSIGN(auto file, MappedFile::open(path));
  auto bytes = file->bytes();
  ExternalFiles external(std::filesystem::path(path).parent_path().string());
  Budget budget(max_memory);
  try {
    Message message({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    NamedTensor tensor = parse_tensor(message, {file, file.get(), external, budget});
    return TensorFile{std::move(tensor.name), std::move(tensor.value)};
  } catch (const ParseError& e) {
    return fail(path, e.what(), e.hint);
  } catch (const protozero::exception& e) {
    return fail(path, std::string("is not a whole tensor: ") + e.what());
  } catch (const std::bad_alloc&) {
    return fail(path, "not enough memory to read it");
  }
}

Result<void> write_tensor_file(const std::string& path, std::string_view name,
                               const Tensor& tensor) {
  BURIN_ASSIGN(auto file, OutputFile::create(path));
  file->write(encode_tensor_header(name, tensor.type()));
  file->write(tensor.bytes());
  return file->commit();
}

}  // namespace burin::onnx
