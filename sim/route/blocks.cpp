#include <algorithm>
#include <array>
#include <limits>
#include <map>

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

// Where a port stands among those of its direction.
int port_place(const Device& device, const SwitchRegister& at) {
  struct Run {
    int place, first, count;
  };
  std::vector<Run> runs;
  int links = 0;
  for (const Links& side : device.grid.links()) {
    if (at.master ? side.from != at.tile : side.to != at.tile) continue;
    runs.push_back(
        {place(at.master ? side.side : opposite(side.side)), at.master ? side.master : side.slave, side.count});
    links += side.count;
  }
  const program::TileKind kind = device.map.tile_kind(at.tile);
  if (at.port >= links) return others(kind).before + at.port - links;
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.place < b.place; });
  int before = others(kind).before + others(kind).between + device.channels(kind, at.master);
  for (const Run& run : runs) {
    if (at.port >= run.first && at.port < run.first + run.count) return before + at.port - run.first;
    before += run.count;
  }
  return before;
}

double price(const Device& device, int words) {
  const arch::ControllerSpec& c = device.controller;
  if (c.mechanism == arch::ControlMechanism::none) return 1;
  return c.mechanism == arch::ControlMechanism::serial ? c.serial_ns(arch::ControlKind::write_switch, words)
                                                       : c.packet_cycles(arch::ControlKind::write_switch, words);
}

// Masters, slave ports and slots are apart from each other: no block reaches from one to the next.
int array_of(int number) { return number < slaves_at ? 0 : number < slots_at ? 1 : 2; }

// Of changes of one tile in the order of their numbers: the cheapest division.
void divide(const Device& device, const std::vector<std::pair<int, RegisterChange>>& at,
            std::vector<RegisterBlock>& blocks) {
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
  std::vector<RegisterBlock> reversed;
  for (std::size_t end = at.size(); end > 0; end = from[end]) {
    RegisterBlock block{
        at.front().second.at.tile, at[from[end]].first, at[end - 1].first - at[from[end]].first + 1, {}};
    for (std::size_t i = from[end]; i < end; ++i) block.changes.push_back(at[i].second);
    reversed.push_back(std::move(block));
  }
  blocks.insert(blocks.end(), reversed.rbegin(), reversed.rend());
}

}  // namespace

int register_number(const Device& device, const SwitchRegister& at) {
  const int port = port_place(device, at);
  if (at.master) return port;
  return at.slot < 0 ? slaves_at + port : slots_at + slots_of_port * port + at.slot;
}

std::vector<RegisterBlock> blocks_of(const Device& device, std::vector<RegisterChange> changes) {
  std::map<program::TileId, std::vector<std::pair<int, RegisterChange>>> tiles;
  for (RegisterChange& change : changes)
    tiles[change.at.tile].emplace_back(register_number(device, change.at), std::move(change));
  std::vector<RegisterBlock> blocks;
  for (auto& [tile, at] : tiles) {
    std::sort(at.begin(), at.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    divide(device, at, blocks);
  }
  return blocks;
}

double price_of(const Device& device, const std::vector<RegisterBlock>& blocks) {
  double sum = 0;
  for (const RegisterBlock& block : blocks) sum += price(device, block.words);
  return sum;
}

}  // namespace tessera::route
