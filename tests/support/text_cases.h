// Tests that are text files: each case says what to run on which input and what must come out.
//
//   // run: simplify
//   graph "in" { ... }
//   // expect:
//   graph "out" { ... }
//
// With BURIN_UPDATE=1 in the environment the expectations are rewritten from what comes out.
#pragma once

#include <functional>
#include <string>

namespace burin::test {

// What a case's input becomes; `what` is the text behind "run:".
using TextRunner = std::function<std::string(const std::string& what, const std::string& input)>;

// Runs every case of every file with this extension in a folder below the source tree; fails the
// current test, with file and line, where the output differs.
void run_text_cases(const std::string& folder, const std::string& extension,
                    const TextRunner& runner);

}  // namespace burin::test
