// Parts are as equal as whole numbers allow.
#include "exchange/mpi_sum.h"

#include <algorithm>

namespace burin::exchange {

namespace {

// Adds the parts after the first one to it, one after the other.
template <class T>
void add_parts(std::byte* received, size_t parts, size_t count) {
  T* sum = reinterpret_cast<T*>(received);
  for (size_t p = 1; p < parts; ++p) {
    const T* part = sum + p * count;
    for (size_t i = 0; i < count; ++i) sum[i] += part[i];
  }
}

}  // namespace

Result<void> MpiSum::begin(const MpiLibrary& mpi, const MpiPlace& place) {
  auto ranks = static_cast<size_t>(place.ranks), rank = static_cast<size_t>(place.rank);
  for (size_t r = 0; r < ranks; ++r) {
    size_t first = count_ * r / ranks, end = count_ * (r + 1) / ranks;
    offsets_.push_back(static_cast<int>(first));
    counts_.push_back(static_cast<int>(end - first));
  }
  int own = counts_[rank];
  for (size_t r = 0; r < ranks; ++r) {
    own_counts_.push_back(own);
    own_offsets_.push_back(static_cast<int>(r) * own);
  }
  size_t bytes = static_cast<size_t>(own) * ranks * element_bytes();
  received_ = std::make_unique_for_overwrite<std::byte[]>(std::max<size_t>(bytes, 1));
  return mpi.check(
      mpi.ialltoallv(values_, counts_.data(), offsets_.data(), type(mpi), received_.get(),
                     own_counts_.data(), own_offsets_.data(), type(mpi), place.to_all, &request_),
      "MPI_Ialltoallv");
}

Result<void> MpiSum::add_and_gather(const MpiLibrary& mpi, const MpiPlace& place) {
  auto ranks = static_cast<size_t>(place.ranks);
  auto own = static_cast<size_t>(own_counts_.front());
  if (element_ == Element::f32) add_parts<float>(received_.get(), ranks, own);
  if (element_ == Element::f64) add_parts<double>(received_.get(), ranks, own);
  return mpi.check(
      mpi.iallgatherv(received_.get(), own_counts_.front(), type(mpi), sums_, counts_.data(),
                      offsets_.data(), type(mpi), place.gather, &request_),
      "MPI_Iallgatherv");
}

Result<bool> MpiSum::done(const MpiLibrary& mpi) {
  int done = 0;
  BURIN_TRY(mpi.check(mpi.test(&request_, &done, nullptr), "MPI_Test"));
  return done != 0;
}

}  // namespace burin::exchange
