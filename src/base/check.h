// Internal invariants. BURIN_CHECK aborts with the place and the reason: it is for our own bugs.
// What a user or a model file can cause is a Diagnostic (base/diagnostic.h) instead.
#pragma once

namespace burin {

[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* reason);

}  // namespace burin

#define BURIN_CHECK(condition, reason) \
  ((condition) ? (void)0 : ::burin::check_failed(__FILE__, __LINE__, #condition, reason))
