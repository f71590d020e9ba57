// A small ELF object in memory that says which symbols lie where: what gdb's JIT interface reads.
#pragma once

#include <span>
#include <vector>

#include "runtime/symbols.h"

namespace burin::runtime {

// The code is in [begin, begin + size); symbols lie inside it.
std::vector<char> make_symbol_object(std::span<const CodeSymbol> symbols, uint64_t begin,
                                     uint64_t size);

}  // namespace burin::runtime
