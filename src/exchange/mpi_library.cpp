// dlopen and dlsym.
#include "exchange/mpi_library.h"

#include <dlfcn.h>

#include <algorithm>

namespace burin::exchange {

namespace {

constexpr int kMaxErrorString = 256;  // MPI_MAX_ERROR_STRING

class Symbols {
 public:
  explicit Symbols(void* library) : library_(library) {}

  template <class F>
  void function(const char* name, F*& to) {
    to = reinterpret_cast<F*>(find(name));
  }
  void handle(const char* name, MpiLibrary::Handle& to) { to = find(name); }
  const char* missing() const { return missing_; }

 private:
  void* find(const char* name) {
    void* symbol = dlsym(library_, name);
    if (!symbol) missing_ = name;
    return symbol;
  }

  void* library_;
  const char* missing_ = nullptr;
};

}  // namespace

Result<MpiLibrary> MpiLibrary::load() {
  // Its plug-ins look for its symbols among the global ones.
  void* library = dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
  if (!library) return fail("MPI", std::string("cannot load ") + dlerror(), "install openmpi-bin");
  MpiLibrary mpi;
  Symbols symbols(library);
  symbols.function("MPI_Init_thread", mpi.init_thread);
  symbols.function("MPI_Finalize", mpi.finalize);
  symbols.function("MPI_Comm_rank", mpi.comm_rank);
  symbols.function("MPI_Comm_size", mpi.comm_size);
  symbols.function("MPI_Comm_dup", mpi.comm_dup);
  symbols.function("MPI_Comm_set_errhandler", mpi.comm_set_errhandler);
  symbols.function("MPI_Ialltoallv", mpi.ialltoallv);
  symbols.function("MPI_Iallgatherv", mpi.iallgatherv);
  symbols.function("MPI_Test", mpi.test);
  symbols.function("MPI_Error_string", mpi.error_string);
  symbols.handle("ompi_mpi_comm_world", mpi.world);
  symbols.handle("ompi_mpi_errors_return", mpi.errors_return);
  symbols.handle("ompi_mpi_float", mpi.f32);
  symbols.handle("ompi_mpi_double", mpi.f64);
  if (!symbols.missing()) return mpi;
  return fail("MPI", std::string("libmpi.so.40 lacks ") + symbols.missing(),
              "it must be Open MPI's; install openmpi-bin");
}

Result<void> MpiLibrary::check(int code, const char* what) const {
  if (code == 0) return {};
  char text[kMaxErrorString + 1] = {};
  int length = 0;
  error_string(code, text, &length);
  length = std::clamp(length, 0, kMaxErrorString);
  return fail("MPI",
              std::string(what) + " failed: " + std::string(text, static_cast<size_t>(length)));
}

}  // namespace burin::exchange
