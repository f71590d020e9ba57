// Open MPI's library, loaded when a process turns out to be part of its job: the functions that
// exchanges call, as they stand in mpi.h of versions 3 to 5, which share one binary interface.
#pragma once

#include <string>

#include "base/diagnostic.h"

namespace burin::exchange {

struct MpiLibrary {
  // Predefined handles are addresses of the library's variables.
  using Handle = void*;
  using Counts = const int*;

  int (*init_thread)(int* argc, char*** argv, int required, int* provided) = nullptr;
  int (*finalize)() = nullptr;
  int (*comm_rank)(Handle comm, int* rank) = nullptr;
  int (*comm_size)(Handle comm, int* size) = nullptr;
  int (*comm_dup)(Handle comm, Handle* copy) = nullptr;
  int (*comm_set_errhandler)(Handle comm, Handle errhandler) = nullptr;
  int (*ialltoallv)(const void* send, Counts send_counts, Counts send_offsets, Handle send_type,
                    void* receive, Counts receive_counts, Counts receive_offsets,
                    Handle receive_type, Handle comm, Handle* request) = nullptr;
  int (*iallgatherv)(const void* send, int send_count, Handle send_type, void* receive,
                     Counts receive_counts, Counts receive_offsets, Handle receive_type,
                     Handle comm, Handle* request) = nullptr;
  int (*test)(Handle* request, int* done, void* status) = nullptr;
  int (*error_string)(int code, char* text, int* length) = nullptr;

  Handle world = nullptr, errors_return = nullptr, f32 = nullptr, f64 = nullptr;

  static constexpr int kFunneled = 1;  // MPI_THREAD_FUNNELED

  // Stays loaded to the end of the process.
  static Result<MpiLibrary> load();

  // An error for a code other than 0 (MPI_SUCCESS): "MPI: WHAT failed: its text".
  Result<void> check(int code, const char* what) const;
};

}  // namespace burin::exchange
