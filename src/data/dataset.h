// Labelled pictures to learn from, whatever form they have on disk. Items are numbered from 0; a
// broken item is an error of its own when it is loaded, never of the set.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "data/image.h"
#include "data/pixels.h"

namespace burin::data {

class Dataset {
 public:
  virtual ~Dataset() = default;

  const std::vector<std::string>& classes() const { return classes_; }
  int64_t size() const { return static_cast<int64_t>(labels_.size()); }
  // Index into classes().
  int label(int64_t item) const { return labels_[static_cast<size_t>(item)]; }

  // For people: a path inside the set, or "image 17".
  virtual std::string name(int64_t item) const = 0;
  virtual int channels() const = 0;
  // 0 where every item has its own size.
  virtual int width() const { return 0; }
  virtual int height() const { return 0; }
  // Any thread may call it. Errors: a file that is missing, broken or too large; floats that are
  // not finite.
  virtual Result<Pixels> load(int64_t item, const DecodeOptions& options) const = 0;

 protected:
  std::vector<std::string> classes_;
  std::vector<int> labels_;
};

struct OpenedDataset {
  std::unique_ptr<Dataset> train;
  std::unique_ptr<Dataset> test;  // null if the folder has no part for testing
};

// Finds out the form of the folder `path`:
//   CLASS/**/*.jpg|jpeg|png|webp   a folder a class, searched in depth
//   cat.0.jpg                      photos side by side, class = the name up to the first dot
//   train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz]   IDX; test part t10k-*
//   images.bin, labels.bin         N x 3 x 128 x 128 bytes (planes R, G, B) and N bytes; test part
//                                  images_test.bin, labels_test.bin
//   x.npy, y.npy                   u8 or f32 [N, C, H, W] or [N, H, W], integers [N]; test part
//                                  x_test.npy, y_test.npy
// Photos may lie in `path`/train with `path`/test, val, valid or validation beside it. Classes are
// in the order of their names; where labels are numbers, `path`/classes.txt may name them, a line
// each. Errors: another form, no items, fewer than two classes, a class without items, labels
// outside the classes, counts that differ, a test part of other classes.
Result<OpenedDataset> open_dataset(const std::string& path);

}  // namespace burin::data
