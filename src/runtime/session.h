// Runs a program. A session owns the code pages, the arena and the threads, so running allocates
// nothing. One run at a time per session; several sessions may share a program.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/diagnostic.h"
#include "runtime/code_pages.h"
#include "runtime/program.h"
#include "runtime/symbols.h"
#include "runtime/threads.h"

namespace burin::runtime {

class Session {
 public:
  // Runs on `threads` >= 1, or on one if that is faster. Fails if the program's places lie outside
  // its buffers or memory is refused.
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const Program> program,
                                                 int threads);

  const Program& program() const { return *program_; }
  int threads() const { return pool_.threads(); }

  // inputs[i] and outputs[i] point at dense row-major tensors of the program's port types. They
  // need no alignment and must not overlap.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs);

  // The same step by step: none begins before the one in front is done. Calls after(step) then.
  void run_stepwise(std::span<const void* const> inputs, std::span<void* const> outputs,
                    const std::function<void(size_t step)>& after);
  // Where buffer `index` of a step is in memory; during run_stepwise only.
  const void* buffer(size_t step, size_t index) const {
    return tables_[0][steps_[step].first_pointer + index];
  }

  // One tile as a worker ran it; times in seconds from the start of the run.
  struct TileSpan {
    uint32_t step = 0, worker = 0;
    int64_t tile = 0;
    double begin = 0, end = 0;
  };
  // As run() does, recording every tile. Returns the spans worker by worker, in the order of time.
  std::vector<TileSpan> run_traced(std::span<const void* const> inputs,
                                   std::span<void* const> outputs);

  // Step by step too, adding each step's wall time in seconds to step_seconds (one entry per step).
  void run_timed(std::span<const void* const> inputs, std::span<void* const> outputs,
                 std::span<double> step_seconds);

 private:
  using KernelFunction = void (*)(void* const* buffers, int64_t tile);
  struct PreparedStep {
    KernelFunction function = nullptr;
    size_t first_pointer = 0;  // into each of tables_
  };
  // A pointer that depends on the caller's buffers.
  struct Patch {
    size_t pointer = 0;
    bool output = false;
    uint32_t port = 0;
    int64_t offset = 0;
  };

  Session(std::shared_ptr<const Program> program, CodePages code, int threads);
  void prepare(std::vector<Stage> stages);
  void prepare_step(const Step& step);
  void patch(std::span<const void* const> inputs, std::span<void* const> outputs);
  void run_stages(std::span<const Stage> stages);
  void run_tile(size_t step, size_t worker, int64_t tile) const;

  std::shared_ptr<const Program> program_;
  CodePages code_;
  std::unique_ptr<SymbolRegistration> symbols_;  // null unless asked for
  ThreadPool pool_;
  std::shared_ptr<std::byte> arena_;
  int64_t scratch_stride_ = 0;  // bytes from one worker's to the next one's
  std::shared_ptr<std::byte> scratch_;
  std::vector<PreparedStep> steps_;
  std::vector<Stage> stages_;       // of a run
  std::vector<Stage> step_stages_;  // one for each step
  // Per worker, the steps' buffers; they differ in the scratch memory.
  std::vector<std::vector<void*>> tables_;
  std::vector<Patch> patches_;
};

}  // namespace burin::runtime
