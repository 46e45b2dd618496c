#include "sim/route/crossings.h"

#include <algorithm>

namespace tessera::route {
namespace {

constexpr int begins = -1, not_there = -2;

}  // namespace

Crossings::Crossings(const Device& device, const std::vector<program::Route>& routes, const Routing& routing)
    : device_(device),
      tiles_(index(device.grid.tiles())),
      entry_(tiles_.size(), not_there),
      channels_(tiles_.size()),
      leaves_by_(tiles_.size()) {
  for (std::size_t s = 0; s < routing.streams.size(); ++s) {
    const auto first_hop = static_cast<int>(hops_.size());
    for (const route::Hop& hop : routing.trees[s]) {
      const Links& side = device.grid.links()[index(hop.links)];
      hops_.push_back({hop.link, side.master, side.slave, side.from, side.to});
    }
    add_stream(routes, routing, static_cast<int>(s), first_hop);
  }
}

void Crossings::add_stream(const std::vector<program::Route>& routes, const Routing& routing, int stream,
                           int first_hop) {
  const Stream& of = routing.streams[index(stream)];
  const program::EngineMap::Info& source = device_.map.info(of.source);
  entry_[index(source.tile)] = begins;
  for (auto hop = index(first_hop); hop < hops_.size(); ++hop) entry_[index(hops_[hop].to)] = static_cast<int>(hop);
  std::vector<program::TileId> passed;
  for (std::size_t r = 0; r < of.routes.size(); ++r) {
    passed.clear();
    const auto visit = [&](program::TileId tile) {
      const bool fresh = channels_[index(tile)] == 0 && leaves_by_[index(tile)].empty();
      if (fresh) passed.push_back(tile);
      return fresh;
    };
    for (const program::EngineId sink : routes[index(of.routes[r])].sinks) {
      const program::EngineMap::Info& receiver = device_.map.info(sink);
      program::TileId tile = receiver.tile;
      int entry = entry_[index(tile)];
      if (entry == not_there) continue;
      bool fresh = visit(tile);
      channels_[index(tile)] |= Way{1} << device_.grid.master_of(receiver);
      while (fresh && entry != begins) {
        tile = hops_[index(entry)].from;
        fresh = visit(tile);
        leaves_by_[index(tile)].push_back(entry);
        entry = entry_[index(tile)];
      }
    }
    for (const program::TileId tile : passed) {
      Tile& at = tiles_[index(tile)];
      const std::size_t first = outs_.size();
      outs_.insert(outs_.end(), leaves_by_[index(tile)].begin(), leaves_by_[index(tile)].end());
      at.passages.push_back({stream, static_cast<int>(r), 0, 0});
      at.parts.push_back(
          {entry_[index(tile)], device_.grid.slave_of(source), channels_[index(tile)], first, outs_.size()});
      channels_[index(tile)] = 0;
      leaves_by_[index(tile)].clear();
    }
  }
  entry_[index(source.tile)] = not_there;
  for (auto hop = index(first_hop); hop < hops_.size(); ++hop) entry_[index(hops_[hop].to)] = not_there;
}

void Crossings::set_link(int hop, int link) {
  Hop& at = hops_[index(hop)];
  if (at.link == link) return;
  at.link = link;
  tiles_[index(at.from)].stale = tiles_[index(at.to)].stale = true;
}

std::vector<int> Crossings::links() const {
  std::vector<int> links;
  links.reserve(hops_.size());
  for (const Hop& hop : hops_) links.push_back(hop.link);
  return links;
}

void Crossings::set_links(const std::vector<int>& links) {
  for (std::size_t hop = 0; hop < links.size(); ++hop) set_link(static_cast<int>(hop), links[hop]);
}

void Crossings::update() {
  for (Tile& tile : tiles_)
    if (tile.stale) renew(tile);
}

void Crossings::renew(Tile& tile) {
  tile.stale = tile.judged = false;
  bool changed = false;
  for (std::size_t p = 0; p < tile.passages.size(); ++p) {
    const Parts& parts = tile.parts[p];
    Passage& passage = tile.passages[p];
    Way way = parts.channels;
    for (std::size_t out = parts.first_out; out < parts.end_out; ++out) {
      const Hop& hop = hops_[index(outs_[out])];
      way |= Way{1} << (hop.master + hop.link);
    }
    passage.slave = parts.slave;
    if (parts.entry >= 0) passage.slave = hops_[index(parts.entry)].slave + hops_[index(parts.entry)].link;
    changed = changed || way != passage.way;
    passage.way = way;
  }
  if (changed) ++tile.version;
}

const SwitchNeeds& Crossings::needs(program::TileId tile) {
  Tile& at = tiles_[index(tile)];
  if (!at.judged) at.needs = needs_of(at.passages, device_.spec);
  at.judged = true;
  return at.needs;
}

}  // namespace tessera::route
