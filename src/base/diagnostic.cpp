// The one-line form of a Diagnostic.
#include "base/diagnostic.h"

namespace burin {

std::string Diagnostic::text() const {
  std::string line = where.empty() ? reason : where + ": " + reason;
  if (!hint.empty()) line += " (" + hint + ")";
  return line;
}

}  // namespace burin
