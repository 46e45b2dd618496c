// Registers of the switches that a routing needs: what a controller writes to go from one routing to the next.
#pragma once
#include <map>
#include <tuple>

#include "sim/route/build.h"

namespace tessera::route {

// A master port has one register: the slave port that it sends, or its arbiter with the selections that it listens to.
// A slave port that takes packets has one for each slot, and one that says so.
struct SwitchRegister {
  program::TileId tile = 0;
  bool master = false;
  int port = 0;
  int slot = -1;  // of a slave port; -1: its mode
  friend bool operator<(const SwitchRegister& a, const SwitchRegister& b) {
    return std::tie(a.tile, a.master, a.port, a.slot) < std::tie(b.tile, b.master, b.port, b.slot);
  }
};
// Equal values do the same.
using SwitchRegisters = std::map<SwitchRegister, std::vector<std::int64_t>>;
SwitchRegisters registers_of(const Device& device, const std::vector<program::Route>& routes, const Routing& routing);

// Writes into `now` what `next` has otherwise; ports that `next` does not use stay as they are. A slot of `next` that a
// port has already, under whatever number, stays there; other slots of that port that take an id of `next` are written
// over, or closed. By tile, how many registers that are.
std::vector<int> rewrite(SwitchRegisters& now, const SwitchRegisters& next, int tiles);

}  // namespace tessera::route
