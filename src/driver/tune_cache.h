// What `burin tune` found, kept in a file of readable JSON: for each machine (processor, features,
// caches, target, version of the code generator) and each kernel's whole signature the best choice.
// The file is hostile: an entry of another form is an error here, a choice that its kernel cannot
// use is ignored when lowering.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "isa/target.h"
#include "lower/choice.h"

namespace burin::driver {

struct TunedChoice {
  lower::Choice best, untuned;
  double seconds = 0, untuned_seconds = 0;  // of one run of the kernel, when measured
  std::vector<std::string> tried;           // Choice::text() of what was measured
};

class TuneCache {
 public:
  using Kernels = std::map<std::string, TunedChoice>;  // by signature

  // An empty cache if there is no such file.
  static Result<TuneCache> load(const std::string& path);
  // Writes the file whole, with its folder. What others wrote meanwhile for other kernels or
  // machines is kept.
  Result<void> save(const std::string& path) const;

  // The kernels of a target of this host.
  Kernels& kernels(const isa::Target& target) { return machines_[machine_text(target)]; }
  lower::Choices choices(const isa::Target& target) const;

  // The key of a machine.
  static std::string machine_text(const isa::Target& target);

 private:
  static Result<TuneCache> parse(const std::string& path, const std::string& text);
  std::string print() const;

  std::map<std::string, Kernels> machines_;
};

// The file named by BURIN_TUNE_CACHE, else burin/tune.json in the user's cache folder. Nothing if
// there is no such folder or the variable says "off".
std::string tune_cache_path();

// What the cache at tune_cache_path() holds for the target; null if it holds nothing.
Result<std::shared_ptr<const lower::Choices>> load_choices(const isa::Target& target);

}  // namespace burin::driver
