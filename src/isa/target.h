// The processor that code is written for: its instruction set, sizes and features.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "loop/machine.h"

namespace burin::isa {

enum class Isa : uint8_t { avx2, avx512 };

struct Target {
  Isa isa = Isa::avx2;
  std::string name;       // "avx2", "avx512"
  std::string cpu_name;   // "AMD EPYC ..."
  std::string cpu_model;  // "AMD family 26 model 2 stepping 1"
  bool vnni = false;
  bool bf16 = false;
  bool fetches_far = true;        // prefetches go to the second-level cache, not to the first
  bool shared_front_end = false;  // by two hardware threads: fewer instructions are faster
  loop::Machine machine;
  std::vector<std::string> features;  // of the host, for `burin doctor`
};

// The best target of this host; an error if it lacks AVX2 and FMA.
Result<Target> host_target();
// "native", "avx512" or "avx2". Errors for unknown names. Code for a target that the host lacks can
// be written and listed, not run: see can_run.
Result<Target> target_from_name(std::string_view name);
bool can_run(const Target& target);

}  // namespace burin::isa
