// Pointer tables are laid out once; a run patches the caller's pointers in and walks the steps.
#include "runtime/session.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/checked.h"
#include "base/clock.h"
#include "runtime/run_ahead.h"
#include "runtime/step_cost.h"
#include "tensor/tensor.h"

namespace burin::runtime {

namespace {

constexpr int64_t kPage = 4096;

// The bytes of the buffer that a place lies in; -1 if its port does not exist.
int64_t extent_of(const Program& program, const Place& place) {
  switch (place.kind) {
    case Place::Kind::arena: return program.arena_bytes;
    case Place::Kind::scratch: return program.scratch_bytes;
    case Place::Kind::constant: return program.constant_bytes;
    case Place::Kind::input:
      return place.index < program.inputs.size() ? program.inputs[place.index].type.bytes() : -1;
    case Place::Kind::output:
      return place.index < program.outputs.size() ? program.outputs[place.index].type.bytes() : -1;
  }
  return -1;
}

Result<bool> check_program(const Program& program) {
  for (const Step& step : program.steps) {
    if (step.kernel >= program.kernels.size()) return fail(step.name, "kernel out of range");
    const KernelCode& code = program.kernels[step.kernel];
    if (code.offset < 0 || code.offset + code.size > static_cast<int64_t>(program.code.size())) {
      return fail(step.name, "kernel outside the code");
    }
    for (const Place& place : step.buffers) {
      if (place.offset < 0 || place.offset > extent_of(program, place)) {
        return fail(step.name, "a buffer lies outside its memory");
      }
    }
    if (!step.touches.empty() && step.touches.size() != step.buffers.size()) {
      return fail(step.name, "what it touches is told of some buffers only");
    }
  }
  return true;
}

// Whether the threads that stages are planned for save more than it takes to hand the steps over: a
// recurrent network has hundreds of steps of one tile.
bool threads_pay(const Program& program, std::span<const Stage> stages) {
  double saved = 0;
  for (const Stage& stage : stages) {
    const Step& step = program.steps[stage.step];
    int64_t others = stage.tiles() - stage.shares[0].count;
    saved += least_seconds(step) * static_cast<double>(others) / static_cast<double>(step.tiles);
  }
  return saved >= kHandOver * static_cast<double>(program.steps.size());
}

}  // namespace

Result<std::unique_ptr<Session>> Session::create(std::shared_ptr<const Program> program,
                                                 int threads) {
  BURIN_TRY(check_program(*program));
  BURIN_ASSIGN(CodePages code, CodePages::create(program->code));
  std::vector<Stage> stages = plan_stages(*program, threads);
  bool pays = threads > 1 && threads_pay(*program, stages);
  std::unique_ptr<Session> session(
      new Session(std::move(program), std::move(code), pays ? threads : 1));
  BURIN_ASSIGN(session->symbols_,
               SymbolRegistration::create(*session->program_, session->code_.data()));
  // The system may have refused a thread.
  if (session->threads() != threads) stages = plan_stages(*session->program_, session->threads());
  session->prepare(std::move(stages));
  return session;
}

Session::Session(std::shared_ptr<const Program> program, CodePages code, int threads)
    : program_(std::move(program)),
      code_(std::move(code)),
      pool_(threads),
      arena_(allocate_bytes(program_->arena_bytes)),
      scratch_stride_(round_up(program_->scratch_bytes, kPage)),
      scratch_(allocate_bytes(scratch_stride_ * pool_.threads())),
      tables_(static_cast<size_t>(pool_.threads())) {}

void Session::prepare(std::vector<Stage> stages) {
  for (const Step& step : program_->steps) {
    prepare_step(step);
    step_stages_.push_back(make_stage(step_stages_.size(), step.tiles, pool_.threads()));
  }
  stages_ = std::move(stages);
}

void Session::prepare_step(const Step& step) {
  PreparedStep prepared;
  auto offset = static_cast<size_t>(program_->kernels[step.kernel].offset);
  prepared.function = code_.entry<KernelFunction>(offset);
  prepared.first_pointer = tables_[0].size();
  for (const Place& place : step.buffers) {
    if (place.kind == Place::Kind::input || place.kind == Place::Kind::output) {
      patches_.push_back(
          {tables_[0].size(), place.kind == Place::Kind::output, place.index, place.offset});
    }
    for (size_t worker = 0; worker < tables_.size(); ++worker) {
      std::byte* base = nullptr;
      if (place.kind == Place::Kind::arena) base = arena_.get() + place.offset;
      if (place.kind == Place::Kind::constant) base = program_->constants.get() + place.offset;
      if (place.kind == Place::Kind::scratch) {
        base = scratch_.get() + static_cast<int64_t>(worker) * scratch_stride_ + place.offset;
      }
      tables_[worker].push_back(base);
    }
  }
  steps_.push_back(prepared);
}

void Session::patch(std::span<const void* const> inputs, std::span<void* const> outputs) {
  BURIN_CHECK(inputs.size() == program_->inputs.size(), "number of inputs");
  BURIN_CHECK(outputs.size() == program_->outputs.size(), "number of outputs");
  for (const Patch& p : patches_) {
    auto* base = p.output ? static_cast<std::byte*>(outputs[p.port])
                          : const_cast<std::byte*>(static_cast<const std::byte*>(inputs[p.port]));
    for (std::vector<void*>& table : tables_) table[p.pointer] = base + p.offset;
  }
}

void Session::run_stages(std::span<const Stage> stages) {
  struct Call {
    const Session& session;
    std::span<const Stage> stages;
  } call{*this, stages};
  pool_.run(
      [](void* context, size_t worker, size_t stage, int64_t tile) {
        const Call& c = *static_cast<const Call*>(context);
        c.session.run_tile(c.stages[stage].step, worker, tile);
      },
      &call, stages);
}

void Session::run_tile(size_t step, size_t worker, int64_t tile) const {
  const PreparedStep& prepared = steps_[step];
  prepared.function(tables_[worker].data() + prepared.first_pointer, tile);
}

void Session::run(std::span<const void* const> inputs, std::span<void* const> outputs) {
  patch(inputs, outputs);
  FloatStateGuard guard;
  run_stages(stages_);
}

void Session::run_stepwise(std::span<const void* const> inputs, std::span<void* const> outputs,
                           const std::function<void(size_t step)>& after) {
  patch(inputs, outputs);
  for (size_t i = 0; i < steps_.size(); ++i) {
    {
      FloatStateGuard guard;
      run_stages({&step_stages_[i], 1});
    }
    after(i);
  }
}

void Session::run_timed(std::span<const void* const> inputs, std::span<void* const> outputs,
                        std::span<double> step_seconds) {
  BURIN_CHECK(step_seconds.size() == steps_.size(), "one time per step");
  patch(inputs, outputs);
  FloatStateGuard guard;
  for (size_t i = 0; i < steps_.size(); ++i) {
    auto start = Clock::now();
    run_stages({&step_stages_[i], 1});
    step_seconds[i] += seconds_since(start);
  }
}

std::vector<Session::TileSpan> Session::run_traced(std::span<const void* const> inputs,
                                                   std::span<void* const> outputs) {
  struct Call {
    const Session& session;
    std::vector<std::vector<TileSpan>> spans;  // by worker
    Clock::time_point start;
    double now() const { return seconds_since(start); }
  };
  int64_t tiles = 0;
  for (const Stage& stage : stages_) tiles += stage.tiles();
  Call call{*this, std::vector<std::vector<TileSpan>>(tables_.size()), {}};
  for (auto& spans : call.spans) spans.reserve(static_cast<size_t>(tiles));
  patch(inputs, outputs);
  FloatStateGuard guard;
  call.start = Clock::now();
  pool_.run(
      [](void* context, size_t worker, size_t index, int64_t tile) {
        Call& c = *static_cast<Call*>(context);
        size_t step = c.session.stages_[index].step;
        double begin = c.now();
        c.session.run_tile(step, worker, tile);
        c.spans[worker].push_back(
            {static_cast<uint32_t>(step), static_cast<uint32_t>(worker), tile, begin, c.now()});
      },
      &call, stages_);
  std::vector<TileSpan> all;
  for (const auto& spans : call.spans) all.insert(all.end(), spans.begin(), spans.end());
  return all;
}

}  // namespace burin::runtime
