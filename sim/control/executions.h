// The transfers of a channel as its DMA engine sees them: what one execution of a descriptor moves. An inbound
// descriptor takes what several transfers bring one after the other, whoever sends it, where it stands end to end in
// memory.
#pragma once
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/program/program.h"

namespace tessera::control {

struct Execution {
  std::size_t first = 0, count = 1;  // transfers of the channel, in the order in which they are executed
  std::int64_t base = 0;
  Bytes bytes = 0;  // in memory
  int rank = 1;
  int shape = 0;  // equal ones: all registers agree but the address
  int run = -1;   // equal ones: one run of bytes each, all registers agree but address and length; -1: something else
  bool waits = false;
};

// `cuts`: ascending numbers of transfers after which a descriptor has to end; a transfer that waits begins one.
std::vector<Execution> executions_of(const program::EngineProgram& engine, const std::vector<std::int32_t>& order,
                                     const std::vector<std::int32_t>& cuts, const arch::DmaSpec& dma, bool outbound);

}  // namespace tessera::control
