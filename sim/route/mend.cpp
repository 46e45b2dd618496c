#include "sim/route/mend.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "sim/route/link_use.h"

namespace tessera::route {
namespace {

class Mending {
  static constexpr std::int64_t link_price = 64;       // of a link that is free
  static constexpr std::int64_t shared_price = 32;     // more, of one that others take
  static constexpr std::int64_t busy_price = 64 * 64;  // more, of one that would have too much to do
  static constexpr std::int64_t lasting_price = 64;    // more of a tile's links, each time that it stayed too full
  static constexpr int tile_bits = 16;
  static constexpr int most_turns = 16;  // times that a stream is pushed aside where nothing else helps

 public:
  Mending(const Device& device, const std::vector<program::Route>& routes, const std::vector<Load>& loads,
          const Routing& routing)
      : device_(device),
        sides_(device.grid.links()),
        routes_(routes),
        loads_(loads),
        streams_(routing.streams),
        trees_(routing.trees),
        tiles_(index(device.grid.tiles())),
        parts_(streams_.size()) {
    for (const Links& side : sides_) links_.emplace_back(index(side.count), Link{0, std::vector<double>(loads.size())});
    for (std::size_t s = 0; s < streams_.size(); ++s) put(s);
  }

  std::vector<std::vector<Hop>> run(std::int64_t& effort) {
    effort_ = effort;
    std::vector<std::vector<Hop>> best = trees_;
    int least = missing();
    for (int turn = 0; turn < most_turns && effort_ > 0; ++turn) {
      while (missing() > 0 && effort_ > 0 && improve()) {
      }
      if (missing() < least) {
        least = missing();
        best = trees_;
      }
      if (least == 0 || !push_aside(turn)) break;
    }
    effort = effort_;
    return best;
  }

  int missing() {
    for (const program::TileId t : stale_) {
      Tile& tile = tiles_[index(t)];
      if (!tile.stale) continue;
      const int excess = needs_of(tile.passages, device_.spec).excess(device_.spec);
      missing_ += excess - tile.excess;
      tile.excess = excess;
      tile.stale = false;
    }
    stale_.clear();
    return missing_;
  }

 private:
  struct Tile {
    std::vector<Passage> passages;
    int excess = 0;
    bool stale = false;
    std::int64_t lasting = 0;  // price
  };
  struct Link {
    int streams = 0;
    std::vector<double> cycles;  // by load
  };
  // Of a stream: where it passes, and what its hops take.
  struct Parts {
    std::vector<std::pair<program::TileId, Passage>> passages;
    std::vector<std::vector<double>> cycles;  // by hop and load
  };

  bool too_busy(const Link& link) const {
    if (link.streams < 2) return false;
    for (std::size_t p = 0; p < loads_.size(); ++p)
      if (link.cycles[p] > loads_[p].busiest) return true;
    return false;
  }
  // Whether it would be, with one stream more.
  bool too_busy_with(const Link& link, const std::vector<double>& cycles) const {
    if (link.streams < 1) return false;
    for (std::size_t p = 0; p < loads_.size(); ++p)
      if (link.cycles[p] + cycles[p] > loads_[p].busiest) return true;
    return false;
  }
  Link& at(const Hop& hop) { return links_[index(hop.links)][index(hop.link)]; }
  void add(const Hop& hop, const std::vector<double>& cycles, int sign) {
    Link& link = at(hop);
    missing_ -= too_busy(link) ? 1 : 0;
    link.streams += sign;
    for (std::size_t p = 0; p < cycles.size(); ++p) link.cycles[p] += sign * cycles[p];
    if (link.streams == 0) std::fill(link.cycles.begin(), link.cycles.end(), 0);
    missing_ += too_busy(link) ? 1 : 0;
  }
  void make_stale(program::TileId t) {
    if (tiles_[index(t)].stale) return;
    tiles_[index(t)].stale = true;
    stale_.push_back(t);
  }

  void put(std::size_t s) {
    parts_[s] = parts_of(s);
    put_parts(s);
  }
  void put_parts(std::size_t s) {
    const Parts& parts = parts_[s];
    for (const auto& [tile, passage] : parts.passages) {
      tiles_[index(tile)].passages.push_back(passage);
      make_stale(tile);
    }
    for (std::size_t h = 0; h < trees_[s].size(); ++h) add(trees_[s][h], parts.cycles[h], 1);
    effort_ -= static_cast<std::int64_t>(sides_.size());
  }
  void take(std::size_t s) {
    for (const auto& [t, passage] : parts_[s].passages) {
      std::vector<Passage>& at = tiles_[index(t)].passages;
      at.erase(std::remove_if(at.begin(), at.end(), [&](const Passage& p) { return index(p.stream) == s; }), at.end());
      make_stale(t);
    }
    for (std::size_t h = 0; h < trees_[s].size(); ++h) add(trees_[s][h], parts_[s].cycles[h], -1);
  }
  // A hop of a stream takes link `k` of its side.
  void change_link(std::size_t s, std::size_t hop, int k) {
    int& link = trees_[s][hop].link;
    const Links& side = sides_[index(trees_[s][hop].links)];
    const Way old = Way{1} << (side.master + link);
    take(s);
    for (auto& [tile, passage] : parts_[s].passages) {
      if (tile == side.from && (passage.way & old) != 0)
        passage.way = (passage.way & ~old) | Way{1} << (side.master + k);
      if (tile == side.to) passage.slave = side.slave + k;
    }
    link = k;
    put_parts(s);
  }
  Parts parts_of(std::size_t s) const {
    Parts parts;
    const Passages all = passages_of(device_.grid, device_.map, routes_, {{streams_[s]}, {trees_[s]}, {}});
    for (std::size_t t = 0; t < all.size(); ++t)
      for (Passage p : all[t]) {
        p.stream = static_cast<int>(s);
        parts.passages.emplace_back(static_cast<program::TileId>(t), p);
      }
    for (const Hop& hop : trees_[s]) {
      const Links& side = sides_[index(hop.links)];
      const Way way = Way{1} << (side.master + hop.link);
      std::vector<double>& cycles = parts.cycles.emplace_back(loads_.size());
      for (const Passage& p : all[index(side.from)])
        if ((p.way & way) != 0)
          for (std::size_t l = 0; l < loads_.size(); ++l)
            cycles[l] += (*loads_[l].cycles)[index(streams_[s].routes[index(p.route)])];
    }
    return parts;
  }

  // Moves one stream so that less is missing, or as much elsewhere. False: there is none.
  bool improve() {
    for (program::TileId t = 0; t < device_.grid.tiles(); ++t) {
      if (missing() == 0) return true;
      if (!crowded(t)) continue;
      for (const std::size_t s : in_the_way(t)) {
        if (effort_ <= 0) return false;
        if (relink(s) || reroute(s, t)) return true;
      }
      tiles_[index(t)].lasting += lasting_price;
    }
    return false;
  }
  // Where nothing helps by itself: one stream less passes a crowded tile, whatever is missing then. False: none can go.
  bool push_aside(int turn) {
    for (program::TileId t = 0; t < device_.grid.tiles(); ++t) {
      if (!crowded(t)) continue;
      const std::vector<std::size_t> streams = in_the_way(t);
      for (std::size_t k = 0; k < streams.size(); ++k)
        if (reroute(streams[(index(turn) + k) % streams.size()], t, true)) return true;
    }
    return false;
  }
  // A switch that is short of something, or that links leave which have too much to do.
  bool crowded(program::TileId t) {
    const auto busy = [&](int l) {
      return std::any_of(links_[index(l)].begin(), links_[index(l)].end(), [&](const Link& k) { return too_busy(k); });
    };
    const std::vector<int>& from = device_.grid.from(t);
    return tiles_[index(t)].excess > 0 || std::any_of(from.begin(), from.end(), busy);
  }
  std::vector<std::size_t> in_the_way(program::TileId t) {
    const Tile& tile = tiles_[index(t)];
    const SwitchNeeds needs = needs_of(tile.passages, device_.spec);
    Way ways = needs.selections > device_.spec.selections ? needs.most_joined : 0;
    if (tile.excess > 0 && ways == 0) ways = ~Way{0};
    for (const int l : device_.grid.from(t))
      for (std::size_t k = 0; k < links_[index(l)].size(); ++k)
        if (too_busy(links_[index(l)][k])) ways |= Way{1} << (index(sides_[index(l)].master) + k);
    std::vector<std::size_t> streams;
    for (const Passage& p : tile.passages)
      if ((p.way & ways) != 0) streams.push_back(index(p.stream));
    std::sort(streams.begin(), streams.end());
    streams.erase(std::unique(streams.begin(), streams.end()), streams.end());
    return streams;
  }

  // Another link of a side, where it leaves or enters a switch that is short of something.
  bool relink(std::size_t s) {
    const int before = missing();
    int least = before;
    for (std::size_t h = 0; h < trees_[s].size() && least > 0; ++h) {
      const Links& side = sides_[index(trees_[s][h].links)];
      if (tiles_[index(side.from)].excess + tiles_[index(side.to)].excess == 0 && !too_busy(at(trees_[s][h]))) continue;
      int best = trees_[s][h].link;
      for (int k = 0; k < side.count && effort_ > 0; ++k) {
        if (k == best) continue;
        change_link(s, h, k);
        if (missing() >= least) continue;
        least = missing();
        best = k;
      }
      if (trees_[s][h].link != best) change_link(s, h, best);
    }
    return missing() < before;
  }

  // Another tree, past the tile if that can be.
  bool reroute(std::size_t s, program::TileId past, bool anyhow = false) {
    const int before = missing(), here = tiles_[index(past)].excess;
    const std::vector<Hop> old = trees_[s];
    take(s);
    tiles_[index(past)].lasting += lasting_price;
    std::vector<Hop> fresh = cheapest(s);
    tiles_[index(past)].lasting -= lasting_price;
    const bool same = fresh == old;
    trees_[s] = fresh.empty() || same ? old : std::move(fresh);
    put(s);
    if (same) return false;
    relink(s);
    if (anyhow || missing() < before) return true;
    if (missing() == before && tiles_[index(past)].excess < here) {
      tiles_[index(past)].lasting += lasting_price;
      return true;
    }
    take(s);
    trees_[s] = old;
    put(s);
    return false;
  }

  // The link of a side that the stream would take, and its price: a free one, or that with least to do.
  std::pair<int, std::int64_t> link_of(int l, const std::vector<double>& cycles) const {
    int best = 0;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (std::size_t k = 0; k < links_[index(l)].size(); ++k) {
      const Link& link = links_[index(l)][k];
      const std::int64_t price = shared_price * link.streams + (too_busy_with(link, cycles) ? busy_price : 0);
      if (price >= least) continue;
      least = price;
      best = static_cast<int>(k);
    }
    const Links& side = sides_[index(l)];
    return {best, link_price + least + tiles_[index(side.from)].lasting + tiles_[index(side.to)].lasting};
  }

  std::vector<Hop> cheapest(std::size_t s) const {
    std::vector<double> cycles(loads_.size());
    for (const int r : streams_[s].routes)
      for (std::size_t p = 0; p < loads_.size(); ++p) cycles[p] += (*loads_[p].cycles)[index(r)];
    std::vector<char> wanted(tiles_.size()), in_tree(tiles_.size());
    std::size_t left = 0;
    for (const int r : streams_[s].routes)
      for (const program::EngineId sink : routes_[index(r)].sinks)
        if (char& here = wanted[index(device_.map.info(sink).tile)]; here == 0) here = static_cast<char>(++left != 0);
    const program::TileId from = device_.map.info(streams_[s].source).tile;
    std::vector<std::int64_t> distance(tiles_.size(), std::numeric_limits<std::int64_t>::max());
    std::vector<Hop> by(tiles_.size()), tree;
    std::vector<std::int64_t> front;
    const auto push = [&](std::int64_t d, program::TileId t) {
      distance[index(t)] = d;
      front.push_back(d << tile_bits | t);
      std::push_heap(front.begin(), front.end(), std::greater<>());
    };
    in_tree[index(from)] = 1;
    left -= wanted[index(from)] != 0 ? 1 : 0;
    push(0, from);
    while (left > 0 && !front.empty()) {
      const std::int64_t nearest = front.front();
      std::pop_heap(front.begin(), front.end(), std::greater<>());
      front.pop_back();
      const auto t = static_cast<program::TileId>(nearest & ((std::int64_t{1} << tile_bits) - 1));
      if (nearest >> tile_bits != distance[index(t)]) continue;
      if (wanted[index(t)] != 0 && in_tree[index(t)] == 0) {
        --left;
        const std::size_t first = tree.size();
        for (program::TileId b = t; in_tree[index(b)] == 0; b = sides_[index(by[index(b)].links)].from) {
          in_tree[index(b)] = 1;
          tree.push_back(by[index(b)]);
          push(0, b);
        }
        std::reverse(tree.begin() + static_cast<std::ptrdiff_t>(first), tree.end());
        continue;
      }
      for (const int l : device_.grid.from(t)) {
        const program::TileId to = sides_[index(l)].to;
        if (in_tree[index(to)] != 0) continue;
        const auto [link, price] = link_of(l, cycles);
        if (const std::int64_t d = distance[index(t)] + price; d < distance[index(to)]) {
          by[index(to)] = {l, link};
          push(d, to);
        }
      }
    }
    return left > 0 ? std::vector<Hop>{} : tree;
  }

  const Device& device_;
  const std::vector<Links>& sides_;
  const std::vector<program::Route>& routes_;
  const std::vector<Load>& loads_;
  const std::vector<Stream>& streams_;
  std::vector<std::vector<Hop>> trees_;
  std::vector<Tile> tiles_;
  std::vector<std::vector<Link>> links_;  // by Grid::links and link
  std::vector<Parts> parts_;              // by stream
  std::vector<program::TileId> stale_;
  int missing_ = 0;
  std::int64_t effort_ = 0;
};

}  // namespace

int missing(const Device& device, const std::vector<program::Route>& routes, const std::vector<Load>& loads,
            const Built& built) {
  return Mending(device, routes, loads, built.routing).missing();
}

void mend(const Device& device, const std::vector<program::Route>& routes, const std::vector<Load>& loads,
          const std::vector<int>& former, std::int64_t& effort, Built& built) {
  built.routing.trees = Mending(device, routes, loads, built.routing).run(effort);
  judge(device, routes, former, built);
}

}  // namespace tessera::route
