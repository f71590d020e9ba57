// The one-line form of a Diagnostic.
#include "base/diagnostic.h"

namespace burin {

std::string Diagnostic::text() const {
  std::string line = where.empty() ? reason : where + ": " + reason;
  if (!hint.empty()) line += " (" + hint + ")";
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

}  // namespace burin
