// Debian builds AsmJit with its internal assertions. One of them checks the whole register
// assignment after every change and takes half of the engraving time; this empty definition stands
// in for it at link time. Where AsmJit is built without assertions, nothing calls it.

extern "C" {
void burin_skip_register_assignment_check(void*) noexcept
    asm("_ZN6asmjit8_abi_1_912RAAssignment6verifyEv");
void burin_skip_register_assignment_check(void*) noexcept {}
}
