// The loop-op table spelled out as functions.
#include "loop/op.h"

namespace burin::loop {

std::string_view name_of(Op op) {
  static constexpr std::string_view kNames[] = {
#define X(name, signature) #name,
      BURIN_LOOP_OPS(X)
#undef X
  };
  return kNames[static_cast<size_t>(op)];
}

std::optional<Op> op_from_name(std::string_view text) {
#define X(name, signature) \
  if (text == #name) return Op::name;
  BURIN_LOOP_OPS(X)
#undef X
  return std::nullopt;
}

Signature signature_of(Op op) {
  static constexpr Signature kSignatures[] = {
#define X(name, signature) Signature::signature,
      BURIN_LOOP_OPS(X)
#undef X
  };
  return kSignatures[static_cast<size_t>(op)];
}

}  // namespace burin::loop
