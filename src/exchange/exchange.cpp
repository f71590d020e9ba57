// Jobs of one rank, and how a process finds out in which job it is.
#include "exchange/exchange.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "exchange/mpi_exchange.h"

namespace burin::exchange {

namespace {

class Alone : public Exchange {
 public:
  int rank() const override { return 0; }
  int ranks() const override { return 1; }
  void start(std::span<const float> values, std::span<float> sums) override {
    std::ranges::copy(values, sums.begin());
  }
  Result<void> wait() override { return {}; }
  bool is_over() override { return false; }
  Result<void> add(std::span<double>) override { return {}; }
  Result<void> finish() override { return {}; }
};

// The value of an environment variable; 0 if it is missing or no number.
int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  int number = 0;
  if (text) std::from_chars(text, text + std::string_view(text).size(), number);
  return number;
}

}  // namespace

Exchange& alone() {
  static Alone exchange;
  return exchange;
}

Result<std::unique_ptr<Exchange>> join_job(const Options& options) {
  int ranks = number_in("OMPI_COMM_WORLD_SIZE");
  if (ranks > 1) return join_mpi(ranks, options);
  if (ranks == 0 && number_in("PMI_SIZE") > 1) {
    return fail("MPI", "this job was started by another MPI than Open MPI",
                "use the mpirun of Debian's openmpi-bin");
  }
  return std::make_unique<Alone>();
}

int ranks_on_these_processors() {
  bool bound = number_in("OMPI_MCA_orte_bound_at_launch") != 0;
  return bound ? 1 : std::max(1, number_in("OMPI_COMM_WORLD_LOCAL_SIZE"));
}

Result<bool> all_succeeded(Exchange& exchange, const Result<void>& mine) {
  bool first = exchange.rank() == 0;
  double failed[] = {mine ? 0.0 : 1.0, !mine && first ? 1.0 : 0.0};  // on any rank, on rank 0
  BURIN_TRY(exchange.add(failed));
  if (failed[0] == 0) return true;
  if (mine || (failed[1] != 0 && !first)) return false;
  return std::unexpected(with_rank(exchange, mine.error()));
}

Diagnostic with_rank(const Exchange& exchange, Diagnostic error) {
  if (exchange.ranks() == 1) return error;
  std::string rank = "rank " + std::to_string(exchange.rank());
  error.where = error.where.empty() ? rank : rank + ": " + error.where;
  return error;
}

}  // namespace burin::exchange
