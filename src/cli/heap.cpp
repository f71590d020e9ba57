// The C library's knobs, and advice on what they made.
#include "cli/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace burin::cli {

namespace {

constexpr int kStep = 32 << 20;
constexpr uintptr_t kLargePage = 2 << 20;

}  // namespace

void grow_heap_in_large_pages() {
#ifdef __GLIBC__
  mallopt(M_TOP_PAD, kStep);
  mallopt(M_TRIM_THRESHOLD, 2 * kStep);
  mallopt(M_MMAP_THRESHOLD, kStep);
  auto before = reinterpret_cast<uintptr_t>(sbrk(0));
  void* volatile more = std::malloc(kLargePage);  // than there is: the heap grows
  std::free(more);
  auto end = reinterpret_cast<uintptr_t>(sbrk(0));
  uintptr_t start = (before + kLargePage - 1) / kLargePage * kLargePage;
  if (end > start) madvise(reinterpret_cast<void*>(start), end - start, MADV_HUGEPAGE);
#endif
}

}  // namespace burin::cli
