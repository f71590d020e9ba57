// What the host offers, read through CPUID, and the targets that a user may name.
#include "isa/target.h"

#include <asmjit/x86.h>
#include <unistd.h>

#include <fstream>

namespace burin::isa {

namespace {

using X86 = asmjit::CpuFeatures::X86;

// loop::Machine::cycles_per_line as read on Emerald Rapids; what it says itself is Zen 5's.
constexpr double kIntelCyclesPerLine = 6.5;

const X86& host_features() { return asmjit::CpuInfo::host().features().x86(); }

bool has_avx2() {
  const X86& f = host_features();
  return f.hasAVX2() && f.hasFMA() && f.hasF16C() && f.hasBMI2();
}

bool has_avx512() {
  const X86& f = host_features();
  return has_avx2() && f.hasAVX512_F() && f.hasAVX512_BW() && f.hasAVX512_DQ() && f.hasAVX512_VL();
}

// clang-format off
#define BURIN_REPORTED_FEATURES(X)                                                             \
  X(SSE4_2) X(AVX) X(AVX2) X(FMA) X(F16C) X(BMI2) X(AVX512_F) X(AVX512_BW) X(AVX512_DQ)        \
  X(AVX512_VL) X(AVX512_VNNI) X(AVX512_BF16) X(AVX512_VBMI) X(AVX512_FP16) X(AVX_VNNI) X(GFNI) \
  X(AMX_BF16) X(AMX_INT8)
// clang-format on

std::vector<std::string> feature_names() {
  const X86& f = host_features();
  std::vector<std::string> names;
#define X(name) \
  if (f.has##name()) names.push_back(#name);
  BURIN_REPORTED_FEATURES(X)
#undef X
  return names;
}

std::string model_text() {
  const asmjit::CpuInfo& cpu = asmjit::CpuInfo::host();
  auto number = [](uint32_t value) { return std::to_string(value); };
  return std::string(cpu.vendor()) + " family " + number(cpu.familyId()) + " model " +
         number(cpu.modelId()) + " stepping " + number(cpu.stepping());
}

// The kernel's view of a cache of the first processor: what the C library derives from CPUID counts
// the last cache of a whole socket as one.
int64_t cache_bytes(int index, int name, int64_t otherwise) {
  std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
  int64_t kilobytes = 0;
  if (file >> kilobytes && kilobytes > 0 && file.get() == 'K') return kilobytes << 10;
  int64_t bytes = sysconf(name);
  return bytes > 0 ? bytes : otherwise;
}

Target make_target(Isa isa) {
  Target t;
  t.isa = isa;
  t.cpu_name = asmjit::CpuInfo::host().brand();
  while (!t.cpu_name.empty() && t.cpu_name.back() == ' ') t.cpu_name.pop_back();
  t.cpu_model = model_text();
  t.features = feature_names();
  t.machine.l1_bytes = cache_bytes(0, _SC_LEVEL1_DCACHE_SIZE, t.machine.l1_bytes);
  t.machine.l2_bytes = cache_bytes(2, _SC_LEVEL2_CACHE_SIZE, t.machine.l2_bytes);
  t.machine.l3_bytes = cache_bytes(3, _SC_LEVEL3_CACHE_SIZE, t.machine.l3_bytes);
  bool intel = asmjit::CpuInfo::host().isVendor("INTEL");
  t.machine.splits_indexed = intel;
  if (intel) t.machine.cycles_per_line = kIntelCyclesPerLine;
  if (isa == Isa::avx2) {
    t.name = "avx2";
    return t;
  }
  t.name = "avx512";
  t.machine.vector_bits = 512;
  t.machine.vector_registers = 32;
  t.machine.lane_masks = true;
  t.machine.splat_operands = true;
  // Half a line at a time the second-level cache is fast enough; the first keeps what is used then.
  // Intel's holds all that is under way in 16 buffers, which loads need too.
  t.fetches_far = intel;
  // As read on Emerald Rapids; on a Zen 5 core that is not shared, code with them is 1 % slower.
  t.shared_front_end = intel;
  // A host without AVX-512 lists code for the full set.
  t.vnni = !has_avx512() || host_features().hasAVX512_VNNI();
  t.bf16 = !has_avx512() || host_features().hasAVX512_BF16();
  return t;
}

}  // namespace

Result<Target> host_target() {
  if (has_avx512()) return make_target(Isa::avx512);
  if (has_avx2()) return make_target(Isa::avx2);
  return fail("host", "this processor lacks AVX2, FMA, F16C or BMI2",
              "Burin needs an x86-64-v3 processor (Intel Haswell, AMD Zen, or later)");
}

Result<Target> target_from_name(std::string_view name) {
  if (name == "native") return host_target();
  if (name == "avx2") return make_target(Isa::avx2);
  if (name == "avx512") return make_target(Isa::avx512);
  return fail("target " + std::string(name), "no such target", "use native, avx512 or avx2");
}

bool can_run(const Target& target) {
  if (target.isa == Isa::avx2) return has_avx2();
  const X86& f = host_features();
  return has_avx512() && (!target.vnni || f.hasAVX512_VNNI()) &&
         (!target.bf16 || f.hasAVX512_BF16());
}

}  // namespace burin::isa
