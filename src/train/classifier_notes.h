// What a classifier's ONNX file says beside its graph, in the model's metadata:
//   labels          the names of the classes, one a line
//   burin.pictures {"width":28,"height":28,"channels":1,"layout":"nchw","mean":[0],"deviation":[1]}
//   burin.loss      the loss that it was trained with
// Look next: train/trainable.h writes it with the weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/render.h"
#include "train/trainable.h"

namespace burin::train {

struct ClassifierNotes {
  std::vector<std::string> classes;             // names, by label; may be empty
  std::optional<data::PictureFormat> pictures;  // that it takes, as in training
  std::string loss;                             // may be empty
};

// Puts the notes into the metadata, over what stands there.
void write_notes(const ClassifierNotes& notes, Metadata& metadata);
// Those that the metadata has. Refuses a damaged or absurd picture format.
Result<ClassifierNotes> read_notes(const Metadata& metadata);

// The loss that fits a network's end.
std::string default_loss(Head head);

// The probability of each class from one row of a network's outputs: a single one is that of the
// second of two classes, and scores without an activation pass through sigmoid or softmax first.
std::vector<double> probabilities(std::vector<double> outputs, Head head);

}  // namespace burin::train
