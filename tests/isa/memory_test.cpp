// Masked-off lanes and what lies beyond a narrow vector are not touched: buffers end at a page that
// nobody may read or write.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>

#include "tests/support/engrave_support.h"

namespace burin::isa {

namespace {

using loop::Builder;
using loop::Elem;
using loop::Type;
using loop::Value;

constexpr size_t kPage = 4096;

// One page of memory with an inaccessible page behind it.
class GuardedPage {
 public:
  GuardedPage() {
    void* p = mmap(nullptr, 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p, kPage, PROT_READ | PROT_WRITE);
    data_ = static_cast<uint8_t*>(p);
  }
  ~GuardedPage() { munmap(data_, 2 * kPage); }
  GuardedPage(const GuardedPage&) = delete;
  uint8_t* end() { return data_ + kPage; }

 private:
  uint8_t* data_;
};

class MemoryTest : public testing::TestWithParam<const char*> {};

void copy_at_the_edge(const Target& target, Type t, int used) {
  Builder b("copy", 2);
  Value mask = b.first_n({loop::mask_for(t.elem), t.lanes}, b.tile());
  b.store(b.load(t, {b.pointer(1)}, mask), {b.pointer(0)}, mask);
  Code code = engrave_or_fail(b.finish(), target);
  GuardedPage from, to;
  size_t bytes = static_cast<size_t>(loop::bits_of(t.elem) / 8 * used);
  for (size_t i = 0; i < bytes; ++i) from.end()[-1 - static_cast<int>(i)] = static_cast<uint8_t>(i);
  run_code(code, {to.end() - bytes, from.end() - bytes}, used);
  EXPECT_EQ(std::memcmp(to.end() - bytes, from.end() - bytes, bytes), 0);
}

}  // namespace

TEST_P(MemoryTest, MaskedLanesAreNotTouched) {
  Target target = target_named(GetParam());
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target.name;
  for (Elem elem : {Elem::u8, Elem::i16, Elem::bf16, Elem::f32, Elem::i64, Elem::f64}) {
    for (uint16_t n = 1; n <= target.machine.lanes(elem); n *= 2) {
      Type t{elem, n};
      SCOPED_TRACE(t.text());
      for (int used : {0, 1, n / 2, n - 1, int{n}}) copy_at_the_edge(target, t, used);
    }
  }
}

TEST_P(MemoryTest, StreamedVectorsArriveWhole) {
  Target target = target_named(GetParam());
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target.name;
  for (uint16_t n = 4; n <= target.machine.lanes(Elem::f32); n *= 2) {
    Type t{Elem::f32, n};
    SCOPED_TRACE(t.text());
    Builder b("stream", 2);
    b.stream(b.load(t, {b.pointer(1)}), {b.pointer(0)});
    Code code = engrave_or_fail(b.finish(), target);
    GuardedPage from, to;
    auto bytes = static_cast<size_t>(t.bits() / 8);
    for (size_t i = 0; i < bytes; ++i)
      from.end()[-1 - static_cast<int>(i)] = static_cast<uint8_t>(i);
    run_code(code, {to.end() - bytes, from.end() - bytes});
    EXPECT_EQ(std::memcmp(to.end() - bytes, from.end() - bytes, bytes), 0);
  }
}

TEST_P(MemoryTest, NarrowVectorsTouchOnlyThemselves) {
  Target target = target_named(GetParam());
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target.name;
  for (Elem elem : {Elem::u8, Elem::i16, Elem::f32, Elem::f64}) {
    for (uint16_t n = 1; n <= target.machine.lanes(elem); n *= 2) {
      Type t{elem, n};
      SCOPED_TRACE(t.text());
      Builder b("double", 2);
      Value x = b.load(t, {b.pointer(1)}), y = b.load(t, {b.pointer(1)});
      b.store(b.add(x, y), {b.pointer(0)});
      Code code = engrave_or_fail(b.finish(), target);
      GuardedPage from, to;
      int bytes = t.bits() / 8;
      run_code(code, {to.end() - bytes, from.end() - bytes});
    }
  }
}

TEST_P(MemoryTest, GathersTouchOnlyTheirLanes) {
  Target target = target_named(GetParam());
  if (!can_run(target)) GTEST_SKIP() << "the host lacks " << target.name;
  for (Elem elem : {Elem::u8, Elem::bf16, Elem::f32, Elem::f64}) {
    for (uint16_t n = 1; n <= target.machine.lanes(Elem::i64); n *= 2) {
      Type t{elem, n}, index{Elem::i32, n};
      SCOPED_TRACE(t.text());
      Builder b("last", 2);
      Value zero = b.sub(b.lane_ids(index), b.lane_ids(index));
      b.store(b.gather(t, b.pointer(1), zero, 1), {b.pointer(0)});
      Code code = engrave_or_fail(b.finish(), target);
      GuardedPage from, to;
      run_code(code, {to.end() - t.bits() / 8, from.end() - loop::bits_of(elem) / 8});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, MemoryTest, testing::Values("avx512", "avx2"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace burin::isa
