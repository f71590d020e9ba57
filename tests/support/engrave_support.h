// Engraves loop functions in tests: runs them, and reads their listings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "isa/engrave.h"
#include "loop/builder.h"
#include "loop/real.h"

namespace burin::isa {

// The target of that name, with " shared" behind it for a front end that is shared; fails the test
// if there is none.
Target target_named(std::string_view name);
// Each instruction set that the host runs, as for the host's maker and, with AVX-512, for the
// other.
std::vector<Target> runnable_targets();
// The code with its listing; fails the test on errors.
Code engrave_or_fail(const loop::Function& function, const Target& target);
// Runs one tile on the host.
void run_code(const Code& code, const std::vector<void*>& buffers, int64_t tile = 0);
// The listing without comments and literals.
std::string instructions(const Code& code);
// How often each mnemonic stands in a listing.
std::map<std::string, int> mnemonics(const Code& code);
// The lines between the last label that a backward jump aims at and that jump: an inner loop.
std::vector<std::string> inner_loop(const Code& code);
// How many lines start with the mnemonic and contain the text.
int count_lines(const std::vector<std::string>& lines, std::string_view mnemonic,
                std::string_view text = "");

// A GEMM tile of `rows` x (vectors * lanes) over `depth`: buffers A [rows][depth], B packed
// [depth][columns], C [rows][columns]. The epilogue, if there is one, is applied to each sum.
loop::Function gemm_tile(const loop::Machine& machine, int rows, int vectors, int64_t depth,
                         loop::Real (*epilogue)(loop::Real) = nullptr);

}  // namespace burin::isa
