// Single values against the limits of the hardware and of the program's own tables.
#pragma once
#include <optional>

#include "sim/verify/findings.h"

namespace tessera::verify {

const arch::LockSpec& lock_spec(const arch::ArraySpec& array, program::TileKind kind);
const arch::DmaSpec& dma_spec(const arch::ArraySpec& array, program::TileKind kind);

inline bool names_layer(const program::Program& program, int layer) {
  return layer >= 0 && layer < static_cast<int>(program.layers.size());
}

// Sizes beyond these are no machine's: numbers below them can be added and multiplied in 64 bits.
constexpr std::int64_t most_bytes = std::int64_t{1} << 40;
constexpr int most_elements = 1 << 24;  // of a dimension of a tensor
constexpr int longest_window = 1 << 15;

// What is wrong with a region: the problem without its place, or nothing. It lies within its tensor, or the part of
// that on a lattice, and is not empty.
std::optional<Problem> region_problem(const program::Region& region, const program::Program& program, int tensor,
                                      const ops::Lattice& lattice = {});
// The same of a transfer's region of padding: it lies around its tensor, no element of it inside.
std::optional<Problem> around_problem(const program::Transfer& transfer, const program::Program& program);
// The part of a transfer's tensor that is on its lattice.
inline network::Shape map_of(const program::Transfer& t, const program::Program& program) {
  return shape_on(t.lattice, program.layers[static_cast<std::size_t>(t.tensor)].layer.out);
}
// What is wrong with an access as a pattern of addresses: dimensions, alignment, and that all of it is countable. Where
// it ends is not judged here.
std::optional<Problem> access_problem(const program::Access& access, int dimensions);
// What is wrong with a sane access as a descriptor of a channel: each field that is too narrow for its value (DmaSpec
// says which dimensions have which).
std::vector<Problem> descriptor_problems(const program::Access& access, const arch::DmaSpec& dma, bool iterates,
                                         bool pads);

}  // namespace tessera::verify
