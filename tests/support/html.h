// Checks of HTML pages that are meant to stand by themselves.
#pragma once

#include <string>

namespace burin::test {

size_t count(const std::string& text, const std::string& part);

// Every element is closed in the order in which it was opened.
void expect_nested(const std::string& text);
// Nothing is loaded from anywhere: pictures are data.
void expect_self_contained(const std::string& text);

}  // namespace burin::test
