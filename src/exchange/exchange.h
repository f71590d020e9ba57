// Sums over the ranks of a job: the processes that train one network together. In: numbers of this
// rank. Out: their sums over all ranks, the same bits on each. A process that nobody started as one
// of several is a job of one rank. Look next: exchange/mpi_exchange.h.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/diagnostic.h"

namespace burin::exchange {

// Calls come from one thread, on every rank in the same order and with the same sizes.
class Exchange {
 public:
  virtual ~Exchange() = default;

  virtual int rank() const = 0;   // in [0, ranks())
  virtual int ranks() const = 0;  // of the job

  // Begins to add in the background. When wait() returns, sums[i] is values[i] of rank 0, plus that
  // of rank 1, and so on. Until then nobody may write either of them.
  virtual void start(std::span<const float> values, std::span<float> sums) = 0;
  // Returns when all sums that were begun are there. Fails if another rank does not answer; the
  // exchange cannot be used after that.
  virtual Result<void> wait() = 0;

  // Whether the job is over for this process: it was asked to end, and has given the others the
  // time that there is. What it computes may be dropped; wait() fails from then on.
  virtual bool is_over() = 0;

  // values[i] becomes the sum over the ranks, in their order; waits for what was started too.
  virtual Result<void> add(std::span<double> values) = 0;

  // Leaves the job in peace, once all ranks have come here. Without it, the end of the process is
  // that of a lost rank: whatever started the job ends the others.
  virtual Result<void> finish() = 0;
};

struct Options {
  double patience = 300;         // seconds that another rank may let this one wait
  std::function<bool()> ending;  // whether this process was asked to end; may be empty
};

// Joins the job that this process was started in by `mpirun` of Open MPI, whose library is loaded
// then and only then. Fails if that cannot be loaded, and in jobs of another MPI.
Result<std::unique_ptr<Exchange>> join_job(const Options& options);

// A job of one rank: sums are the values.
Exchange& alone();

// How many ranks of the job share the processors that this process may use, itself included.
int ranks_on_these_processors();

// For work that each rank does by itself and that may fail on any. True if all succeeded. Else the
// error of this rank, if it should be reported here: a failure that rank 0 has too is rank 0's to
// report. False if there is nothing to report.
Result<bool> all_succeeded(Exchange& exchange, const Result<void>& mine);

// "rank 1: " before what an error says, in jobs of several.
Diagnostic with_rank(const Exchange& exchange, Diagnostic error);

}  // namespace burin::exchange
