// The two files through which perf learns of generated code.
#pragma once

#include <span>

#include "runtime/symbols.h"

namespace burin::runtime {

// Appends "address size name" lines to /tmp/perf-PID.map.
Result<void> append_perf_map(std::span<const CodeSymbol> symbols);

// Appends a load record with the code's bytes for each symbol to this process's jitdump. The format
// is tools/perf/Documentation/jitdump-specification.txt of Linux.
Result<void> append_jitdump(std::span<const CodeSymbol> symbols);

}  // namespace burin::runtime
