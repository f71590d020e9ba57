// The values that stay from step to step: weights, statistics, what the optimiser keeps. Programs
// read the current ones and write the next ones; callers never see where in memory they are.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "train/step_graph.h"

namespace burin::train {

struct Variable {
  std::string name;
  VariableKind kind = VariableKind::parameter;
  Tensor value;
};

class Variables {
 public:
  // Copies the initial values.
  explicit Variables(const std::vector<VariableSpec>& specs);

  // In the order of the specs.
  std::span<const Variable> all() const { return list_; }
  // Of memory, for the current values and the next ones.
  int64_t bytes() const;
  // Null if there is none.
  const Variable* find(std::string_view name) const;
  // Copies the value. Refuses another type than the variable's, and names that do not exist.
  Result<void> set(std::string_view name, const Tensor& value);

  // Where a step writes the next value of variable i; after it, advance() makes all of them
  // current.
  void* next(size_t i) { return next_[i].mutable_data(); }
  void advance();
  // Takes the last advance() back.
  void retreat() { advance(); }

 private:
  std::vector<Variable> list_;
  std::vector<Tensor> next_;
  std::map<std::string, size_t, std::less<>> index_;
};

}  // namespace burin::train
