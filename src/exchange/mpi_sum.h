// One sum over all ranks, on its way. Each rank receives every rank's part of the numbers (all to
// all), adds them in the order of the ranks, and sends the result to everyone (all gather): as few
// bytes as a ring moves, and an order of additions that no MPI decides.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "exchange/mpi_library.h"

namespace burin::exchange {

// This rank's place in the job. Collectives of one communicator must begin in the same order on
// every rank, and a sum's second one begins when its first one happens to end: each kind has one.
struct MpiPlace {
  int rank = 0, ranks = 1;
  MpiLibrary::Handle to_all = nullptr, gather = nullptr;  // communicators
};

class MpiSum {
 public:
  enum class Element { f32, f64 };
  static constexpr size_t kMaxCount = size_t{1} << 24;

  // `sums` may be `values`. count <= kMaxCount. Both stay until the sum is done.
  MpiSum(const void* values, void* sums, size_t count, Element element)
      : values_(values), sums_(sums), count_(count), element_(element) {}

  // In this order; each begins what done() then tells the end of.
  Result<void> begin(const MpiLibrary& mpi, const MpiPlace& place);
  Result<void> add_and_gather(const MpiLibrary& mpi, const MpiPlace& place);

  Result<bool> done(const MpiLibrary& mpi);

 private:
  size_t element_bytes() const { return element_ == Element::f32 ? 4 : 8; }
  MpiLibrary::Handle type(const MpiLibrary& mpi) const {
    return element_ == Element::f32 ? mpi.f32 : mpi.f64;
  }

  const void* values_;
  void* sums_;
  size_t count_;
  Element element_;
  MpiLibrary::Handle request_ = nullptr;
  // How many numbers each rank adds up, and where they begin.
  std::vector<int> counts_, offsets_;
  // This rank's numbers as they come from each rank.
  std::vector<int> own_counts_, own_offsets_;
  std::unique_ptr<std::byte[]> received_;
};

}  // namespace burin::exchange
