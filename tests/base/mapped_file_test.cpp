// Pages of a mapped file come and go; its bytes stay.
#include "base/mapped_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace burin {

namespace {

// The pages of the file that this process holds.
size_t mapped_pages(std::span<const std::byte> bytes) {
  std::ifstream maps("/proc/self/smaps");
  char begin[32];
  std::snprintf(begin, sizeof(begin), "%lx-", reinterpret_cast<unsigned long>(bytes.data()));
  std::string line;
  while (std::getline(maps, line) && !line.starts_with(begin)) {
  }
  while (std::getline(maps, line) && !line.starts_with("Rss:")) {
  }
  return std::stoul(line.substr(4)) / 4;
}

size_t sum(std::span<const std::byte> bytes) {
  size_t total = 0;
  for (std::byte b : bytes) total += static_cast<size_t>(b);
  return total;
}

}  // namespace

TEST(MappedFile, LeavesMemoryAndComesBack) {
  auto path = std::filesystem::temp_directory_path() / "burin_mapped_file_test";
  std::ofstream(path, std::ios::binary) << std::string(1 << 20, 'x');
  auto file = MappedFile::open(path.string());
  ASSERT_TRUE(file) << file.error().text();
  auto bytes = (*file)->bytes();
  EXPECT_EQ(sum(bytes), size_t{'x'} << 20);
  EXPECT_EQ(mapped_pages(bytes), 256u);
  (*file)->leave_memory();
  EXPECT_EQ(mapped_pages(bytes), 0u);
  EXPECT_EQ(sum(bytes), size_t{'x'} << 20);
  std::filesystem::remove(path);
}

TEST(MappedFile, CopiesParts) {
  auto path = std::filesystem::temp_directory_path() / "burin_mapped_file_copy_test";
  std::string text;
  while (text.size() < 300000) text += std::to_string(text.size());
  std::ofstream(path, std::ios::binary) << text;
  auto file = MappedFile::open(path.string());
  ASSERT_TRUE(file) << file.error().text();
  auto bytes = (*file)->bytes();
  for (size_t from : {size_t{0}, size_t{1}, size_t{4097}, bytes.size()}) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{33}, size_t{70000}}) {
      auto part = bytes.subspan(from, std::min(size, bytes.size() - from));
      std::string copy(part.size() + 1, '#');
      (*file)->copy(part, reinterpret_cast<std::byte*>(copy.data()));
      EXPECT_EQ(copy, text.substr(from, part.size()) + '#') << from << ", " << size;
    }
  }
  std::filesystem::remove(path);
}

}  // namespace burin
