// Aborts with the failed invariant on standard error.
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace burin {

void check_failed(const char* file, int line, const char* condition, const char* reason) {
  std::fprintf(stderr, "burin: internal error: %s (%s) at %s:%d\n", reason, condition, file, line);
  std::abort();
}

}  // namespace burin
