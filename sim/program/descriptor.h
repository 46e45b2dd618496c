// Buffer descriptors as the schedulers make them: whether the fields of a tile's descriptors hold an address pattern
// (arch/array_spec.h says which), the same pattern in a form that they hold, and, where there is none, a stream cut
// into pieces of which each fits at both of its ends.
#pragma once
#include <optional>
#include <vector>

#include "sim/program/program.h"

namespace tessera::program {

// As it stands. Length and alignment are not judged; iterations count as those of a task.
bool fits(const Access& access, const arch::DmaSpec& dma);

// The same bytes in the same order with counts that fit: runs that follow each other are joined, counts too large for
// a wrap become two dimensions or stand in the last one. The access itself where it fits; nothing where no form does.
std::optional<Access> encoded(const Access& access, const arch::DmaSpec& dma);

// A part of a tensor on its way from one memory to others.
struct StreamPiece {
  Region region;  // of the source, padding apart
  Access source;
  std::vector<Access> sinks;
};
// The stream of `region`, in h, w, c order, as one piece if both ends have a form that fits, else cut between rows or
// pixels. Padding of the source stands in dimensions 1 and 2, columns and rows. Nothing where padding does not fit.
std::optional<std::vector<StreamPiece>> pieces_of(const StreamPiece& stream, const arch::DmaSpec& source,
                                                  const arch::DmaSpec& sink);

}  // namespace tessera::program
