// A folder of samples that any network can learn.
#pragma once

#include <gtest/gtest.h>

#include "base/rng.h"
#include "tensor/npy.h"
#include "tests/support/temp_folder.h"

namespace burin::test {

// 28 x 28 pictures of two classes: the upper or the lower half is bright.
inline void write_samples(const TempFolder& folder, int64_t count) {
  Tensor x({DType::u8, {count, 28, 28}}), y({DType::i64, {count}});
  Rng rng(1);
  for (int64_t i = 0; i < count; ++i) {
    y.set_int(i, i % 2);
    for (int64_t k = 0; k < 784; ++k) {
      x.set_int(i * 784 + k, rng.below(100) + (k / 392 == i % 2 ? 100 : 0));
    }
  }
  ASSERT_TRUE(write_npy(folder.file("x.npy"), x));
  ASSERT_TRUE(write_npy(folder.file("y.npy"), y));
  folder.write("classes.txt", "sky\nground\n");
}

}  // namespace burin::test
