// ONNX's own test cases (Debian's libonnx-testdata): finding them, and running one through the
// evaluator and as machine code. tools/conformance.cpp reports on all, tests/ops/ runs a sample.
#pragma once

#include <array>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "tests/support/isolated.h"

namespace burin::test {

struct ConformanceCase {
  std::string group;  // "node", "simple", "pytorch-converted", "pytorch-operator"
  std::string name;   // "test_add"
  std::filesystem::path folder;
};

// Where the package puts its cases; $BURIN_CONFORMANCE names another folder.
std::filesystem::path conformance_folder();
// All cases, by group and name; empty if the package is absent.
std::vector<ConformanceCase> conformance_cases();

#define BURIN_CASE_STATUSES(X) X(pass) X(fail) X(unsupported) X(crash) X(hang)
enum class Status {
#define X(name) name,
  BURIN_CASE_STATUSES(X)
#undef X
};
std::string_view name_of(Status status);

struct Outcome {
  Status status = Status::pass;
  std::string reason;  // empty for pass
};

// The ways to run a case, with their titles.
#define BURIN_CASE_COLUMNS(X) X(evaluator, "evaluator") X(machine_code, "machine code")
enum class Column {
#define X(name, title) name,
  BURIN_CASE_COLUMNS(X)
#undef X
};
inline constexpr size_t kColumns = 0
#define X(name, title) +1
    BURIN_CASE_COLUMNS(X)
#undef X
    ;
std::string_view title_of(Column column);

struct CaseResult {
  ConformanceCase test;
  std::string ops;  // the model's op types, without repetition, in order: "Shape Gather"
  std::array<Outcome, kColumns> outcomes;
};

struct CaseOptions {
  int jobs = 1;
  Limits limits;
  std::string target = "native";  // of the machine code
  int threads = 1;
  // Floats may also differ by this share of the largest expected value: for deep networks.
  double relative_to_largest = 0;
};

// Compiles the graph and runs it once.
Result<std::vector<Tensor>> run_as_machine_code(const graph::Graph& graph,
                                                std::span<const Tensor> inputs,
                                                const CaseOptions& options);

// Runs each case in a process of its own.
std::vector<CaseResult> run_conformance(const std::vector<ConformanceCase>& cases,
                                        const CaseOptions& options = {});

}  // namespace burin::test
