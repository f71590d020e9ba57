// ONNX ops that Burin knows and does not build, each with its reason and the way out.
#include "ops/onnx_util.h"

namespace burin::ops {

#define BURIN_RANDOM "its result is random, so no two runs would agree"
#define BURIN_RANDOM_WAY "feed the random values as an input"
#define BURIN_DYNAMIC "the size of its result depends on the data"
#define BURIN_STRINGS "tensors of strings are not supported"
#define BURIN_STRINGS_WAY "encode the text outside the model"

// type, reason, way out
#define BURIN_REFUSED_OPS(X)                                                                    \
  X(Bernoulli, BURIN_RANDOM, BURIN_RANDOM_WAY)                                                  \
  X(Multinomial, BURIN_RANDOM, BURIN_RANDOM_WAY)                                                \
  X(RandomNormal, BURIN_RANDOM, BURIN_RANDOM_WAY)                                               \
  X(RandomNormalLike, BURIN_RANDOM, BURIN_RANDOM_WAY)                                           \
  X(RandomUniform, BURIN_RANDOM, BURIN_RANDOM_WAY)                                              \
  X(RandomUniformLike, BURIN_RANDOM, BURIN_RANDOM_WAY)                                          \
  X(NonMaxSuppression, BURIN_DYNAMIC, "take the boxes and scores as outputs and suppress after") \
  X(Det, "determinants are not supported", "compute it outside the model")                      \
  X(StringNormalizer, BURIN_STRINGS, BURIN_STRINGS_WAY)                                         \
  X(StringConcat, BURIN_STRINGS, BURIN_STRINGS_WAY)                                             \
  X(StringSplit, BURIN_STRINGS, BURIN_STRINGS_WAY)                                              \
  X(RegexFullMatch, BURIN_STRINGS, BURIN_STRINGS_WAY)

#define X(type, reason, way_out)                                           \
  static void refuse_##type(OpContext&) { refuse(reason, way_out); }       \
  BURIN_ONNX_OP(type, 1, refuse_##type);
BURIN_REFUSED_OPS(X)
#undef X

}  // namespace burin::ops
