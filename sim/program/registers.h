// The registers of a buffer descriptor: what two transfers of a tile must agree in to share one.
#pragma once
#include <array>

#include "sim/program/program.h"

namespace tessera::program {

// As few words as tell them apart. A route is in the registers of an outbound descriptor only, as its packet.
using Registers = std::array<std::uint64_t, 10>;
Registers registers_of(const Transfer& transfer, bool outbound);

struct HashOfRegisters {
  std::size_t operator()(const Registers& registers) const;
};

// Descriptors of its tile that a channel can use: [first, last). In memory tiles even channels have the lower half and
// odd ones the upper half (AM020).
struct DescriptorRange {
  int first = 0, last = 0;
};
DescriptorRange descriptors_of(const EngineMap::Info& channel, const arch::ArraySpec& array);

}  // namespace tessera::program
