// Windows that slide over the spatial dimensions of N x C x spatial tensors: pools and convolutions. Up to three
// spatial dimensions are computed.
#pragma once
#include <array>

#include "sim/import/call.h"

namespace tessera::import {

constexpr std::int64_t max_window_side = 1 << 20;  // of kernel, stride, dilation, padding

struct Windows {
  Dims kernel, stride, dilation, before, after;  // by spatial dimension; padding before and after
  Dims in, out;                                  // sides of the maps
};

// Attributes kernel_shape, strides, dilations, pads, auto_pad and ceil_mode of a call for maps of sides `in`; `kernel`
// is what the weights say, or empty. A window that would lie in the padding at the end alone does not count.
Windows read_windows(Call& call, const Dims& in, const Dims& kernel);

// The attributes without the sides, for operators whose output is not that of a sliding window.
Windows read_window_attributes(Call& call, std::size_t rank, const Dims& kernel);

// The sides of a transposed convolution, and its padding where it follows from them (convolution.cpp).
Windows transposed_windows(Call& call);

// A spatial list as three numbers, `filling` in front.
std::array<std::int64_t, 3> three(const Dims& list, std::int64_t filling);

// Sides behind the first two dimensions; refused below rank 3.
Dims spatial(Call& call, int input);

}  // namespace tessera::import
