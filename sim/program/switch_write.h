// Registers of a stream switch that are written while a program runs, and between which transfers. They are numbered as
// the hardware has them, in words from the first of the switch (am025, aie-rt: master configuration at 0x000, slave
// configuration at 0x100, slots of slave ports at 0x200 with four each). Ports stand in the order of the hardware:
// channels, then links to the south, west, north and east; ports that nothing here uses (core, control, FIFO, trace)
// have their places.
#pragma once
#include <cstdint>
#include <vector>

#include "sim/program/program.h"

namespace tessera::program {

// A transfer of a channel, by its number in the order of execution, from 0.
struct TransferAt {
  EngineId channel = 0;
  std::int32_t number = 0;
};

// One block of registers that follow each other.
struct SwitchWrite {
  TileId tile = 0;
  int set = 0;  // of routes, before which it is written
  int first = 0, words = 0;
  std::vector<Wait> after;         // transfers of receiving channels that have to be complete, by engine
  std::vector<TransferAt> before;  // the first of each sending channel that goes the new way, by channel
};

}  // namespace tessera::program
