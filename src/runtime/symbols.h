// Names of generated code for tools outside: perf (a map file, or a jitdump that also holds the
// bytes) and gdb (its JIT interface). Off unless asked for, by the environment variable BURIN_PERF
// or by choose_symbols().
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "runtime/program.h"

namespace burin::runtime {

struct SymbolSinks {
  bool map = false;      // /tmp/perf-PID.map, which `perf report` finds by itself
  bool jitdump = false;  // jit-PID.dump in $JITDUMPDIR or here: `perf record -k mono`, then
                         // `perf inject --jit`
  bool gdb = false;

  bool any() const { return map || jitdump || gdb; }
};

// A list such as "map,gdb" of map, jitdump and gdb; empty for none.
Result<SymbolSinks> parse_symbol_sinks(std::string_view list);

// For the sessions created from now on, in place of what BURIN_PERF says.
void choose_symbols(SymbolSinks sinks);

struct CodeSymbol {
  std::string name;  // "burin::resnet50::Conv_2"
  uint64_t address = 0;
  uint64_t size = 0;
};

// The kernels of a program whose code is at `code`. A kernel that several steps share has the name
// of the first; kernels of the same layer are told apart by their numbers.
std::vector<CodeSymbol> symbols_of(const Program& program, const std::byte* code);

// Keeps symbols known to gdb while it lives; what perf reads stays.
class SymbolRegistration {
 public:
  // Null where nothing is asked for.
  static Result<std::unique_ptr<SymbolRegistration>> create(const Program& program,
                                                            const std::byte* code);
  ~SymbolRegistration();

 private:
  struct Entry;
  SymbolRegistration();
  std::unique_ptr<Entry> entry_;
};

}  // namespace burin::runtime
