#include "sim/route/impossible.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "sim/route/build.h"

namespace tessera::route {
namespace {

using Channels = std::set<program::EngineId>;

std::optional<std::string> too_few_ids(const Device& device, const std::vector<program::Route>& routes,
                                       const std::vector<int>& wanted) {
  std::map<program::EngineId, int> count;
  for (const int r : wanted) ++count[routes[index(r)].source];
  for (const auto& [source, of] : count)
    if (of > 1 && of > device.spec.packet_ids)
      return fmt::format("{} sends over {} routes, {} packet ids", device.map.name(source), of, device.spec.packet_ids);
  return std::nullopt;
}

// Sets of channels with common ones, as many as an arbiter that all of them need has to tell apart.
std::size_t most_told_apart(const std::set<Channels>& sets) {
  std::size_t most = 0;
  std::vector<std::pair<Channels, std::size_t>> groups;
  for (const Channels& set : sets) {
    std::pair<Channels, std::size_t> joined{set, 1};
    for (auto g = groups.begin(); g != groups.end();) {
      if (std::none_of(set.begin(), set.end(), [&, &of = g->first](int c) { return of.count(c) > 0; })) {
        ++g;
        continue;
      }
      joined.first.insert(g->first.begin(), g->first.end());
      joined.second += g->second;
      g = groups.erase(g);
    }
    most = std::max(most, joined.second);
    groups.push_back(std::move(joined));
  }
  return most;
}

std::optional<std::string> too_few_selections(const Device& device, const std::vector<program::Route>& routes,
                                              const std::vector<int>& wanted) {
  std::map<program::TileId, std::set<Channels>> ends;
  for (const int r : wanted) {
    std::map<program::TileId, Channels> here;
    for (const program::EngineId sink : routes[index(r)].sinks) here[device.map.info(sink).tile].insert(sink);
    for (auto& [tile, channels] : here) ends[tile].insert(std::move(channels));
  }
  for (const auto& [tile, sets] : ends) {
    const std::size_t most = most_told_apart(sets);
    if (most > 1 && most > static_cast<std::size_t>(device.spec.selections))
      return fmt::format("packets end in {} in {} sets of channels with common ones, {} selections of an arbiter",
                         device.map.tile_name(tile), most, device.spec.selections);
  }
  return std::nullopt;
}

std::optional<std::string> too_few_circuits(const Device& device, const std::vector<program::Route>& routes,
                                            const std::vector<int>& wanted) {
  static constexpr std::array<const char*, 4> directions{"up", "down", "east", "west"};
  if (device.spec.arbiters > 0) return std::nullopt;
  for (const Cut& cut : cuts_of(device, routes, wanted)) {
    if (cut.streams <= cut.links) continue;
    const bool rows = cut.side == Side::north || cut.side == Side::south;
    return fmt::format("{} streams cross {} between {} {} and {}, {} links and no packets", cut.streams,
                       directions[static_cast<std::size_t>(cut.side)], rows ? "heights" : "columns", cut.at, cut.at + 1,
                       cut.links);
  }
  return std::nullopt;
}
}  // namespace

std::optional<std::string> impossible(const Device& device, const std::vector<program::Route>& routes,
                                      const std::vector<int>& wanted) {
  for (const auto& argument : {too_few_ids, too_few_selections, too_few_circuits})
    if (std::optional<std::string> why = argument(device, routes, wanted)) return why;
  return std::nullopt;
}

}  // namespace tessera::route
