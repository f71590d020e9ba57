// What perf and gdb learn of generated code.
#include "runtime/symbols.h"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <sstream>

#include "runtime/gdb_object.h"
#include "runtime/perf_files.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

namespace burin::runtime {

namespace {

using test::TempFolder;

Program two_kernels() {
  Program program;
  program.name = "small net";
  program.code.resize(128, 0xc3);
  program.kernels = {{0, 10}, {64, 20}};
  for (auto [kernel, name] : {std::pair{0u, "first"}, {1u, "odd name\n"}, {0u, "again"}}) {
    Step step;
    step.kernel = kernel;
    step.name = name;
    program.steps.push_back(std::move(step));
  }
  return program;
}

template <class T>
T word(const std::string& bytes, size_t at) {
  T value{};
  EXPECT_LE(at + sizeof(T), bytes.size());
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

}  // namespace

TEST(Symbols, NamesAreOfNetworkAndLayer) {
  Program program = two_kernels();
  auto* code = reinterpret_cast<const std::byte*>(program.code.data());
  auto symbols = symbols_of(program, code);
  ASSERT_EQ(symbols.size(), 2u);
  EXPECT_EQ(symbols[0].name, "burin::small_net::first");
  EXPECT_EQ(symbols[1].name, "burin::small_net::odd_name_");
  EXPECT_EQ(symbols[1].address - symbols[0].address, 64u);
  EXPECT_EQ(symbols[1].size, 20u);
  program.steps[1].name = "first";
  EXPECT_EQ(symbols_of(program, code)[0].name, "burin::small_net::first.k0");
  EXPECT_EQ(symbols_of(program, code)[1].name, "burin::small_net::first.k1");
}

TEST(Symbols, SinksAreListed) {
  auto sinks = parse_symbol_sinks("map,gdb");
  ASSERT_TRUE(sinks);
  EXPECT_TRUE(sinks->map && sinks->gdb && !sinks->jitdump);
  EXPECT_FALSE(parse_symbol_sinks("")->any());
  EXPECT_FALSE(parse_symbol_sinks("map,everything"));
}

TEST(Symbols, PerfMapHasALineForEachKernel) {
  Program program = two_kernels();
  auto symbols = symbols_of(program, reinterpret_cast<const std::byte*>(program.code.data()));
  ASSERT_TRUE(append_perf_map(symbols));
  std::string path = "/tmp/perf-" + std::to_string(::getpid()) + ".map";
  std::istringstream lines(test::read_file(path));
  ::unlink(path.c_str());
  for (const CodeSymbol& symbol : symbols) {
    uint64_t address = 0, size = 0;
    std::string name;
    lines >> std::hex >> address >> size >> name;
    EXPECT_EQ(address, symbol.address);
    EXPECT_EQ(size, symbol.size);
    EXPECT_EQ(name, symbol.name);
  }
}

TEST(Symbols, JitdumpHoldsTheBytes) {
  TempFolder folder;
  ::setenv("JITDUMPDIR", folder.path().c_str(), 1);
  Program program = two_kernels();
  auto symbols = symbols_of(program, reinterpret_cast<const std::byte*>(program.code.data()));
  ASSERT_TRUE(append_jitdump(symbols));
  ::unsetenv("JITDUMPDIR");
  std::string dump = test::read_file(folder.file("jit-" + std::to_string(::getpid()) + ".dump"));
  EXPECT_EQ(word<uint32_t>(dump, 0), 0x4A695444u);
  size_t at = word<uint32_t>(dump, 8);
  EXPECT_EQ(at, 40u);
  for (const CodeSymbol& symbol : symbols) {
    EXPECT_EQ(word<uint32_t>(dump, at), 0u);  // a load record
    EXPECT_EQ(word<uint64_t>(dump, at + 32), symbol.address);
    EXPECT_EQ(word<uint64_t>(dump, at + 40), symbol.size);
    EXPECT_STREQ(dump.c_str() + at + 56, symbol.name.c_str());
    size_t code = at + 56 + symbol.name.size() + 1;
    EXPECT_EQ(dump.substr(code, symbol.size), std::string(symbol.size, '\xc3'));
    at += word<uint32_t>(dump, at + 4);
  }
  EXPECT_EQ(at, dump.size());
}

TEST(Symbols, ObjectForGdbIsAnElfWithTheSymbols) {
  Program program = two_kernels();
  auto symbols = symbols_of(program, reinterpret_cast<const std::byte*>(program.code.data()));
  std::vector<char> made = make_symbol_object(symbols, symbols[0].address, program.code.size());
  std::string object(made.begin(), made.end());
  auto header = word<Elf64_Ehdr>(object, 0);
  EXPECT_EQ(std::memcmp(header.e_ident, ELFMAG, SELFMAG), 0);
  ASSERT_EQ(header.e_shoff + header.e_shnum * sizeof(Elf64_Shdr), object.size());
  std::vector<Elf64_Shdr> sections;
  for (size_t i = 0; i < header.e_shnum; ++i) {
    sections.push_back(word<Elf64_Shdr>(object, header.e_shoff + i * sizeof(Elf64_Shdr)));
  }
  EXPECT_EQ(sections[1].sh_addr, symbols[0].address);
  ASSERT_EQ(sections[2].sh_size, 3 * sizeof(Elf64_Sym));
  auto second = word<Elf64_Sym>(object, sections[2].sh_offset + 2 * sizeof(Elf64_Sym));
  EXPECT_EQ(second.st_value, 64u);
  EXPECT_EQ(object.c_str() + sections[3].sh_offset + second.st_name, symbols[1].name);
}

// gdb stops in a kernel by its name and names it in a backtrace.
TEST(Symbols, GdbKnowsKernelsByName) {
  if (std::system("gdb --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "gdb is not installed";
  std::string line =
      "BURIN_PERF=gdb timeout 60 gdb -q -batch -nx -ex 'set breakpoint pending on' "
      "-ex 'set debuginfod enabled off' -ex 'break burin::lenet::Conv_7' -ex run "
      "-ex 'info symbol $pc' -ex backtrace --args " BURIN_BINARY " run lenet --threads 1 2>&1";
  std::string out;
  FILE* pipe = ::popen(line.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  char buffer[4096];
  for (size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  ::pclose(pipe);
  if (out.find("ptrace") != std::string::npos) GTEST_SKIP() << "ptrace is not permitted: " << out;
  EXPECT_NE(out.find("burin::lenet::Conv_7 in section .text"), std::string::npos) << out;
  EXPECT_NE(out.find("#0  0x"), std::string::npos) << out;
}

}  // namespace burin::runtime
