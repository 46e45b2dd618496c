// Registers of the switches that a routing needs: what a controller writes to go from one routing to the next.
#pragma once
#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <map>
#include <set>
#include <tuple>
#include <utility>

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
// Of a master port: the slave port that it sends, as -1 - port, or the ways of the packets that it sends. Of a slave
// port: whether it takes packets. Of a slot: ids and, last, their way. Equal values do the same.
using RegisterValue = std::vector<std::int64_t>;
using SwitchRegisters = boost::container::flat_map<SwitchRegister, RegisterValue>;
SwitchRegisters registers_of(const Device& device, const Passages& passages, const Routing& routing);
// Of one switch.
SwitchRegisters registers_of(const Device& device, const Passages& passages, const Routing& routing,
                             program::TileId tile);

// A register that is written; empty: it takes nothing then, or took nothing before.
struct RegisterChange {
  SwitchRegister at;
  RegisterValue from, to;
};

// A register that gets another value.
struct RegisterSetting {
  SwitchRegister at;
  const RegisterValue *from, *to;
};
// What it takes to go from one set of routes to the next, in the order of the registers: what is written, and what can
// be set from the beginning, as no stream of an earlier set meets it: it comes with the design. The values are those of
// the state that it begins with and of the registers that it leads to.
struct SwitchStep {
  std::vector<RegisterSetting> written, with_design;
};

// The switches while one set of routes follows the other.
class SwitchState {
 public:
  // Ports that `next` does not use stay as they are, unless they would take what streams of `next` send. A slot of
  // `next` that a port has already, under whatever number, stays there; other slots of that port that take an id of
  // `next` are written over, or closed.
  SwitchStep step_to(const SwitchRegisters& next) const;
  void take(const SwitchStep& step, const SwitchRegisters& next);
  // Takes that step; what is written.
  std::vector<RegisterChange> go_on(const SwitchRegisters& next);
  const SwitchRegisters& now() const { return now_; }

 private:
  using Port = std::pair<program::TileId, int>;
  void set(SwitchStep& step, const SwitchRegister& at, const RegisterValue& to, bool early) const;
  void slots(SwitchStep& step, SwitchRegister port, const SwitchRegisters& next) const;
  void masters(SwitchStep& step, const SwitchRegisters& next, const std::set<Port>& fresh) const;

  SwitchRegisters now_;
  boost::container::flat_set<SwitchRegister> used_;  // ever, by a set
  std::map<Port, std::set<std::int64_t>> seen_;      // by slave port: ids of packets that it took
};

// The number of a register within its switch (sim/program/switch_write.h).
int register_number(const Device& device, const SwitchRegister& at);

// A block of registers of one switch that follow each other, and what changes among them; the others are written with
// the values that they have, which changes nothing.
struct RegisterBlock {
  program::TileId tile = 0;
  int first = 0, words = 0;
  std::vector<RegisterChange> changes;
};
// The blocks that take a controller least to write, of settings in the order of their registers.
std::vector<RegisterBlock> blocks_of(const Device& device, const std::vector<RegisterSetting>& settings);
// What a controller takes for them: ns of a serial one, cycles of others; the number of blocks where there is none.
double price_of(const Device& device, const std::vector<RegisterSetting>& settings);

}  // namespace tessera::route
