#include "sim/route/negotiation.h"

#include <algorithm>
#include <limits>

namespace tessera::route {
namespace {

constexpr int most_turns = 40, fewest_turns = 4;
constexpr std::size_t effort = 4000000;     // turns x streams x sides that the turns may take
constexpr int patience = 6;                 // turns without clearly fewer streams too many
constexpr std::int64_t link_price = 64;     // of a link that is free
constexpr std::int64_t lasting_price = 24;  // more from then on, for each stream too many in a turn
constexpr std::int64_t dearest = link_price << 16;

class Negotiation {
 public:
  Negotiation(const Grid& grid, const std::vector<Wish>& streams, const std::vector<int>& dearer)
      : grid_(grid),
        streams_(streams),
        history_(grid.links().size()),
        distance_(static_cast<std::size_t>(grid.tiles())),
        by_(static_cast<std::size_t>(grid.tiles())),
        in_tree_(static_cast<std::size_t>(grid.tiles())),
        wanted_(static_cast<std::size_t>(grid.tiles())) {
    now_.trees.resize(streams.size());
    now_.streams.resize(grid.links().size());
    for (std::size_t l = 0; l < history_.size(); ++l) history_[l] = dearer[l] * link_price;
  }

  Ways run() {
    Ways best;
    int waited = 0;
    const std::size_t searched = std::max<std::size_t>(1, streams_.size() * history_.size());
    const auto turns = static_cast<int>(std::clamp<std::size_t>(effort / searched, fewest_turns, most_turns));
    std::int64_t worth = std::numeric_limits<std::int64_t>::max();  // an excess below this is worth more turns
    for (int turn = 0; turn < turns; ++turn) {
      for (std::size_t s = 0; s < streams_.size(); ++s)
        if (turn == 0 || crowded(now_.trees[s])) reroute(s);
      judge();
      if (turn == 0 || now_.excess < best.excess) best = now_;
      if (now_.excess < worth) {
        worth = now_.excess - now_.excess / 16;
        waited = 0;
      } else if (++waited == patience) {
        break;
      }
      if (now_.excess == 0) break;
      present_ = std::min<std::int64_t>(present_ * 3 / 2 + 1, link_price);
    }
    best.cut_off = now_.cut_off;
    return best;
  }

 private:
  bool crowded(const std::vector<int>& tree) const {
    return std::any_of(tree.begin(), tree.end(), [&](int l) { return too_many(l) > 0; });
  }
  int too_many(int l) const {
    return now_.streams[static_cast<std::size_t>(l)] - grid_.links()[static_cast<std::size_t>(l)].count;
  }
  std::int64_t price(int l) const {  // for one stream more
    const std::int64_t base = link_price + history_[static_cast<std::size_t>(l)];
    const int over = std::max(0, too_many(l) + 1);
    return std::min(dearest, base * (1 + over * present_));
  }
  void judge() {
    now_.excess = 0;
    for (std::size_t l = 0; l < history_.size(); ++l) {
      const int over = std::max(0, too_many(static_cast<int>(l)));
      now_.excess += over;
      history_[l] += over * lasting_price;
    }
  }

  // Grows the tree by the receiver that is cheapest to reach from it, until it has all.
  void reroute(std::size_t s) {
    std::vector<int>& tree = now_.trees[s];
    for (const int l : tree) --now_.streams[static_cast<std::size_t>(l)];
    tree.clear();
    constexpr std::int64_t far = std::numeric_limits<std::int64_t>::max();
    std::fill(distance_.begin(), distance_.end(), far);
    std::fill(in_tree_.begin(), in_tree_.end(), 0);
    std::fill(wanted_.begin(), wanted_.end(), 0);
    std::size_t left = 0;
    for (const program::TileId t : streams_[s].to) left += t == streams_[s].from ? 0 : ++wanted_[index(t)];
    front_.clear();
    join(streams_[s].from);
    while (left > 0 && !front_.empty()) {
      const auto [distance, tile] = front_.front();
      std::pop_heap(front_.begin(), front_.end());
      front_.pop_back();
      if (-distance != distance_[index(-tile)]) continue;
      const program::TileId at = -tile;
      if (wanted_[index(at)] != 0 && in_tree_[index(at)] == 0) {
        --left;
        branch(at, tree);
        continue;
      }
      for (const int l : grid_.from(at)) {
        const program::TileId next = grid_.links()[static_cast<std::size_t>(l)].to;
        const std::int64_t d = distance_[index(at)] + price(l);
        if (in_tree_[index(next)] != 0 || d >= distance_[index(next)]) continue;
        distance_[index(next)] = d;
        by_[index(next)] = l;
        push(d, next);
      }
    }
    for (const int l : tree) ++now_.streams[static_cast<std::size_t>(l)];
    if (left > 0 && std::find(now_.cut_off.begin(), now_.cut_off.end(), static_cast<int>(s)) == now_.cut_off.end())
      now_.cut_off.push_back(static_cast<int>(s));
  }
  void join(program::TileId tile) {
    in_tree_[index(tile)] = 1;
    distance_[index(tile)] = 0;
    push(0, tile);
  }
  void push(std::int64_t distance, program::TileId tile) {
    front_.emplace_back(-distance, -tile);
    std::push_heap(front_.begin(), front_.end());
  }
  void branch(program::TileId tile, std::vector<int>& tree) {
    const std::size_t before = tree.size();
    while (in_tree_[index(tile)] == 0) {
      const int l = by_[index(tile)];
      join(tile);
      tree.push_back(l);
      tile = grid_.links()[static_cast<std::size_t>(l)].from;
    }
    std::reverse(tree.begin() + static_cast<std::ptrdiff_t>(before), tree.end());
  }
  static std::size_t index(program::TileId t) { return static_cast<std::size_t>(t); }

  const Grid& grid_;
  const std::vector<Wish>& streams_;
  Ways now_;
  std::int64_t present_ = 1;
  std::vector<std::int64_t> history_;  // by links
  // Of the stream at hand, by tile.
  std::vector<std::int64_t> distance_;
  std::vector<int> by_;  // links that the cheapest way comes by
  std::vector<char> in_tree_, wanted_;
  std::vector<std::pair<std::int64_t, int>> front_;  // heap of -distance, -tile: the nearest first, then the lowest
};

}  // namespace

Ways negotiate(const Grid& grid, const std::vector<Wish>& wishes, const std::vector<int>& dearer) {
  return Negotiation(grid, wishes, dearer).run();
}

}  // namespace tessera::route
