// Two buffers a variable, swapped by a step.
#include "train/variables.h"

#include <cstring>
#include <utility>

namespace burin::train {

namespace {

void copy_bytes(Tensor& to, const Tensor& from) {
  std::memcpy(to.mutable_data(), from.data(), from.bytes().size());
}

}  // namespace

Variables::Variables(const std::vector<VariableSpec>& specs) {
  for (const VariableSpec& spec : specs) {
    index_.emplace(spec.name, list_.size());
    list_.push_back({spec.name, spec.kind, Tensor(spec.initial.type())});
    next_.emplace_back(spec.initial.type());
    copy_bytes(list_.back().value, spec.initial);
  }
}

int64_t Variables::bytes() const {
  int64_t bytes = 0;
  for (const Variable& v : list_) bytes += 2 * v.value.type().bytes();
  return bytes;
}

const Variable* Variables::find(std::string_view name) const {
  auto found = index_.find(name);
  return found == index_.end() ? nullptr : &list_[found->second];
}

Result<void> Variables::set(std::string_view name, const Tensor& value) {
  auto found = index_.find(name);
  if (found == index_.end()) return fail(std::string(name), "the network has no such weights");
  Tensor& mine = list_[found->second].value;
  if (!(mine.type() == value.type())) {
    return fail(std::string(name),
                "is " + value.type().text() + " where the network has " + mine.type().text());
  }
  copy_bytes(mine, value);
  return {};
}

void Variables::advance() {
  for (size_t i = 0; i < list_.size(); ++i) std::swap(list_[i].value, next_[i]);
}

}  // namespace burin::train
