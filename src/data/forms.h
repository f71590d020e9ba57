// The forms behind data/dataset.h, each opened from its folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "tensor/tensor.h"

namespace burin::data {

// Photos in class folders or side by side.
Result<std::unique_ptr<Dataset>> open_photos(const std::string& folder);

// True if the folder holds the images of one of the forms that are arrays.
bool has_array_form(const std::string& folder);
// IDX, raw or .npy: whichever has_array_form found; test is null without its files.
Result<OpenedDataset> open_arrays(const std::string& folder);

// Images u8 or f32 [N, C, H, W] or [N, H, W] in memory or mapped, labels of any integer type [N].
// `classes` may be empty: then they are named "0", "1" ... up to the largest label.
Result<std::unique_ptr<Dataset>> make_array_dataset(const std::string& where, Tensor images,
                                                    const Tensor& labels,
                                                    std::vector<std::string> classes);

}  // namespace burin::data
