// The transfers of a channel as its DMA engine sees them: what one execution of a descriptor moves. An inbound
// descriptor takes what several transfers bring one after the other, whoever sends it, where it stands end to end in
// memory. One that reads DDR does the same for several transfers of one route, whose stream ends with the last of them:
// who takes them in cannot tell by its end how long each is.
#pragma once
#include <unordered_map>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/program/registers.h"

namespace tessera::control {

struct Execution {
  std::size_t first = 0, count = 1;  // transfers of the channel, in the order in which they are executed
  std::int64_t base = 0;
  Bytes bytes = 0;  // in memory
  int rank = 1;
  int shape = 0;  // equal ones: all registers agree but the address
  int run = -1;   // equal ones: one run of bytes each, all registers agree but address and length; -1: something else
  // Of the first transfer: its waits, as a slice of Program::waits, and its layer.
  std::uint32_t wait0 = 0, wait_count = 0;
  std::int16_t layer = -1;
  bool waits() const { return wait_count > 0; }
};

// Makes the executions of one channel, for any cuts and waits: nothing else of its transfers may change meanwhile.
class ExecutionMaker {
 public:
  // `order`: its transfers as they are executed, as indices into its list. `joining`: by route, whether a
  // descriptor may send several of its transfers; both live as long.
  ExecutionMaker(const program::EngineProgram& engine, const std::vector<std::int32_t>& order, const arch::DmaSpec& dma,
                 bool outbound, const std::vector<bool>& joining);
  // `cuts`: ascending numbers of transfers after which a descriptor has to end; a transfer that waits begins one.
  std::vector<Execution> executions(const std::vector<std::int32_t>& cuts);

 private:
  // Never walked: its order means nothing.
  using Known = std::unordered_map<program::Registers, int, program::HashOfRegisters>;
  // Of a transfer by itself, or of several joined.
  Execution execution_of(const program::Transfer& t);
  int number(Known& known, const program::Transfer& t) const;

  const program::EngineProgram& engine_;
  const std::vector<std::int32_t>& order_;
  const Bytes most_;
  const bool outbound_;
  const std::vector<bool>& joining_;
  Known shapes_, runs_;
  std::vector<Execution> alone_;  // of each transfer of the list by itself
  std::size_t last_ = 0;          // executions that were made last: the next are about as many
};

}  // namespace tessera::control
