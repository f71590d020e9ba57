// Splits case files, runs them, compares or rewrites them.
#include "tests/support/text_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace burin::test {

namespace {

constexpr std::string_view kRun = "// run: ";
constexpr std::string_view kExpect = "// expect:";

struct Case {
  int line = 0;
  std::string what, input, expected;
};

struct CaseFile {
  std::string head;  // what stands before the first case
  std::vector<Case> cases;
};

CaseFile read_cases(const std::filesystem::path& path) {
  CaseFile file;
  std::ifstream in(path);
  std::string* part = &file.head;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.starts_with(kRun)) {
      file.cases.push_back({number, line.substr(kRun.size()), "", ""});
      part = &file.cases.back().input;
    } else if (line == kExpect && !file.cases.empty()) {
      part = &file.cases.back().expected;
    } else {
      *part += line + "\n";
    }
  }
  return file;
}

std::string trimmed(const std::string& text) {
  size_t begin = text.find_first_not_of(" \n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \n") + 1 - begin);
}

std::string spelled(const CaseFile& file) {
  std::string out = file.head;
  for (const Case& c : file.cases) {
    out += std::string(kRun) + c.what + "\n" + trimmed(c.input) + "\n" + std::string(kExpect) +
           "\n" + trimmed(c.expected) + "\n\n";
  }
  out.pop_back();
  return out;
}

}  // namespace

void run_text_cases(const std::string& folder, const std::string& extension,
                    const TextRunner& runner) {
  bool update = std::getenv("BURIN_UPDATE") != nullptr;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(BURIN_SOURCE_DIR) / folder)) {
    if (entry.path().extension() == extension) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  EXPECT_FALSE(paths.empty()) << "no " << extension << " files in " << folder;
  for (const auto& path : paths) {
    CaseFile file = read_cases(path);
    EXPECT_FALSE(file.cases.empty()) << path;
    for (Case& c : file.cases) {
      std::string output = runner(c.what, c.input);
      if (update) {
        c.expected = output;
      } else {
        EXPECT_EQ(trimmed(output), trimmed(c.expected))
            << path.string() << ":" << c.line << ": BURIN_UPDATE=1 rewrites the expectations";
      }
    }
    if (update) std::ofstream(path) << spelled(file);
  }
}

}  // namespace burin::test
