// Files appear whole or not at all.
#include "base/output_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temp_folder.h"

namespace burin {
namespace {

size_t count_files(const test::TempFolder& folder) {
  std::filesystem::directory_iterator files(folder.path());
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

TEST(OutputFile, AppearsWithCommitAndLeavesNothingWithoutIt) {
  test::TempFolder folder;
  std::string path = folder.write("a.txt", "old");
  {
    auto file = OutputFile::create(path);
    ASSERT_TRUE(file);
    (*file)->write("half of");
  }
  EXPECT_EQ(std::filesystem::file_size(path), 3u);
  EXPECT_EQ(count_files(folder), 1u);
  for (auto durability : {OutputFile::Durability::cached, OutputFile::Durability::on_disk}) {
    auto file = OutputFile::create(path);
    ASSERT_TRUE(file);
    (*file)->write("the whole text");
    ASSERT_TRUE((*file)->commit(durability));
    EXPECT_EQ(std::filesystem::file_size(path), 14u);
    EXPECT_EQ(count_files(folder), 1u);
  }
}

TEST(OutputFile, ADiskThatIsFullIsAnError) {
  auto file = OutputFile::create("/dev/full");
  ASSERT_TRUE(file);
  (*file)->write(std::string(100'000, 'x'));
  auto written = (*file)->commit(OutputFile::Durability::on_disk);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().text(), "/dev/full: cannot write: No space left on device");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(OutputFile, AFolderThatIsMissingIsAnError) {
  test::TempFolder folder;
  EXPECT_FALSE(OutputFile::create(folder.file("no/such/file")));
}

}  // namespace
}  // namespace burin
