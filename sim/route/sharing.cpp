#include "sim/route/sharing.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <optional>

#include "sim/base/random.h"
#include "sim/route/crossings.h"

namespace tessera::route {
namespace {

constexpr int most_rounds = 12;
constexpr int hopeless_excess = 200;  // of what switches lack, beyond which one round is enough
constexpr int few_short = 12;         // of what switches lack, up to which single streams are moved
constexpr std::size_t many = 24;      // streams on a side
constexpr int most_idle_rounds = 3;   // rounds that bring nothing
constexpr int most_moves = 200;       // of one stream to another link, that are tried
constexpr std::size_t few_ways = 8;   // that streams of a link go on by, mostly

// Streams that share a link.
struct Group {
  std::vector<std::size_t> members;  // of the side
  std::vector<Way> ways;             // behind the link, ascending
  double cycles = 0;
};

std::vector<Way> united(const std::vector<Way>& a, const std::vector<Way>& b) {
  std::vector<Way> both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

std::size_t size_united(const std::vector<Way>& a, const std::vector<Way>& b) {
  std::size_t size = a.size();
  auto at = a.begin();
  for (const Way way : b) {
    while (at != a.end() && *at < way) ++at;
    size += at == a.end() || *at != way ? 1 : 0;
  }
  return size;
}

class Sharing {
 public:
  Sharing(const Device& device, const std::vector<program::Route>& routes, const std::vector<double>& cycles,
          Routing& routing)
      : grid_(device.grid),
        spec_(device.spec),
        routes_(routes),
        r_(routing),
        bundle_(routing.streams.size()),
        on_(grid_.links().size()),
        open_(on_.size()),
        done_(on_.size()) {
    for (const Stream& stream : r_.streams) {
      double sum = 0;
      for (const int route : stream.routes) sum += cycles[static_cast<std::size_t>(route)];
      cycles_.push_back(sum);
    }
    int hops = 0;
    for (std::size_t s = 0; s < r_.trees.size(); ++s)
      for (Hop& hop : r_.trees[s]) on_[static_cast<std::size_t>(hop.links)].push_back({s, hops++, &hop});
    for (std::size_t l = 0; l < on_.size(); ++l) {
      kept_.emplace_back();
      std::map<program::EngineId, int> bundles;
      for (const Place& at : on_[l]) {
        kept_.back().push_back(at.tree->link);
        const program::EngineId receiver = only_receiver(at.stream);
        const int alone = -2 - static_cast<int>(at.stream);
        bundle_[at.stream] = receiver >= 0 ? receiver : alone;
        bundles.emplace(bundle_[at.stream], 0);
      }
      wanted_.push_back(static_cast<int>(bundles.size()));
      open_[l] = std::min(grid_.links()[l].count, wanted_[l]);
      give_links(l);
    }
    crossings_.emplace(device, routes, routing);
  }

  void run() {
    share_all();
    std::vector<int> best = crossings_->links();
    int least = std::numeric_limits<int>::max();
    int waited = 0;
    for (int round = 0; round < most_rounds && waited < most_idle_rounds; ++round, ++waited) {
      crossings_->update();
      int excess = 0;
      bool closed = false;
      for (program::TileId tile = 0; tile < grid_.tiles(); ++tile) {
        const SwitchNeeds& needs = crossings_->needs(tile);
        if (needs.excess(spec_) == 0) continue;
        excess += needs.excess(spec_);
        closed = close_one(tile, needs) || closed;
      }
      if (excess < least) {
        least = excess;
        best = crossings_->links();
        waited = 0;
      }
      if (excess == 0 || excess > hopeless_excess || !closed) break;
      share_all();
    }
    crossings_->set_links(best);
    if (least > 0 && least <= few_short) move_single();
    for (const std::vector<Place>& side : on_)
      for (const Place& at : side) at.tree->link = crossings_->link(at.hop);
  }

 private:
  struct Place {
    std::size_t stream;
    int hop;    // of all trees
    Hop* tree;  // the same, in its tree
  };
  // The receiver of a stream that has one route to one; -1: more.
  program::EngineId only_receiver(std::size_t s) const {
    const std::vector<int>& of = r_.streams[s].routes;
    const std::vector<program::EngineId>& sinks = routes_[static_cast<std::size_t>(of.front())].sinks;
    return of.size() == 1 && sinks.size() == 1 ? sinks.front() : -1;
  }
  // To streams without a link that of their bundle, a free one, or any.
  void give_links(std::size_t l) {
    std::vector<char> taken(static_cast<std::size_t>(grid_.links()[l].count));
    std::map<int, int> given;  // by bundle
    for (std::size_t k = 0; k < on_[l].size(); ++k) {
      if (kept_[l][k] < 0) continue;
      taken[static_cast<std::size_t>(kept_[l][k])] = 1;
      given.emplace(bundle_[on_[l][k].stream], kept_[l][k]);
    }
    std::size_t turn = 0;
    for (const Place& at : on_[l]) {
      if (at.tree->link >= 0) continue;
      const auto [known, fresh] = given.emplace(bundle_[at.stream], 0);
      if (fresh) {
        const auto free = std::find(taken.begin(), taken.end(), 0);
        known->second = static_cast<int>(free != taken.end() ? free - taken.begin() : turn++ % taken.size());
        if (free != taken.end()) *free = 1;
      }
      at.tree->link = known->second;
    }
  }
  bool shared(std::size_t l) const { return wanted_[l] > open_[l]; }

  // One link less for streams that leave a switch which is short of something: those of its largest arbiter, or any.
  bool close_one(program::TileId tile, const SwitchNeeds& needs) {
    int most = -1;
    for (const int l : grid_.from(tile)) {
      const Links& links = grid_.links()[static_cast<std::size_t>(l)];
      const int open = open_[static_cast<std::size_t>(l)];
      const Way side = ((Way{1} << links.count) - 1) << links.master;
      if (open < 2 || (needs.selections > spec_.selections && (side & needs.most_joined) == 0)) continue;
      if (most < 0 || open > open_[static_cast<std::size_t>(most)]) most = l;
    }
    if (most < 0) return false;
    --open_[static_cast<std::size_t>(most)];
    return true;
  }

  // What is behind a link decides who shares it, and the other way round: twice.
  void share_all() {
    for (int sweep = 0; sweep < 2; ++sweep) {
      crossings_->update();
      for (std::size_t l = 0; l < on_.size(); ++l) {
        const program::TileId to = grid_.links()[l].to;
        const std::pair<int, int> now{open_[l], crossings_->version(to)};
        if (!shared(l) || done_[l] == now) continue;
        share(l, crossings_->at(to));
        done_[l] = now;
      }
    }
  }

  void share(std::size_t l, const std::vector<Passage>& behind) {
    std::vector<Group> groups;
    std::vector<std::size_t> group_of;
    groups.reserve(on_[l].size());
    group_of.reserve(on_[l].size());
    std::map<std::pair<bool, int>, std::size_t> together;  // streams that keep a link, and those of a bundle
    for (std::size_t k = 0; k < on_[l].size(); ++k) {
      const bool keeps = kept_[l][k] >= 0;
      const std::pair<bool, int> key{keeps, keeps ? kept_[l][k] : bundle_[on_[l][k].stream]};
      group_of.push_back(together.emplace(key, groups.size()).first->second);
      if (group_of.back() == groups.size()) {
        groups.push_back({{}, {}, 0});
        groups.back().ways.reserve(few_ways);
      }
      groups[group_of.back()].members.push_back(k);
      groups[group_of.back()].cycles += cycles_[on_[l][k].stream];
    }
    std::size_t k = 0;  // both in the order of the streams, here each once
    for (const Passage& p : behind) {
      while (k < on_[l].size() && on_[l][k].stream < static_cast<std::size_t>(p.stream)) ++k;
      if (k == on_[l].size()) break;
      if (on_[l][k].stream == static_cast<std::size_t>(p.stream)) groups[group_of[k]].ways.push_back(p.way);
    }
    double cycles = 0;
    for (Group& group : groups) {
      std::sort(group.ways.begin(), group.ways.end());
      group.ways.erase(std::unique(group.ways.begin(), group.ways.end()), group.ways.end());
      cycles += group.cycles;
    }
    const double fair = cycles / open_[l];
    if (groups.size() > many) groups = joined_alike(std::move(groups), fair);
    join_nearest(groups, static_cast<std::size_t>(open_[l]), fair);
    number(l, groups);
  }

  // A group has a link that one of its streams keeps, or a free one.
  void number(std::size_t l, const std::vector<Group>& groups) {
    std::vector<char> taken(static_cast<std::size_t>(grid_.links()[l].count));
    std::vector<int> links(groups.size(), -1);
    for (std::size_t g = 0; g < groups.size(); ++g)
      for (const std::size_t k : groups[g].members) {
        const int kept = kept_[l][k];
        if (links[g] >= 0 || kept < 0 || taken[static_cast<std::size_t>(kept)] != 0) continue;
        links[g] = kept;
        taken[static_cast<std::size_t>(kept)] = 1;
      }
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (groups[g].members.empty()) continue;
      if (links[g] < 0) {
        const auto free = std::find(taken.begin(), taken.end(), 0);
        *free = 1;
        links[g] = static_cast<int>(free - taken.begin());
      }
      for (const std::size_t k : groups[g].members) crossings_->set_link(on_[l][k].hop, links[g]);
    }
  }

  // Single streams go to another link of the same side, if switches are short of less then.
  void move_single() {
    crossings_->update();
    std::vector<int> excess(static_cast<std::size_t>(grid_.tiles()));
    const auto judge = [&](program::TileId tile) { return crossings_->needs(tile).excess(spec_); };
    int left = 0;
    for (program::TileId t = 0; t < grid_.tiles(); ++t) left += excess[static_cast<std::size_t>(t)] = judge(t);
    Random random(1);
    for (int tried = 0; left > 0 && tried < most_moves; ++tried) {
      const Links& side = grid_.links()[side_short(excess, random)];
      const std::vector<Place>& on = on_[static_cast<std::size_t>(&side - grid_.links().data())];
      int &from = excess[static_cast<std::size_t>(side.from)], &to = excess[static_cast<std::size_t>(side.to)];
      if (on.empty() || side.count < 2) continue;
      const int hop = on[random.below(on.size())].hop, old = crossings_->link(hop);
      const auto link = static_cast<int>(random.below(static_cast<std::uint64_t>(side.count - 1)));
      crossings_->set_link(hop, link + (link >= old ? 1 : 0));
      crossings_->update();
      // The worse one first: often that is answer enough.
      const bool from_first = from >= to;
      const int one = judge(from_first ? side.from : side.to);
      const int other = one >= from + to ? 0 : judge(from_first ? side.to : side.from);
      if (one + other >= from + to) {
        crossings_->set_link(hop, old);
        crossings_->update();
        continue;
      }
      left += one + other - from - to;
      (from_first ? from : to) = one;
      (from_first ? to : from) = other;
    }
  }
  // A side of a switch that is short of something, or of its neighbour.
  std::size_t side_short(const std::vector<int>& excess, Random& random) const {
    for (;;) {
      const std::size_t l = random.below(on_.size());
      const Links& side = grid_.links()[l];
      if (excess[static_cast<std::size_t>(side.from)] + excess[static_cast<std::size_t>(side.to)] > 0) return l;
    }
  }
  // Of many streams those that go on in the same ways, up to half of a link's share of the cycles each.
  static std::vector<Group> joined_alike(std::vector<Group> groups, double fair) {
    std::map<std::vector<Way>, std::size_t> open;
    std::vector<Group> joined;
    for (Group& group : groups) {
      const auto [at, fresh] = open.emplace(group.ways, joined.size());
      if (!fresh && joined[at->second].cycles + group.cycles <= fair / 2) {
        joined[at->second].cycles += group.cycles;
        joined[at->second].members.insert(joined[at->second].members.end(), group.members.begin(), group.members.end());
        continue;
      }
      at->second = joined.size();
      joined.push_back(std::move(group));
    }
    return joined;
  }

  // What it costs that two groups share a link: a way more weighs as much as a link's share of the cycles.
  double price(const Group& a, const Group& b, double fair) const {
    const int ways = static_cast<int>(size_united(a.ways, b.ways));
    const int more = ways - static_cast<int>(std::max(a.ways.size(), b.ways.size()));
    const int over = std::max(0, ways - spec_.slots);
    return (more + 8 * over) * (fair + 1) + a.cycles + b.cycles;
  }

  // Joins, again and again, the two groups that cost least together; of those that are gone no members are left.
  void join_nearest(std::vector<Group>& groups, std::size_t left, double fair) const {
    std::vector<double> prices(groups.size() * groups.size());  // of the pairs a < b
    const auto of_pair = [&](std::size_t a, std::size_t b) -> double& { return prices[b * groups.size() + a]; };
    for (std::size_t b = 0; b < groups.size(); ++b)
      for (std::size_t a = 0; a < b; ++a) of_pair(a, b) = price(groups[a], groups[b], fair);
    for (std::size_t count = groups.size(); count > left; --count) {
      std::size_t first = 0, second = 0;
      double least = std::numeric_limits<double>::max();
      for (std::size_t b = 0; b < groups.size(); ++b)
        for (std::size_t a = 0; a < b; ++a)
          if (of_pair(a, b) < least) {
            least = of_pair(a, b);
            first = a;
            second = b;
          }
      Group& into = groups[first];
      into.ways = united(into.ways, groups[second].ways);
      into.cycles += groups[second].cycles;
      into.members.insert(into.members.end(), groups[second].members.begin(), groups[second].members.end());
      groups[second].members.clear();
      for (std::size_t g = 0; g < groups.size(); ++g) {
        const double gone = std::numeric_limits<double>::max();
        if (g != second) of_pair(std::min(g, second), std::max(g, second)) = gone;
        if (g != first && !groups[g].members.empty())
          of_pair(std::min(g, first), std::max(g, first)) = price(groups[g], into, fair);
      }
    }
  }

  const Grid& grid_;
  const arch::StreamSpec& spec_;
  const std::vector<program::Route>& routes_;
  Routing& r_;
  std::vector<int> bundle_;             // by stream: equal ones go to one receiver
  std::vector<std::vector<Place>> on_;  // by Grid::links: who takes one of them
  std::vector<std::vector<int>> kept_;  // of these, the links that they had before; -1: none
  std::vector<int> wanted_;             // by Grid::links: how many they want, streams of a bundle one
  std::vector<int> open_;               // by Grid::links: how many of them are used
  std::vector<double> cycles_;          // by stream
  std::optional<Crossings> crossings_;  // with the links of now
  std::vector<std::pair<int, int>>
      done_;  // by Grid::links: how many were open, and what stood behind, when shared last
};

}  // namespace

Routing share_links(const Device& device, const std::vector<program::Route>& routes, const std::vector<double>& cycles,
                    Routing routing) {
  Sharing(device, routes, cycles, routing).run();
  return routing;
}

}  // namespace tessera::route
