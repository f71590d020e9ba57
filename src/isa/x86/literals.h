// The constants that a kernel reads from memory: gathered while code is emitted, written behind it,
// reached relative to the instruction pointer.
#pragma once

#include <asmjit/x86.h>

#include <cstdint>
#include <span>
#include <vector>

namespace burin::isa::x86 {

class LiteralPool {
 public:
  void reset(asmjit::x86::Compiler& cc);

  // One element of 4 or 8 bytes.
  asmjit::x86::Mem element(uint64_t bits, uint32_t bytes) { return place(&bits, bytes); }
  // An element of 1, 2, 4 or 8 bytes repeated over 16, 32 or 64 bytes.
  asmjit::x86::Mem splat(uint64_t bits, uint32_t element_bytes, uint32_t bytes);
  // Any table of 4, 8, 16, 32 or 64 bytes, at its natural alignment.
  asmjit::x86::Mem table(std::span<const uint8_t> data) {
    return place(data.data(), static_cast<uint32_t>(data.size()));
  }
  // Writes the pool where the compiler stands: behind the function.
  void write(asmjit::x86::Compiler& cc);

 private:
  // Entries of one size; slot 0 holds the largest so that all stay aligned.
  struct Class {
    uint32_t entry_bytes = 0;
    asmjit::Label label;
    std::vector<uint8_t> data;
    std::vector<uint32_t> buckets;  // open addressing over entries; index + 1
  };
  static constexpr uint32_t kClasses = 5;

  asmjit::x86::Mem place(const void* data, uint32_t bytes);
  uint32_t find_or_add(Class& c, const uint8_t* data);
  void rehash(Class& c, size_t size);

  asmjit::x86::Compiler* cc_ = nullptr;
  Class classes_[kClasses];
};

}  // namespace burin::isa::x86
