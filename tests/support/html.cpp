// Tags, one after the other.
#include "tests/support/html.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace burin::test {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

void expect_nested(const std::string& text) {
  constexpr std::array<std::string_view, 3> kVoid = {"meta", "br", "img"};
  std::vector<std::string> open;
  for (size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    size_t end = text.find('>', at);
    ASSERT_NE(end, text.npos);
    std::string tag = text.substr(at + 1, end - at - 1);
    std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" >/", 1) - (tag[0] == '/'));
    bool alone = std::find(kVoid.begin(), kVoid.end(), name) != kVoid.end();
    if (tag[0] == '!' || tag.back() == '/' || alone) continue;
    if (tag[0] != '/') {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << tag;
    EXPECT_EQ("/" + open.back(), tag) << "at " << at;
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

void expect_self_contained(const std::string& text) {
  EXPECT_EQ(count(text, "http:"), count(text, "http://www.w3.org/2000/svg"));
  EXPECT_EQ(count(text, "src="), count(text, "src='data:image/"));
  for (const char* foreign : {"https:", "href=", "@import", "url(", "<script"}) {
    EXPECT_EQ(count(text, foreign), 0u) << foreign;
  }
}

}  // namespace burin::test
