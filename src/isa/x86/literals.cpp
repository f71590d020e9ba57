// One class per entry size, largest first in memory; equal bytes are stored once.
#include "isa/x86/literals.h"

#include <cstring>

#include "base/check.h"

namespace burin::isa::x86 {

namespace {

uint32_t hash_of(const uint8_t* data, uint32_t bytes) {
  uint64_t h = 0x9e3779b97f4a7c15ull;
  for (uint32_t i = 0; i < bytes; i += 4) {
    uint32_t word = 0;
    std::memcpy(&word, data + i, 4);
    h = (h ^ word) * 0xff51afd7ed558ccdull;
    h ^= h >> 32;
  }
  return static_cast<uint32_t>(h);
}

}  // namespace

void LiteralPool::reset(asmjit::x86::Compiler& cc) {
  cc_ = &cc;
  for (uint32_t i = 0; i < kClasses; ++i) {
    classes_[i].entry_bytes = 64u >> i;
    classes_[i].label.reset();
    classes_[i].data.clear();
    classes_[i].buckets.clear();
  }
}

asmjit::x86::Mem LiteralPool::splat(uint64_t bits, uint32_t element_bytes, uint32_t bytes) {
  uint8_t data[64];
  for (uint32_t i = 0; i < bytes; i += element_bytes) std::memcpy(data + i, &bits, element_bytes);
  return place(data, bytes);
}

asmjit::x86::Mem LiteralPool::place(const void* data, uint32_t bytes) {
  uint32_t index = 0;
  while (index < kClasses && 64u >> index != bytes) ++index;
  BURIN_CHECK(index < kClasses, "literal of an odd size");
  Class& c = classes_[index];
  if (!c.label.isValid()) c.label = cc_->newLabel();
  uint32_t entry = find_or_add(c, static_cast<const uint8_t*>(data));
  return asmjit::x86::Mem(c.label, static_cast<int32_t>(entry * bytes), bytes);
}

uint32_t LiteralPool::find_or_add(Class& c, const uint8_t* data) {
  uint32_t count = static_cast<uint32_t>(c.data.size()) / c.entry_bytes;
  if (count * 2 >= c.buckets.size()) rehash(c, c.buckets.empty() ? 16 : c.buckets.size() * 2);
  auto mask = static_cast<uint32_t>(c.buckets.size() - 1);
  uint32_t slot = hash_of(data, c.entry_bytes) & mask;
  while (c.buckets[slot]) {
    uint32_t entry = c.buckets[slot] - 1;
    if (!std::memcmp(&c.data[entry * c.entry_bytes], data, c.entry_bytes)) return entry;
    slot = (slot + 1) & mask;
  }
  c.buckets[slot] = count + 1;
  c.data.insert(c.data.end(), data, data + c.entry_bytes);
  return count;
}

void LiteralPool::rehash(Class& c, size_t size) {
  c.buckets.assign(size, 0);
  auto mask = static_cast<uint32_t>(size - 1);
  for (uint32_t entry = 0; entry * c.entry_bytes < c.data.size(); ++entry) {
    uint32_t slot = hash_of(&c.data[entry * c.entry_bytes], c.entry_bytes) & mask;
    while (c.buckets[slot]) slot = (slot + 1) & mask;
    c.buckets[slot] = entry + 1;
  }
}

void LiteralPool::write(asmjit::x86::Compiler& cc) {
  for (Class& c : classes_) {
    if (c.data.empty()) continue;
    cc.align(asmjit::AlignMode::kData, c.entry_bytes);
    cc.bind(c.label);
    cc.embed(c.data.data(), c.data.size());
  }
}

}  // namespace burin::isa::x86
