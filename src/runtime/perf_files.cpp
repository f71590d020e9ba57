// Appending to files that live as long as the process.
#include "runtime/perf_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>

namespace burin::runtime {

namespace {

std::unexpected<Diagnostic> cannot_write(const std::string& path) {
  return fail(path, std::string("cannot write: ") + std::strerror(errno));
}

Result<void> write_all(int file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return cannot_write(path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

template <class... Words>
void put(std::string& out, Words... words) {
  (out.append(reinterpret_cast<const char*>(&words), sizeof(words)), ...);
}

// The dump of this process: opened once, with one page mapped executable, by which perf notices it.
class JitDump {
 public:
  Result<void> append(std::span<const CodeSymbol> symbols) {
    std::lock_guard lock(mutex_);
    if (file_ < 0) BURIN_TRY(open());
    std::string out;
    for (const CodeSymbol& symbol : symbols) add_load(out, symbol);
    return write_all(file_, path_, out);
  }

 private:
  static constexpr uint32_t kMagic = 0x4A695444, kVersion = 1, kHeaderBytes = 40;
  static constexpr uint32_t kMachine = 62;  // EM_X86_64
  static constexpr uint32_t kCodeLoad = 0, kLoadBytes = 56;

  Result<void> open() {
    const char* folder = std::getenv("JITDUMPDIR");
    path_ = fmt::format("{}/jit-{}.dump", folder && *folder ? folder : ".", ::getpid());
    int file = ::open(path_.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return cannot_write(path_);
    auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    std::string header;
    put(header, kMagic, kVersion, kHeaderBytes, kMachine, uint32_t{0},
        static_cast<uint32_t>(::getpid()), monotonic_ns(), uint64_t{0});
    auto written = write_all(file, path_, header);
    // Kept until the process ends.
    void* marker = mmap(nullptr, page, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    if (!written || marker == MAP_FAILED) {
      auto error = cannot_write(path_);
      ::close(file);
      return error;
    }
    file_ = file;
    return {};
  }

  void add_load(std::string& out, const CodeSymbol& symbol) {
    auto total = static_cast<uint32_t>(kLoadBytes + symbol.name.size() + 1 + symbol.size);
    put(out, kCodeLoad, total, monotonic_ns(), static_cast<uint32_t>(::getpid()),
        static_cast<uint32_t>(::syscall(SYS_gettid)), symbol.address, symbol.address, symbol.size,
        index_++);
    out.append(symbol.name.c_str(), symbol.name.size() + 1);
    out.append(reinterpret_cast<const char*>(static_cast<uintptr_t>(symbol.address)), symbol.size);
  }

  std::mutex mutex_;
  std::string path_;
  int file_ = -1;
  uint64_t index_ = 0;
};

}  // namespace

Result<void> append_perf_map(std::span<const CodeSymbol> symbols) {
  std::string path = fmt::format("/tmp/perf-{}.map", ::getpid()), lines;
  for (const CodeSymbol& s : symbols)
    lines += fmt::format("{:x} {:x} {}\n", s.address, s.size, s.name);
  int flags = O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC | O_NOFOLLOW;
  int file = ::open(path.c_str(), flags, 0600);
  if (file < 0) return cannot_write(path);
  auto result = write_all(file, path, lines);
  ::close(file);
  return result;
}

Result<void> append_jitdump(std::span<const CodeSymbol> symbols) {
  static JitDump dump;
  return dump.append(symbols);
}

}  // namespace burin::runtime
