// Runs a function of the maths library over many inputs and measures its error against a more
// precise one, in units in the last place.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "loop/real.h"

namespace burin::loop {

// How a kernel of (out, x[, y]) pointers is executed; the interpreter, or engraved code.
using RunKernel = std::function<void(const Function&, std::span<void* const>)>;
RunKernel interpreted();

using MathFunction = std::function<Real(Real x, Real y)>;
// f applied to each pair; T is float or double. `y` may be empty: then f gets x twice.
template <class T>
std::vector<T> map_math(const MathFunction& f, const std::vector<T>& x, const std::vector<T>& y,
                        uint16_t lanes, const RunKernel& run);

// |got - wanted| in units of T's last place at `wanted`; 0 where both are NaN, zeros of one sign,
// infinite alike (overflow counts as 2^128 or 2^1024), or below four times the smallest normal
// number.
template <class T>
double ulp_error(T got, long double wanted);

// Every `stride`-th bit pattern of f32, without subnormals and NaN, half as many numbers in
// [-10, 10], and the edges.
std::vector<float> sweep_f32(uint32_t stride);
// Values of f64 over all magnitudes, denser around 1, by seed.
std::vector<double> sample_f64(uint64_t seed, size_t count);

}  // namespace burin::loop
