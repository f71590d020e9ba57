// Exchanges by Open MPI. One thread makes every call of the library, from MPI_Init_thread to
// MPI_Finalize, so that MPI_THREAD_FUNNELED suffices; it moves sums on while the network computes,
// and nothing it calls blocks but those two.
#pragma once

#include "exchange/exchange.h"

namespace burin::exchange {

// Fails if the library cannot be loaded or the job is not of so many ranks.
Result<std::unique_ptr<Exchange>> join_mpi(int ranks, const Options& options);

}  // namespace burin::exchange
