// A training as one HTML page that needs nothing beside it: how it went, what the network takes for
// what, and its worst mistakes as pictures. Data in, text out: writing the file is the caller's.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace burin::report {

struct TrainingEpoch {
  int64_t epoch = 0;  // from 1
  double loss = 0, accuracy = 0;
  double validation_loss = 0, validation_accuracy = 0;
  double seconds = 0;
};

// A sample that was taken for another class.
struct Mistake {
  std::string name;
  int64_t label = 0, guess = 0;
  double label_probability = 0, guess_probability = 0;
  int width = 0, height = 0;
  std::vector<uint8_t> jpeg;  // a whole file
};

struct Training {
  std::string network;  // as the user named it
  std::string samples;
  std::vector<TrainingEpoch> epochs;  // in order
  // (epochs done, learning rate), in order.
  std::vector<std::pair<double, double>> learning_rates;
  std::vector<std::string> classes;
  std::vector<int64_t> confusion;  // [class][taken for], of the validation samples
  std::vector<int64_t> training_samples, validation_samples;  // by class
  std::vector<Mistake> mistakes;                              // worst first
  int64_t mistakes_in_all = 0;
  std::vector<std::pair<std::string, std::string>> settings;
};

std::string training_page(const Training& training);

}  // namespace burin::report
