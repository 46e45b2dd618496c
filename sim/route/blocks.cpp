#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "sim/route/registers.h"

namespace tessera::route {
namespace {

// Words of a switch before its first slave port, and before its first slot.
constexpr int slaves_at = 64, slots_at = 128;
constexpr int slots_of_port = 4;

// Ports beside channels and links that the hardware has: before the channels, and between these and the links (am025:
// core; tile control and FIFO).
struct OtherPorts {
  int before = 0, between = 0;
};
constexpr OtherPorts others(program::TileKind kind) {
  return kind == program::TileKind::compute  ? OtherPorts{1, 2}
         : kind == program::TileKind::memory ? OtherPorts{0, 1}
                                             : OtherPorts{0, 2};
}

int place(Side side) {
  static constexpr std::array<int, 4> places{2, 0, 3, 1};  // by Side: south, west, north, east
  return places[static_cast<std::size_t>(side)];
}
// Of what comes from the neighbour on the other side.
Side opposite(Side side) {
  static constexpr std::array<Side, 4> sides{Side::south, Side::north, Side::west, Side::east};
  return sides[static_cast<std::size_t>(side)];
}

// Links of one side of a tile, in the order of the hardware.
struct Run {
  int place, first, count;
};
using Runs = std::vector<Run>;
// Of the ports of a tile that send or take.
Runs runs_of(const Device& device, program::TileId tile, bool master) {
  Runs runs;
  for (const Links& side : device.grid.links()) {
    if (master ? side.from != tile : side.to != tile) continue;
    runs.push_back({place(master ? side.side : opposite(side.side)), master ? side.master : side.slave, side.count});
  }
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.place < b.place; });
  return runs;
}

// Where a port stands among those of its direction.
int port_place(const Device& device, const SwitchRegister& at, const Runs& runs) {
  int links = 0;
  for (const Run& run : runs) links += run.count;
  const program::TileKind kind = device.map.tile_kind(at.tile);
  if (at.port >= links) return others(kind).before + at.port - links;
  int before = others(kind).before + others(kind).between + device.channels(kind, at.master);
  for (const Run& run : runs) {
    if (at.port >= run.first && at.port < run.first + run.count) return before + at.port - run.first;
    before += run.count;
  }
  return before;
}

int register_number(const Device& device, const SwitchRegister& at, const Runs& runs) {
  const int port = port_place(device, at, runs);
  if (at.master) return port;
  return at.slot < 0 ? slaves_at + port : slots_at + slots_of_port * port + at.slot;
}

double price(const Device& device, int words) {
  const arch::ControllerSpec& c = device.controller;
  if (c.mechanism == arch::ControlMechanism::none) return 1;
  return c.mechanism == arch::ControlMechanism::serial ? c.serial_ns(arch::ControlKind::write_switch, words)
                                                       : c.packet_cycles(arch::ControlKind::write_switch, words);
}

// Masters, slave ports and slots are apart from each other: no block reaches from one to the next.
int array_of(int number) { return number < slaves_at ? 0 : number < slots_at ? 1 : 2; }

// A setting under the number of its register.
using Numbered = std::pair<int, const RegisterSetting*>;

// Of settings of one tile in the order of their numbers: the ends of the blocks of the cheapest division, the last
// first.
std::vector<std::size_t> divide(const Device& device, const std::vector<Numbered>& at) {
  std::vector<double> least(at.size() + 1, std::numeric_limits<double>::max());
  std::vector<std::size_t> from(at.size() + 1, 0);
  least[0] = 0;
  for (std::size_t end = 1; end <= at.size(); ++end)
    for (std::size_t first = end; first-- > 0 && array_of(at[first].first) == array_of(at[end - 1].first);) {
      const double sum = least[first] + price(device, at[end - 1].first - at[first].first + 1);
      if (sum > least[end]) continue;  // of equals the longer one
      least[end] = sum;
      from[end] = first;
    }
  std::vector<std::size_t> ends;
  for (std::size_t end = at.size(); end > 0; end = from[end]) ends.push_back(end);
  return ends;
}

// Visits the blocks of settings that are in the order of their registers.
template <class Visit>
void each_block(const Device& device, const std::vector<RegisterSetting>& settings, const Visit& visit) {
  std::vector<Numbered> at;
  for (auto setting = settings.begin(); setting != settings.end();) {
    const program::TileId tile = setting->at.tile;
    const Runs slaves = runs_of(device, tile, false), masters = runs_of(device, tile, true);
    at.clear();
    for (; setting != settings.end() && setting->at.tile == tile; ++setting)
      at.emplace_back(register_number(device, setting->at, setting->at.master ? masters : slaves), &*setting);
    std::sort(at.begin(), at.end(), [](const Numbered& a, const Numbered& b) { return a.first < b.first; });
    const std::vector<std::size_t> ends = divide(device, at);
    std::size_t first = 0;
    for (auto end = ends.rbegin(); end != ends.rend(); first = *end++) visit(at.data() + first, at.data() + *end);
  }
}

int words_of(const Numbered* first, const Numbered* end) { return (end - 1)->first - first->first + 1; }

}  // namespace

int register_number(const Device& device, const SwitchRegister& at) {
  return register_number(device, at, runs_of(device, at.tile, at.master));
}

std::vector<RegisterBlock> blocks_of(const Device& device, const std::vector<RegisterSetting>& settings) {
  std::vector<RegisterBlock> blocks;
  each_block(device, settings, [&](const Numbered* first, const Numbered* end) {
    RegisterBlock& block = blocks.emplace_back();
    block = {first->second->at.tile, first->first, words_of(first, end), {}};
    for (const Numbered* n = first; n != end; ++n)
      block.changes.push_back({n->second->at, *n->second->from, *n->second->to});
  });
  return blocks;
}

double price_of(const Device& device, const std::vector<RegisterSetting>& settings) {
  double sum = 0;
  each_block(device, settings,
             [&](const Numbered* first, const Numbered* end) { sum += price(device, words_of(first, end)); });
  return sum;
}

}  // namespace tessera::route
