// How far one turn of a loop moves the addresses and integers that it carries.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "loop/function.h"

namespace burin::loop {

// A carried value grows in each turn by `constant` and by values times factors that are the same in
// every turn. Not known where anything else decides what it becomes.
struct Advance {
  bool known = false;
  int64_t constant = 0;
  std::vector<std::pair<Value, int64_t>> terms;
};

class Advances {
 public:
  // `function` has passed loop/verify.h and outlives this.
  explicit Advances(const Function& function);

  // Of the k-th value that the loop with this body carries; nothing is known of vectors.
  const Advance& of(RegionId body, size_t k) const { return by_body_[body][k]; }

 private:
  void index_region(RegionId region);
  // Whether a value is the same in all turns of the loop with this body.
  bool stays(Value v, RegionId body) const;
  Advance find(RegionId body, Value param, Value yield) const;

  const Function& f_;
  std::vector<InstId> inst_of_;      // by value: what computes it, if that has one result
  std::vector<RegionId> region_of_;  // by value: where it is defined
  std::vector<RegionId> parent_;     // by region: the one around it
  std::vector<std::vector<Advance>> by_body_;
};

}  // namespace burin::loop
