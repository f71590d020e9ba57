// Finds better choices of kernels by measuring them where they will run: inside the network, with
// the caches as the kernels before them leave them. Every measurement runs two programs in turn,
// the incumbent and one in which each dense kernel has another of its alternatives, and compares
// them kernel by kernel.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "driver/compile.h"
#include "driver/tune_cache.h"

namespace burin::driver {

struct TuneProgress {
  size_t measured = 0, left = 0;      // measurements; `left` as far as known
  double elapsed = 0, remaining = 0;  // seconds; the estimate does not go beyond the budget
};

struct TuneOptions {
  CompileOptions compile;  // without choices
  int threads = 1;
  double budget = 60;                                 // seconds for all of tune()
  std::function<void(const TuneProgress&)> progress;  // after each measurement; may be empty
  std::function<bool()> stop = [] { return false; };  // asked now and then: finish early
};

// The kernels of one signature.
struct TunedKernel {
  std::string signature;
  std::string layer;  // the first one's
  size_t layers = 0;  // how many there are in the network
  lower::Choice untuned, tuned;
  double untuned_seconds = 0, tuned_seconds = 0;  // of all of them, in one run of the network
  size_t measured = 0;                            // alternatives, also in earlier runs
};

struct TuneReport {
  std::vector<TunedKernel> kernels;               // those that have alternatives, longest first
  double untuned_seconds = 0, tuned_seconds = 0;  // of the network
  size_t measured = 0;                            // measurements
  bool complete = false;                          // no alternative is left to measure
};

// Tunes a graph as imported. `inputs` are dense tensors of its input types. Starts from what
// `known` holds and leaves there what it found, only what was confirmed at the end.
Result<TuneReport> tune(const graph::Graph& graph, std::span<const void* const> inputs,
                        const TuneOptions& options, TuneCache::Kernels& known);

}  // namespace burin::driver
