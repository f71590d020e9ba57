// Naming kernels, and handing the names on.
#include "runtime/symbols.h"

#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>

#include "runtime/gdb_object.h"
#include "runtime/perf_files.h"

// What gdb looks for in a process: it puts a breakpoint into the function and reads the list.
extern "C" {
struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  uint64_t symfile_size;
};
struct jit_descriptor {
  uint32_t version;
  uint32_t action_flag;  // 1: registers, 2: unregisters relevant_entry
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};
__attribute__((used, visibility("default")))
jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
__attribute__((noinline, used, visibility("default"))) void __jit_debug_register_code() {
  asm volatile("" ::: "memory");
}
}

namespace burin::runtime {

namespace {

std::mutex& gdb_mutex() {
  static std::mutex mutex;
  return mutex;
}

std::optional<SymbolSinks>& chosen() {
  static std::optional<SymbolSinks> sinks;
  return sinks;
}

Result<SymbolSinks> wanted() {
  if (chosen()) return *chosen();
  const char* list = std::getenv("BURIN_PERF");
  if (!list) return SymbolSinks{};
  return parse_symbol_sinks(list);
}

// Names of layers may hold anything.
std::string cleaned(const std::string& name) {
  std::string out = name.empty() ? "unnamed" : name;
  for (char& c : out) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 127) c = '_';
  }
  return out;
}

}  // namespace

Result<SymbolSinks> parse_symbol_sinks(std::string_view list) {
  SymbolSinks sinks;
  while (!list.empty()) {
    size_t end = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    if (word == "map") {
      sinks.map = true;
    } else if (word == "jitdump") {
      sinks.jitdump = true;
    } else if (word == "gdb") {
      sinks.gdb = true;
    } else {
      return fail("BURIN_PERF", "'" + std::string(word) + "' is no kind of symbols",
                  "list map, jitdump or gdb, as in BURIN_PERF=map,gdb");
    }
  }
  return sinks;
}

void choose_symbols(SymbolSinks sinks) { chosen() = sinks; }

std::vector<CodeSymbol> symbols_of(const Program& program, const std::byte* code) {
  std::vector<std::string> layers(program.kernels.size());
  for (const Step& step : program.steps) {
    std::string& layer = layers[step.kernel];
    if (layer.empty()) layer = cleaned(step.name);
  }
  std::map<std::string, int> uses;
  for (const std::string& layer : layers) ++uses[layer];
  std::vector<CodeSymbol> symbols;
  for (size_t k = 0; k < layers.size(); ++k) {
    std::string name = "burin::" + cleaned(program.name) + "::" + layers[k];
    if (uses[layers[k]] > 1) name += ".k" + std::to_string(k);
    uint64_t begin = reinterpret_cast<uintptr_t>(code);
    symbols.push_back({std::move(name), begin + static_cast<uint64_t>(program.kernels[k].offset),
                       static_cast<uint64_t>(program.kernels[k].size)});
  }
  return symbols;
}

struct SymbolRegistration::Entry {
  std::vector<char> object;
  jit_code_entry node{};

  void link() {
    std::lock_guard lock(gdb_mutex());
    node = {__jit_debug_descriptor.first_entry, nullptr, object.data(), object.size()};
    if (node.next_entry) node.next_entry->prev_entry = &node;
    __jit_debug_descriptor.first_entry = &node;
    tell(1);
  }

  ~Entry() {
    std::lock_guard lock(gdb_mutex());
    if (node.next_entry) node.next_entry->prev_entry = node.prev_entry;
    (node.prev_entry ? node.prev_entry->next_entry : __jit_debug_descriptor.first_entry) =
        node.next_entry;
    tell(2);
  }

  void tell(uint32_t action) {
    __jit_debug_descriptor.relevant_entry = &node;
    __jit_debug_descriptor.action_flag = action;
    __jit_debug_register_code();
    __jit_debug_descriptor.action_flag = 0;
  }
};

SymbolRegistration::SymbolRegistration() = default;
SymbolRegistration::~SymbolRegistration() = default;

Result<std::unique_ptr<SymbolRegistration>> SymbolRegistration::create(const Program& program,
                                                                       const std::byte* code) {
  BURIN_ASSIGN(SymbolSinks sinks, wanted());
  std::unique_ptr<SymbolRegistration> registration;
  if (!sinks.any()) return registration;
  std::vector<CodeSymbol> symbols = symbols_of(program, code);
  if (sinks.map) BURIN_TRY(append_perf_map(symbols));
  if (sinks.jitdump) BURIN_TRY(append_jitdump(symbols));
  if (!sinks.gdb) return registration;
  registration.reset(new SymbolRegistration());
  registration->entry_ = std::make_unique<Entry>();
  registration->entry_->object =
      make_symbol_object(symbols, reinterpret_cast<uintptr_t>(code), program.code.size());
  registration->entry_->link();
  return registration;
}

}  // namespace burin::runtime
