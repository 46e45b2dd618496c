#include "sim/route/plan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "sim/route/change.h"
#include "sim/route/impossible.h"
#include "sim/route/in_the_way.h"
#include "sim/route/link_use.h"
#include "sim/route/mend.h"
#include "sim/route/packets.h"
#include "sim/route/periods.h"
#include "sim/route/renumber.h"

namespace tessera::route {
namespace {

constexpr std::int64_t plan_effort =
    4000000;                     // routes x sides of tiles that may be tried to have fewer sets and registers
constexpr int most_keeping = 6;  // times that other routes are tried beside those of a set
// Moves of streams x sides of tiles: in all, and for one set; and what may be missing that they are tried.
constexpr std::int64_t plan_mending = 2000000, set_mending = 100000;
constexpr int most_mended = 6;
constexpr std::int64_t most_shared = 2;  // streams a link across a row or column of them, beyond which none are joined

// The channel with most to do.
double busiest_channel(const std::vector<double>& cycles, const program::Program& program) {
  std::map<program::EngineId, double> load;
  for (std::size_t r = 0; r < cycles.size(); ++r) {
    if (cycles[r] <= 0) continue;
    load[program.routes[r].source] += cycles[r];
    for (const program::EngineId sink : program.routes[r].sinks) load[sink] += cycles[r];
  }
  double most = 0;
  for (const auto& [channel, sum] : load) most = std::max(most, sum);
  return most;
}

class Planner {
 public:
  Planner(const program::Program& program, const Device& device, const std::vector<Period>& periods)
      : program_(program), device_(device) {
    for (const Period& period : periods) {
      Wanted& wanted = wanted_.emplace_back();
      wanted.first_layer = period.first_layer;
      wanted.last_layer = period.last_layer;
      wanted.layers = period.layers;
      wanted.cycles.resize(program.routes.size());
      for (const auto& [route, sum] : period.cycles) {
        wanted.routes.push_back(route);
        wanted.cycles[static_cast<std::size_t>(route)] = sum;
      }
      wanted.busiest = busiest_channel(wanted.cycles, program);
      for (const int r : wanted.routes)
        if (runs_ahead(r)) always_ = united(always_, {r});
    }
  }

  Plan run(bool as_one) {
    if (!everything(as_one))
      for (std::size_t p = 0; p < wanted_.size(); ++p)
        if (!joins(p)) open(p);
    for (std::size_t s = 0; s < plan_.sets.size(); ++s) settle(s);
    return std::move(plan_);
  }

 private:
  struct Wanted {  // in a period
    int first_layer = -1, last_layer = -1;
    std::vector<int> layers, routes;  // ascending
    std::vector<double> cycles;       // by RouteId
    double busiest = 0;               // cycles of the channel with most to do
  };

  struct Beside {  // routes with others that have room beside them
    std::vector<int> routes;
    Built built;
  };

  struct Range {  // of periods
    std::size_t first = 0, end = 0;
  };

  // Whether the route fills memory tiles from host memory, which is done before the layer begins.
  bool runs_ahead(int route) const {
    const program::Route& r = program_.routes[static_cast<std::size_t>(route)];
    const auto kind = [&](program::EngineId e) { return device_.map.info(e).tile_kind; };
    return kind(r.source) == program::TileKind::shim &&
           std::all_of(r.sinks.begin(), r.sinks.end(),
                       [&](program::EngineId sink) { return kind(sink) == program::TileKind::memory; });
  }

  // Whether one set serves all layers; `always`: it has to.
  bool everything(bool always) {
    std::vector<int> all;
    std::vector<double> cycles(program_.routes.size());
    for (const Wanted& wanted : wanted_) {
      all = united(all, wanted.routes);
      add(cycles, wanted.cycles);
    }
    if (all.empty()) return true;
    if (!always && !promising(all)) return false;
    const Built& built = alone(all, cycles);
    if (!always && !serves(built, 0, wanted_.size())) return false;
    plan_.sets.push_back({wanted_.front().first_layer, wanted_.back().last_layer, all, {}, cycles, built, {}, {}});
    for (const Wanted& wanted : wanted_) plan_.sets.back().layers = united(plan_.sets.back().layers, wanted.layers);
    begin_.push_back(0);
    return true;
  }

  // Whether a period goes with the set before.
  bool joins(std::size_t p) {
    if (plan_.sets.empty() || !plan_.sets.back().built.complete()) return false;
    const Wanted& wanted = wanted_[p];
    RouteSet& last = plan_.sets.back();
    std::vector<int> both = united(last.routes, wanted.routes);
    std::vector<double> sum = last.cycles;
    add(sum, wanted.cycles);
    if (both == last.routes) {
      if (!shares_freely(last.built, p)) return false;
    } else {
      if (!free_ || !promising(both)) return false;
      Built built = alone(both, sum);
      if (!serves(built, begin_.back(), p + 1)) {
        Built kept = build(device_, program_.routes, both, sum, last.built.routing);
        if (serves(kept, begin_.back(), p + 1))
          built = std::move(kept);
        else if (!mends({&kept, &built}, both, {begin_.back(), p + 1}))
          return false;
      }
      last.built = std::move(built);
      last.routes = std::move(both);
    }
    last.last_layer = wanted.last_layer;
    last.layers = united(last.layers, wanted.layers);
    last.cycles = std::move(sum);
    return true;
  }

  // Whether single streams can be moved so that one of the routings serves the periods, which the last one is then.
  bool mends(const std::vector<Built*>& tried, const std::vector<int>& routes, Range periods) {
    if (mending_ <= 0 || impossible(device_, program_.routes, routes)) return false;
    std::vector<Load> loads;
    for (std::size_t p = periods.first; p < periods.end; ++p) loads.push_back({&wanted_[p].cycles, wanted_[p].busiest});
    const Built* best = nullptr;
    int least = most_mended + 1;
    for (const Built* built : tried) {
      if (!built->cut_off.empty()) continue;
      const int lacks = missing(device_, program_.routes, loads, *built);
      if (lacks >= least) continue;
      least = lacks;
      best = built;
    }
    if (best == nullptr) return false;
    Built mended = *best;
    std::int64_t left = std::min(mending_, set_mending);
    mending_ -= left;
    mend(device_, program_.routes, loads, ids_of(best->routing, program_.routes.size()), left, mended);
    mending_ += left;
    if (!serves(mended, periods.first, periods.end)) return false;
    *tried.back() = std::move(mended);
    return true;
  }

  // With as many of the routes that are always there as have room; with all where links have too much to do anyway.
  void open(std::size_t p) {
    const Wanted& wanted = wanted_[p];
    Beside set{wanted.routes, {}};
    free_ = true;
    if (std::optional<Beside> more = beside(wanted.routes, always_, {p, p + 1}, nullptr)) {
      set = std::move(*more);
    } else {
      set.built = alone(wanted.routes, wanted.cycles);
      free_ = serves(set.built, p, p + 1) || mends({&set.built}, wanted.routes, {p, p + 1});
      const std::vector<int> all = united(wanted.routes, always_);
      if (!free_ && alone(all, wanted.cycles).complete()) set = {all, alone(all, wanted.cycles)};
    }
    plan_.sets.push_back({wanted.first_layer,
                          wanted.last_layer,
                          std::move(set.routes),
                          wanted.layers,
                          wanted.cycles,
                          std::move(set.built),
                          {},
                          {}});
    begin_.push_back(p);
  }

  // Routes as if nothing had been before.
  const Built& alone(const std::vector<int>& routes, const std::vector<double>& cycles) {
    const auto [known, fresh] = known_.emplace(routes, Built{});
    if (fresh) known->second = build(device_, program_.routes, routes, cycles, {});
    return known->second;
  }

  // Whether routes are worth a try: there is effort left, and nowhere have too many streams to go across a row or
  // column of links.
  bool promising(const std::vector<int>& routes) {
    effort_ += static_cast<std::int64_t>(routes.size() * device_.grid.links().size());
    if (effort_ > plan_effort) return false;
    const std::vector<Cut> cuts = cuts_of(device_, program_.routes, routes);
    return std::all_of(cuts.begin(), cuts.end(), [](const Cut& c) { return c.streams <= most_shared * c.links; });
  }
  bool serves(const Built& built, std::size_t first, std::size_t end) const {
    if (!built.complete()) return false;
    for (std::size_t p = first; p < end; ++p)
      if (!shares_freely(built, p)) return false;
    return true;
  }
  // Whether in a period links that streams share have no more to do than the busiest channel.
  bool shares_freely(const Built& built, std::size_t p) const {
    for (const std::vector<LinkUse>& side : use_of(device_, program_.routes, built.routing, wanted_[p].cycles))
      for (const LinkUse& link : side)
        if (link.streams > 1 && link.cycles > wanted_[p].busiest) return false;
    return true;
  }

  // A way to route a set, and what that takes.
  struct Choice {
    std::vector<int> routes;
    Built built;
    Change change;
  };
  // It is the best one if it takes less than that.
  void beat(const std::vector<int>& routes, const Built& built, std::optional<Choice>& best) const {
    Change change = change_to(device_, program_.routes, now_, former_, built);
    if (best && change.price >= best->change.price) return;
    best = Choice{routes, built, std::move(change)};
    if (best->change.packed) best->built.routing = *std::exchange(best->change.packed, std::nullopt);
  }

  // Whether a set that is settled, and before another one, has the routing of the first.
  bool comes_again(std::size_t s, std::size_t end) const {
    return std::any_of(plan_.sets.begin() + static_cast<std::ptrdiff_t>(s) + 1,
                       plan_.sets.begin() + static_cast<std::ptrdiff_t>(end),
                       [&](const RouteSet& later) { return later.built.routing == plan_.sets[s].built.routing; });
  }

  // Routes a set so that little is written before: it keeps what it can of the set before, with as many of the routes
  // there as fit that are wanted again later, or is routed as a set before that, the last one first, or like it.
  void settle(std::size_t s) {
    RouteSet& set = plan_.sets[s];
    std::optional<Choice> best;
    const auto nothing_less = [&] { return best && best->change.price <= 0; };
    if (s > 0 && serves(set.built, begin_[s], end_of(s))) {
      const std::optional<Beside> beside = keeping(s);
      const std::optional<Built> alike = as_like(s);
      for (std::size_t before = s; before-- > 0 && !nothing_less();) {
        const RouteSet& former = plan_.sets[before];
        if (std::includes(former.routes.begin(), former.routes.end(), set.routes.begin(), set.routes.end()) &&
            !comes_again(before, s) && serves(former.built, begin_[s], end_of(s)))
          beat(former.routes, former.built, best);
      }
      if (alike && !nothing_less()) beat(set.routes, *alike, best);
      if (beside && !nothing_less()) beat(beside->routes, beside->built, best);
    }
    if (!nothing_less()) beat(set.routes, set.built, best);
    if (s > 0 && best->built.complete() && device_.controller.mechanism != arch::ControlMechanism::none) {
      Built renumbered = best->built;
      renumber(device_, program_.routes, now_.now(), renumbered.routing);
      std::optional<Choice> other;
      beat(best->routes, renumbered, other);
      if (other->change.price <= best->change.price) best = std::move(other);
    }
    set.routes = std::move(best->routes);
    set.built = std::move(best->built);
    if (!set.built.overfull.empty()) set.impossible = impossible(device_, program_.routes, set.routes);
    former_ = ids_of(set.built.routing, program_.routes.size());
    if (s > 0) set.writes = blocks_of(device_, best->change.step.written);
    now_.take(best->change.step, best->change.registers);
  }

  // With the routes of the set before that are wanted again later.
  std::optional<Beside> keeping(std::size_t s) {
    const RouteSet& set = plan_.sets[s];
    return beside(set.routes, wanted_later(plan_.sets[s - 1].routes, set.routes, end_of(s)), {begin_[s], end_of(s)},
                  &plan_.sets[s - 1].built.routing);
  }

  // Its routes as they were in the set, but for the last one, that had most of them: what stands in registers since
  // then.
  std::optional<Built> as_like(std::size_t s) {
    const RouteSet& set = plan_.sets[s];
    std::size_t most = 0, like = s;
    for (std::size_t before = 0; before + 1 < s; ++before) {
      std::vector<int> both;
      const std::vector<int>& routes = plan_.sets[before].routes;
      std::set_intersection(routes.begin(), routes.end(), set.routes.begin(), set.routes.end(),
                            std::back_inserter(both));
      if (both.size() <= most) continue;
      most = both.size();
      like = before;
    }
    if (like == s || !promising(set.routes)) return std::nullopt;
    Built built = build(device_, program_.routes, set.routes, set.cycles, plan_.sets[like].built.routing);
    if (!serves(built, begin_[s], end_of(s))) return std::nullopt;
    return built;
  }

  // Routes that serve some periods, with those of `others` that have room beside them.
  std::optional<Beside> beside(const std::vector<int>& routes, std::vector<int> others, Range periods,
                               const Routing* before) {
    std::vector<double> cycles(program_.routes.size());
    for (std::size_t p = periods.first; p < periods.end; ++p) add(cycles, wanted_[p].cycles);
    for (int attempt = 0; attempt < most_keeping; ++attempt) {
      std::vector<int> kept = others;
      std::sort(kept.begin(), kept.end());
      std::vector<int> both = united(routes, kept);
      if (!promising(both)) return std::nullopt;
      Built built = before != nullptr ? build(device_, program_.routes, both, cycles, *before) : alone(both, cycles);
      if (serves(built, periods.first, periods.end)) return Beside{std::move(both), std::move(built)};
      if (others.empty()) return std::nullopt;
      const std::vector<char> gone = in_the_way(device_, program_.routes, built, too_busy(built, periods));
      const auto rest = std::remove_if(others.begin(), others.end(), [&](int r) { return gone[index(r)] != 0; });
      const std::size_t left = attempt + 2 == most_keeping ? 0 : static_cast<std::size_t>(rest - others.begin());
      others.resize(left == others.size() ? left / 4 : left);
    }
    return std::nullopt;
  }
  // Links that streams of a set may not share.
  std::vector<Hop> too_busy(const Built& built, Range periods) const {
    std::vector<Hop> links;
    for (std::size_t p = periods.first; p < periods.end; ++p) {
      const auto use = use_of(device_, program_.routes, built.routing, wanted_[p].cycles);
      for (std::size_t l = 0; l < use.size(); ++l)
        for (std::size_t k = 0; k < use[l].size(); ++k)
          if (use[l][k].streams > 1 && use[l][k].cycles > wanted_[p].busiest)
            links.push_back({static_cast<int>(l), static_cast<int>(k)});
    }
    return links;
  }
  std::size_t end_of(std::size_t s) const { return s + 1 < begin_.size() ? begin_[s + 1] : wanted_.size(); }

  // Of the routes of a set those that the next has not and a later period wants, in the order of these periods.
  std::vector<int> wanted_later(const std::vector<int>& routes, const std::vector<int>& next, std::size_t p) const {
    std::vector<int> later, left;
    std::set_difference(routes.begin(), routes.end(), next.begin(), next.end(), std::back_inserter(left));
    for (std::size_t q = p; q < wanted_.size() && !left.empty(); ++q) {
      std::vector<int> rest;
      for (const int r : left) (wanted_[q].cycles[static_cast<std::size_t>(r)] > 0 ? later : rest).push_back(r);
      left = std::move(rest);
    }
    return later;
  }

  static std::vector<int> united(const std::vector<int>& a, const std::vector<int>& b) {
    std::vector<int> both;
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    return both;
  }
  static void add(std::vector<double>& sum, const std::vector<double>& more) {
    for (std::size_t r = 0; r < sum.size(); ++r) sum[r] += more[r];
  }

  const program::Program& program_;
  const Device& device_;
  std::vector<Wanted> wanted_;  // by period
  std::vector<int> always_;     // routes that every set has, where it can
  Plan plan_;
  std::vector<std::size_t> begin_;           // by set: its first period
  bool free_ = false;                        // whether the first period of the last set shares links freely
  std::map<std::vector<int>, Built> known_;  // by routes, with nothing before
  std::int64_t effort_ = 0;                  // so far
  std::int64_t mending_ = plan_mending;      // effort that is left for that
  SwitchState now_;                          // after the sets that are settled
  std::vector<int> former_;                  // by RouteId: ids in the last of these
};

}  // namespace

Plan plan_routes(const program::Program& program, const Device& device) { return KnownPlans().of(program, device); }

const Plan& KnownPlans::of(const program::Program& program, const Device& device) {
  std::vector<Period> periods = periods_of(program, device);
  const auto same_route = [](const program::Route& a, const program::Route& b) {
    return a.source == b.source && a.sinks == b.sinks;
  };
  const auto same = std::find_if(known_.begin(), known_.end(), [&](const KnownPlan& k) {
    return k.periods == periods &&
           std::equal(k.routes.begin(), k.routes.end(), program.routes.begin(), program.routes.end(), same_route);
  });
  if (same == known_.end()) {
    Plan plan = Planner(program, device, periods).run(false);
    known_.push_back({program.routes, std::move(periods), std::move(plan)});
    last_ = &known_.back();
  } else {
    last_ = &*same;
  }
  return last_->plan;
}

Plan plan_as_one(const program::Program& program, const Device& device) {
  return Planner(program, device, periods_of(program, device)).run(true);
}

}  // namespace tessera::route
