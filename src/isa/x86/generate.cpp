// One kernel from loop IR to bytes. The code holder and the compiler are kept per thread, so that
// their memory is reused from kernel to kernel.
#include "isa/x86/generate.h"

#include <asmjit/x86.h>

#include "isa/x86/analysis.h"
#include "isa/x86/emitter.h"

namespace burin::isa::x86 {

namespace {

class ErrorSink : public asmjit::ErrorHandler {
 public:
  void handleError(asmjit::Error error, const char* message, asmjit::BaseEmitter*) override {
    if (first.empty()) first = message ? message : asmjit::DebugUtils::errorAsString(error);
  }
  std::string first;
};

struct Workspace {
  asmjit::CodeHolder code;
  ax::Compiler compiler;
  LiteralPool pool;
};

// Spilled registers: those that were given a place on the stack.
int count_spills(const ax::Compiler& cc) {
  int spills = 0;
  for (const asmjit::VirtReg* r : cc.virtRegs()) spills += r->hasStackSlot() && !r->isStack();
  return spills;
}

// Works around two facts of AsmJit's tables. The allocator may read a spilled source straight from
// the stack; for moves from a vector or mask register to a general one that is another instruction,
// a plain move. And it holds the accumulator of vdpbf16ps for write-only, so the emitter stands
// kBf16DotStandIn in, which has the same operands.
void repair(ax::Compiler& cc) {
  for (asmjit::BaseNode* node = cc.firstNode(); node; node = node->next()) {
    if (node->type() != asmjit::NodeType::kInst) continue;
    auto* inst = node->as<asmjit::InstNode>();
    switch (inst->id()) {
      case ax::Inst::kIdVmovd:
      case ax::Inst::kIdVmovq:
      case ax::Inst::kIdKmovd:
      case ax::Inst::kIdKmovq:
        if (ax::Reg::isGp(inst->op(0)) && inst->op(1).isMem()) inst->setId(ax::Inst::kIdMov);
        break;
      case kBf16DotStandIn: inst->setId(ax::Inst::kIdVdpbf16ps); break;
      default: break;
    }
  }
}

// What BaseEmitter::finalize does, with the repair between allocation and encoding.
asmjit::Error finish(Workspace& w) {
  if (asmjit::Error error = w.compiler.runPasses()) return error;
  repair(w.compiler);
  ax::Assembler assembler(&w.code);
  assembler.addEncodingOptions(w.compiler.encodingOptions());
  return w.compiler.serializeTo(&assembler);
}

Result<Code> write(Workspace& w, const loop::Function& function, const Target& target,
                   const EngraveOptions& options) {
  ErrorSink errors;
  asmjit::StringLogger logger;
  asmjit::Environment x64(asmjit::Arch::kX64);
  if (w.code.init(x64) != asmjit::kErrorOk) return fail(function.name, "out of memory");
  w.code.setErrorHandler(&errors);
  if (options.listing) w.code.setLogger(&logger);
  w.code.attach(&w.compiler);
  w.compiler.addEncodingOptions(asmjit::EncodingOptions::kOptimizedAlign);
  w.pool.reset(w.compiler);

  Analysis facts = analyse(function, target);
  Emitter(function, facts, target, options, w.compiler, w.pool).run();
  w.pool.write(w.compiler);
  asmjit::Error error = finish(w);
  if (error != asmjit::kErrorOk || !errors.first.empty()) {
    return fail(function.name,
                "AsmJit: " + (errors.first.empty() ? asmjit::DebugUtils::errorAsString(error)
                                                   : errors.first));
  }
  Code code;
  code.spills = count_spills(w.compiler);
  w.code.flatten();
  w.code.resolveUnresolvedLinks();
  code.bytes.resize(w.code.codeSize());
  w.code.copyFlattenedData(code.bytes.data(), code.bytes.size());
  if (options.listing) code.listing.assign(logger.data(), logger.dataSize());
  return code;
}

}  // namespace

Result<Code> generate(const loop::Function& function, const Target& target,
                      const EngraveOptions& options) {
  static thread_local Workspace workspace;
  Result<Code> code;
  try {
    code = write(workspace, function, target, options);
  } catch (const Unsupported& unsupported) {
    code = fail(function.name, unsupported.reason);
  }
  workspace.code.reset(asmjit::ResetPolicy::kSoft);
  return code;
}

}  // namespace burin::isa::x86
