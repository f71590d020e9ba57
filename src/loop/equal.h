// Whether two loop functions are the same code: all but their names and the layers behind their
// instructions. Equal functions are engraved once.
#pragma once

#include <cstdint>

#include "loop/function.h"

namespace burin::loop {

bool same_code(const Function& a, const Function& b);
// Equal for functions of the same code.
uint64_t code_hash(const Function& function);

}  // namespace burin::loop
