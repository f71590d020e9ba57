// The text form: files under tests/loop/text print as they stand (BURIN_UPDATE=1 rewrites them),
// and broken texts give an error at the right place.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "loop/parse.h"
#include "loop/print.h"

namespace burin::loop {

namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string error_of(std::string_view text) {
  auto result = parse(text, "t");
  return result ? "no error" : result.error().text();
}

}  // namespace

TEST(LoopText, FilesPrintAsTheyStand) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(BURIN_SOURCE_DIR "/tests/loop/text")) {
    std::string text = read_file(entry.path());
    auto function = parse(text, entry.path().filename().string());
    ASSERT_TRUE(function) << function.error().text();
    std::string printed = print(*function);
    if (std::getenv("BURIN_UPDATE")) std::ofstream(entry.path()) << printed;
    EXPECT_EQ(printed, std::getenv("BURIN_UPDATE") ? printed : text) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 3);
}

TEST(LoopText, ErrorsNameTheirPlace) {
  EXPECT_EQ(error_of("kernel \"k\"(tile %0) {\n  %1: i64 = ad %0, %0\n}"),
            "t:2:13: no op is called ad");
  EXPECT_EQ(error_of("kernel \"k\"(tile %0) {\n  %1: i64 = add %0, %7\n}"),
            "t:2:21: no value of this name above");
  EXPECT_EQ(error_of("kernel \"k\"(%0, tile %0) {}"), "t:1:21: a value defined twice");
  EXPECT_EQ(error_of("kernel \"k\"(tile %0) { %1: f33 = neg %0 }"), "t:1:27: not a type: f33");
  EXPECT_EQ(error_of("kernel \"k\"(tile %0) {} x"), "t:1:24: text after the kernel");
}

TEST(LoopText, WhatIsInvalidIsRefusedByTheVerifier) {
  EXPECT_EQ(error_of("kernel \"k\"(tile %0) { %1: i32 = add %0, %0 }"),
            "kernel k: instruction 0 (add): a result that is not i64");
  EXPECT_EQ(error_of("kernel \"k\"(%0, tile %1) { %2: f32 = load [%0 + %1*3] }"),
            "kernel k: instruction 0 (load): a scale");
  EXPECT_NE(error_of("kernel \"k\"(tile %0) { loop %1 = %0 to %0 step 1 { %2: i64 = neg %1 }"
                     " %3: i64 = neg %2 }")
                .find("not in scope"),
            std::string::npos);
}

TEST(LoopText, DeepNestingIsRefused) {
  std::string text = "kernel \"k\"(tile %0) {";
  for (int i = 0; i < 100000; ++i) text += " branch m8(1) {";
  EXPECT_NE(error_of(text), "no error");
}

}  // namespace burin::loop
