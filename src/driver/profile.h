// A program measured kernel by kernel and held against the machine's limits. What `burin bench
// --per-kernel` prints and `burin profile` draws.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "driver/roofline.h"
#include "runtime/session.h"

namespace burin::driver {

struct KernelTime {
  double seconds = 0;  // median
  Roof roof;
  // Of the time that the roof asks for; 0 where nothing is to be done.
  double share() const { return seconds > 0 ? roof.seconds() / seconds : 0; }
  double lost() const { return seconds - roof.seconds(); }
};

struct Profile {
  Limits limits;
  std::vector<KernelTime> kernels;  // of each step of the program
  double run = 0;                   // median of whole runs, in seconds
  size_t runs = 0;                  // of each kind

  double kernel_seconds() const;  // sums over the kernels
  double roof_seconds() const;
};

// Runs the program for about `seconds`, whole and step by step in turn; the first runs warm up.
// `progress` (may be empty) hears the share that is done, from 0 to 1.
Profile measure_profile(runtime::Session& session, std::span<const void* const> inputs,
                        std::span<void* const> outputs, const loop::Machine& machine,
                        const Limits& limits, double seconds,
                        const std::function<void(double)>& progress = {});

}  // namespace burin::driver
