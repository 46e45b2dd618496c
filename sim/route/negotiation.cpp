#include "sim/route/negotiation.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace tessera::route {
namespace {

constexpr int most_turns = 40, fewest_turns = 4;
constexpr std::size_t effort = 4000000;     // turns x streams x sides that the turns may take
constexpr int patience = 6;                 // turns without clearly fewer streams too many
constexpr int margin = 2;                   // tiles around the receivers of a stream that its way is looked for in
constexpr std::int64_t link_price = 64;     // of a link that is free
constexpr std::int64_t bundled_price = 48;  // of one that streams of the same bundle take
constexpr std::int64_t lasting_price = 24;  // more from then on, for each stream too many in a turn
constexpr std::int64_t dearest = link_price << 16;
constexpr int tile_bits = 16;

// Columns and heights that a stream stays within.
struct Box {
  int left = 0, right = 0, bottom = 0, top = 0;
  void take(const Place& at) {
    left = std::min(left, at.col);
    right = std::max(right, at.col);
    bottom = std::min(bottom, at.y);
    top = std::max(top, at.y);
  }
  bool has(const Place& at) const { return at.col >= left && at.col <= right && at.y >= bottom && at.y <= top; }
};

Box box_of(const Grid& grid, const Wish& wish) {
  const Place at = grid.place(wish.from);
  Box box{at.col, at.col, at.y, at.y};
  for (const program::TileId t : wish.to) box.take(grid.place(t));
  return box;
}

class Negotiation {
 public:
  Negotiation(const Grid& grid, const std::vector<Wish>& streams, const std::vector<int>& dearer,
              std::vector<std::vector<int>> trees)
      : grid_(grid),
        streams_(streams),
        history_(grid.links().size()),
        price_(history_.size()),
        distance_(static_cast<std::size_t>(grid.tiles())),
        by_(static_cast<std::size_t>(grid.tiles())),
        in_tree_(static_cast<std::size_t>(grid.tiles())),
        wanted_(static_cast<std::size_t>(grid.tiles())) {
    for (program::TileId tile = 0; tile < grid.tiles(); ++tile) {
      first_.push_back(neighbours_.size());
      for (const int l : grid.from(tile)) {
        const program::TileId to = grid.links()[static_cast<std::size_t>(l)].to;
        neighbours_.push_back({l, to, grid.place(to)});
      }
    }
    first_.push_back(neighbours_.size());
    now_.trees = std::move(trees);
    now_.trees.resize(streams.size());
    now_.streams.resize(grid.links().size());
    for (std::size_t l = 0; l < history_.size(); ++l) history_[l] = dearer[l] * link_price;
    for (const Wish& wish : streams) bundles_ = std::max(bundles_, static_cast<std::size_t>(wish.bundle + 1));
    bundled_.resize(history_.size() * bundles_);
    for (std::size_t s = 0; s < streams.size(); ++s)
      for (const int l : now_.trees[s]) count(l, s, 1);
    for (std::size_t l = 0; l < history_.size(); ++l) set_price(static_cast<int>(l));
  }

  Ways run() {
    std::int64_t least = 0;  // whichever ways they take
    for (const Cut& cut : cuts_of(grid_, streams_)) least += std::max<std::int64_t>(0, cut.streams - cut.links);
    Ways best;
    int waited = 0;
    const std::size_t searched = std::max<std::size_t>(1, streams_.size() * history_.size());
    const auto turns = static_cast<int>(std::clamp<std::size_t>(effort / searched, fewest_turns, most_turns));
    std::int64_t worth = std::numeric_limits<std::int64_t>::max();  // an excess below this is worth more turns
    for (int turn = 0; turn < turns; ++turn) {
      for (std::size_t s = 0; s < streams_.size(); ++s)
        if (turn == 0 || crowded(now_.trees[s])) reroute(s, turn == 0);
      judge();
      if (turn == 0 || now_.excess < best.excess) best = now_;
      if (now_.excess < worth) {
        worth = now_.excess - now_.excess / 16;
        waited = 0;
      } else if (++waited == patience) {
        break;
      }
      if (now_.excess <= least) break;
      present_ = std::min<std::int64_t>(present_ * 3 / 2 + 1, link_price);
      for (std::size_t l = 0; l < history_.size(); ++l) set_price(static_cast<int>(l));
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
  void set_price(int l) {  // for one stream more
    const std::int64_t base = link_price + history_[static_cast<std::size_t>(l)];
    const int over = std::max(0, too_many(l) + 1);
    price_[static_cast<std::size_t>(l)] = std::min(dearest, base * (1 + over * present_));
  }
  void count(int l, std::size_t s, int more) {
    if (streams_[s].bundle >= 0) {
      int& here = bundled_[static_cast<std::size_t>(l) * bundles_ + static_cast<std::size_t>(streams_[s].bundle)];
      here += more;
      if (here > (more > 0 ? 1 : 0)) return;  // others are there
    }
    now_.streams[static_cast<std::size_t>(l)] += more;
    set_price(l);
  }
  std::int64_t price(int l, int bundle) const {
    const auto at = static_cast<std::size_t>(l);
    if (bundle < 0 || bundled_[at * bundles_ + static_cast<std::size_t>(bundle)] == 0) return price_[at];
    return bundled_price;
  }
  void judge() {
    now_.excess = 0;
    for (std::size_t l = 0; l < history_.size(); ++l) {
      const int over = std::max(0, too_many(static_cast<int>(l)));
      now_.excess += over;
      history_[l] += over * lasting_price;
    }
  }

  // A stream's tree anew, or grown to the receivers that it does not reach.
  void reroute(std::size_t s, bool grow) {
    std::vector<int>& tree = now_.trees[s];
    for (const int l : tree) count(l, s, -1);
    if (!grow) tree.clear();
    std::fill(in_tree_.begin(), in_tree_.end(), 0);
    in_tree_[index(streams_[s].from)] = 1;
    for (const int l : tree) in_tree_[index(grid_.links()[static_cast<std::size_t>(l)].to)] = 1;
    std::fill(wanted_.begin(), wanted_.end(), 0);
    std::size_t left = 0;
    for (const program::TileId t : streams_[s].to) left += in_tree_[index(t)] != 0 ? 0 : ++wanted_[index(t)];
    Box box = box_of(grid_, streams_[s]);
    for (const int around : {margin, grid_.cols() + grid_.height()}) {
      if (left == 0) break;
      box = {box.left - around, box.right + around, box.bottom - around, box.top + around};
      grow_tree(s, box, left);
    }
    for (const int l : tree) count(l, s, 1);
    if (left > 0 && std::find(now_.cut_off.begin(), now_.cut_off.end(), static_cast<int>(s)) == now_.cut_off.end())
      now_.cut_off.push_back(static_cast<int>(s));
  }

  // Grows the tree by the receiver that is cheapest to reach from it, until it has all, or all within the box.
  void grow_tree(std::size_t s, const Box& box, std::size_t& left) {
    std::vector<int>& tree = now_.trees[s];
    std::fill(distance_.begin(), distance_.end(), std::numeric_limits<std::int64_t>::max());
    front_.clear();
    join(streams_[s].from);
    for (const int l : tree) join(grid_.links()[static_cast<std::size_t>(l)].to);
    while (left > 0 && !front_.empty()) {
      const std::int64_t nearest = front_.front();
      std::pop_heap(front_.begin(), front_.end(), std::greater<>());
      front_.pop_back();
      const auto at = static_cast<program::TileId>(nearest & ((std::int64_t{1} << tile_bits) - 1));
      if (nearest >> tile_bits != distance_[index(at)]) continue;
      if (wanted_[index(at)] != 0 && in_tree_[index(at)] == 0) {
        --left;
        branch(at, tree);
        continue;
      }
      const std::int64_t here = distance_[index(at)];
      for (std::size_t n = first_[index(at)]; n < first_[index(at) + 1]; ++n) {
        const Neighbour& next = neighbours_[n];
        if (in_tree_[index(next.tile)] != 0) continue;
        const std::int64_t d = here + price(next.links, streams_[s].bundle);
        if (d >= distance_[index(next.tile)] || !box.has(next.place)) continue;
        distance_[index(next.tile)] = d;
        by_[index(next.tile)] = next.links;
        push(d, next.tile);
      }
    }
  }
  void join(program::TileId tile) {
    in_tree_[index(tile)] = 1;
    distance_[index(tile)] = 0;
    push(0, tile);
  }
  void push(std::int64_t distance, program::TileId tile) {
    front_.push_back(distance << tile_bits | tile);
    std::push_heap(front_.begin(), front_.end(), std::greater<>());
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

  struct Neighbour {
    int links;
    program::TileId tile;
    Place place;
  };

  const Grid& grid_;
  const std::vector<Wish>& streams_;
  std::vector<Neighbour> neighbours_;  // of all tiles, one tile after the other
  std::vector<std::size_t> first_;     // by tile: its first one
  Ways now_;
  std::int64_t present_ = 1;
  std::vector<std::int64_t> history_, price_;  // by links
  std::size_t bundles_ = 0;
  std::vector<int> bundled_;  // by links and bundle: streams
  // Of the stream at hand, by tile.
  std::vector<std::int64_t> distance_;
  std::vector<int> by_;  // links that the cheapest way comes by
  std::vector<char> in_tree_, wanted_;
  std::vector<std::int64_t> front_;  // heap of distance and tile, as one number: the nearest first, then the lowest
};

}  // namespace

Ways negotiate(const Grid& grid, const std::vector<Wish>& wishes, const std::vector<int>& dearer,
               std::vector<std::vector<int>> trees) {
  return Negotiation(grid, wishes, dearer, std::move(trees)).run();
}

std::vector<Cut> cuts_of(const Grid& grid, const std::vector<Wish>& wishes) {
  std::array<std::vector<Cut>, 4> cuts;  // by side
  for (const Side side : {Side::north, Side::south, Side::east, Side::west}) {
    const bool rows = side == Side::north || side == Side::south;
    for (int at = 0; at + 1 < (rows ? grid.height() : grid.cols()); ++at)
      cuts[static_cast<std::size_t>(side)].push_back({side, at, 0, 0});
  }
  const auto cross = [&](Side side, int first, int end) {
    for (int at = first; at < end; ++at) ++cuts[static_cast<std::size_t>(side)][index(at)].streams;
  };
  for (const Links& links : grid.links()) {
    const Place from = grid.place(links.from), to = grid.place(links.to);
    const int at = from.y != to.y ? std::min(from.y, to.y) : std::min(from.col, to.col);
    cuts[static_cast<std::size_t>(links.side)][index(at)].links += links.count;
  }
  std::map<int, std::pair<Place, Box>> bundles;  // the receiver and its senders
  for (const Wish& wish : wishes) {
    const Place from = grid.place(wish.from);
    const Box box = box_of(grid, wish);
    if (wish.bundle >= 0) {
      const Place to = grid.place(wish.to.front());
      bundles.emplace(wish.bundle, std::pair(to, Box{to.col, to.col, to.y, to.y})).first->second.second.take(from);
      continue;
    }
    cross(Side::north, from.y, box.top);
    cross(Side::south, box.bottom, from.y);
    cross(Side::east, from.col, box.right);
    cross(Side::west, box.left, from.col);
  }
  for (const auto& [bundle, ends] : bundles) {
    const auto& [to, box] = ends;
    cross(Side::north, box.bottom, to.y);
    cross(Side::south, to.y, box.top);
    cross(Side::east, box.left, to.col);
    cross(Side::west, to.col, box.right);
  }
  std::vector<Cut> all;
  for (const std::vector<Cut>& of : cuts) all.insert(all.end(), of.begin(), of.end());
  return all;
}

}  // namespace tessera::route
