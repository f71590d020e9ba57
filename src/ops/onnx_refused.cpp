// ONNX ops that Burin knows and does not build: one row each with the reason and the way out, for
// the list of a model's unsupported nodes.
#include "onnx/node_view.h"

namespace burin::ops {

#define BURIN_RANDOM "its result is random: feed the random values as an input"
#define BURIN_STRINGS "strings are not supported: encode the text outside the model"
#define BURIN_SEQUENCES "sequences are not supported: export with tensors only"
#define BURIN_OPTIONALS "optional values are not supported: export without them"
#define BURIN_TRAINING "a step of training inside a model is not supported: export for inference"

// domain, type, reason and way out
#define BURIN_REFUSED_OPS(X)                                                               \
  X("", Bernoulli, BURIN_RANDOM)                                                           \
  X("", ConcatFromSequence, BURIN_SEQUENCES)                                               \
  X("", Det, "determinants are not supported: compute it outside the model")               \
  X("", Multinomial, BURIN_RANDOM)                                                         \
  X("", NonMaxSuppression,                                                                 \
    "the size of its result depends on the data: take its inputs as outputs of the model") \
  X("", Optional, BURIN_OPTIONALS)                                                         \
  X("", OptionalGetElement, BURIN_OPTIONALS)                                               \
  X("", OptionalHasElement, BURIN_OPTIONALS)                                               \
  X("", RandomNormal, BURIN_RANDOM)                                                        \
  X("", RandomNormalLike, BURIN_RANDOM)                                                    \
  X("", RandomUniform, BURIN_RANDOM)                                                       \
  X("", RandomUniformLike, BURIN_RANDOM)                                                   \
  X("", RegexFullMatch, BURIN_STRINGS)                                                     \
  X("", SequenceAt, BURIN_SEQUENCES)                                                       \
  X("", SequenceConstruct, BURIN_SEQUENCES)                                                \
  X("", SequenceEmpty, BURIN_SEQUENCES)                                                    \
  X("", SequenceErase, BURIN_SEQUENCES)                                                    \
  X("", SequenceInsert, BURIN_SEQUENCES)                                                   \
  X("", SequenceLength, BURIN_SEQUENCES)                                                   \
  X("", SequenceMap, BURIN_SEQUENCES)                                                      \
  X("", SplitToSequence, BURIN_SEQUENCES)                                                  \
  X("", StringConcat, BURIN_STRINGS)                                                       \
  X("", StringNormalizer, BURIN_STRINGS)                                                   \
  X("", StringSplit, BURIN_STRINGS)                                                        \
  X("", TfIdfVectorizer, BURIN_STRINGS)                                                    \
  X("ai.onnx.preview.training", Gradient, BURIN_TRAINING)

#define X(domain, type, reason)                      \
  static const onnx::RegisterOnnxOp register_##type{ \
      onnx::OnnxOp{domain, #type, 1, onnx::kNoLastOpset, nullptr, reason}};
BURIN_REFUSED_OPS(X)
#undef X

}  // namespace burin::ops
