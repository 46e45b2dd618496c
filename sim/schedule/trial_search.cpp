// Decides by simulation what estimates cannot tell apart.
#include <algorithm>
#include <limits>
#include <map>

#include "sim/cost/alone_bound.h"
#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

// Alternatives of a layer that are tried: by itself, in a network of few layers divided by their number, and in a
// network of many.
constexpr std::size_t ways_of_layer = 3, ways_of_few = 64, ways_of_many = 4;
constexpr std::size_t few = 3;  // layers

std::optional<double> cycles_of(const Inputs& in, const Masks& masks, const Schedule& s) {
  const auto times = in.trials->layer_times(in.network, masks, *s.mapping);
  if (!times) return std::nullopt;
  return whole(*times);
}

// Changes the answer for one layer at a time and keeps what makes the whole network faster.
class WholeTrials {
 public:
  WholeTrials(const Inputs& in, Search& search, const Masks& masks, Schedule first)
      : in_(in), search_(search), masks_(masks), best_(std::move(first)) {}

  Schedule run(std::size_t most_ways, double calls) {
    const std::vector<OpenChoice> open = search_.asked;
    double at_a_time = 0;
    for (const OpenChoice& q : open) at_a_time += q.alternatives.front().calls;
    if (calls < 2 * at_a_time) return std::move(best_);
    cycles_ = cycles_of(in_, masks_, best_);
    if (!cycles_) return std::move(best_);
    for (const OpenChoice& q : open) {
      if (search_.answers.count(q.key) == 0) note(q, q.alternatives.front().way, *cycles_);
      std::size_t left = most_ways;
      for (const OpenChoice::Alternative& a : q.alternatives) {
        if (left == 0 || far_off(q, a)) continue;
        --left;
        if (a.way == current(q)) continue;
        if ((calls -= at_a_time) < at_a_time) return std::move(best_);
        attempt(q, a.way);
      }
    }
    return std::move(best_);
  }

 private:
  Way current(const OpenChoice& q) const {
    const auto answer = search_.answers.find(q.key);
    return answer == search_.answers.end() ? q.alternatives.front().way : answer->second;
  }

  // Whether those like it take so much longer than the best that it will not be the best itself.
  bool far_off(const OpenChoice& q, const OpenChoice::Alternative& a) const {
    constexpr double hopeless[] = {0, 1.5, 1.15};  // by tier
    if (a.tier == 0) return false;
    double least = std::numeric_limits<double>::infinity();
    for (const auto& [other, cycles] : search_.tried[q.key])
      if (a.tier == 1 ? other.sharding == a.way.sharding : other.like(a.way)) least = std::min(least, cycles);
    return least > hopeless[a.tier] * *cycles_;
  }

  void note(const OpenChoice& q, const Way& way, double cycles) { search_.tried[q.key].emplace_back(way, cycles); }

  void attempt(const OpenChoice& q, const Way& way) {
    const Way before = current(q);
    search_.answers[q.key] = way;
    Expected<Schedule> schedule = decide_once(in_, search_, masks_);
    const std::optional<double> cycles = schedule ? cycles_of(in_, masks_, *schedule) : std::nullopt;
    if (cycles) note(q, way, *cycles);
    if (cycles && *cycles < *cycles_) {
      best_ = std::move(*schedule);
      cycles_ = cycles;
    } else {
      search_.answers[q.key] = before;
    }
  }

  const Inputs& in_;
  Search& search_;
  const Masks& masks_;
  Schedule best_;
  std::optional<double> cycles_;
};

// Layers that are answered alike: how many, and what they cost together by estimate.
struct Kind {
  OpenChoice open;
  int layers = 0;
  double cycles = 0;
};

constexpr double clearly = 0.9;  // of the time: less depends on the neighbours

// Whether no mapping can be clearly faster than the cheapest: estimates are seldom too low, and by less than this.
bool near_bound(const Inputs& in, const OpenChoice& q) {
  if (q.fused >= 0 && in.layer(q.fused).op == network::Op::maxpool) return false;  // the bound counts its input
  constexpr double estimated = 0.95;
  const network::Layer& kernel = in.layer(q.kernel);
  const double bound_us = cost::alone_bound(kernel, q.mask, {}, in.array, in.latency_model, false).us;
  const double cycles = bound_us * in.array.clock_hz / 1e6;
  return cycles > clearly * estimated * q.alternatives.front().choice.cycles;
}

// Those that matter: each a share of the whole that a better mapping would show in, the largest first. Their trials
// take a part of what simulating the network takes, or `always` where that is little.
std::vector<Kind> kinds_that_matter(const Inputs& in, const Search& search, double whole) {
  constexpr double least_share = 0.02, part = 0.3, always = 8e3;
  std::vector<Kind> kinds;
  std::map<std::string, std::size_t> index;
  for (const OpenChoice& q : search.asked) {
    const auto [it, added] = index.try_emplace(q.key, kinds.size());
    if (added) kinds.push_back({q, 0, 0});
    ++kinds[it->second].layers;
    kinds[it->second].cycles += q.alternatives.front().choice.cycles;
  }
  std::stable_sort(kinds.begin(), kinds.end(), [](const Kind& a, const Kind& b) { return a.cycles > b.cycles; });
  double left = 0;
  for (const Kind& k : kinds) left += part * k.layers * k.open.alternatives.front().calls;
  left = std::clamp(left, always, effort::layers);
  const auto dropped = [&](const Kind& k) {
    if (k.cycles < least_share * whole || near_bound(in, k.open)) return true;
    double calls = 0;
    for (std::size_t i = 0; i < std::min(k.open.alternatives.size(), ways_of_layer); ++i)
      calls += k.open.alternatives[i].calls;
    if (calls > left) return true;
    left -= calls;
    return false;
  };
  kinds.erase(std::remove_if(kinds.begin(), kinds.end(), dropped), kinds.end());
  return kinds;
}

// Answers for layers whose trials found a mapping that is clearly faster; the cycles that this is to save.
double answer_kinds(const Inputs& in, Search& search, const std::vector<Kind>& kinds) {
  std::vector<OpenChoice> open;
  for (const Kind& kind : kinds) open.push_back(kind.open);
  const auto times = time_alternatives(in, open, ways_of_layer);
  double saved = 0;
  for (std::size_t i = 0; i < open.size(); ++i) {
    std::size_t best = 0;
    for (std::size_t k = 0; k < times[i].size(); ++k) {
      if (times[i][k]) search.tried[open[i].key].emplace_back(open[i].alternatives[k].way, *times[i][k]);
      if (times[i][0] && times[i][k] && *times[i][k] < *times[i][best]) best = k;
    }
    if (best == 0 || *times[i][best] > clearly * *times[i][0]) continue;
    search.answers[open[i].key] = open[i].alternatives[best].way;
    saved += (*times[i][0] - *times[i][best]) * kinds[i].layers;
  }
  return saved;
}

// Times the alternatives of layers by themselves and decides again with the answers. What this is to save is checked by
// simulating the network both ways.
Expected<Schedule> decide_by_layers(const Inputs& in, Search& search, const Masks& masks, Schedule first) {
  constexpr double worth_checking = 0.02;  // share of the estimate
  const double whole = first.estimate_us * in.array.clock_hz / 1e6;
  const double saved = answer_kinds(in, search, kinds_that_matter(in, search, whole));
  if (saved < worth_checking * whole) {
    search.answers.clear();
    return first;
  }
  Expected<Schedule> next = decide_once(in, search, masks);
  const auto before = cycles_of(in, masks, first), after = next ? cycles_of(in, masks, *next) : std::nullopt;
  if (after && (!before || *after < *before)) return next;
  search.answers.clear();
  return decide_once(in, search, masks);
}

Expected<Schedule> decide_by_trials(const Inputs& in, Search& search, const Masks& masks, Schedule first) {
  const std::size_t open = search.asked.size();
  if (open == 0) return first;
  if (open <= few) return WholeTrials(in, search, masks, std::move(first)).run(ways_of_few / open, effort::layers);
  const bool controlled = in.array.controller.mechanism != arch::ControlMechanism::none;
  Expected<Schedule> schedule =
      (controlled ? decide_in_network : decide_by_layers)(in, search, masks, std::move(first));
  if (!schedule || in.spec.search != SearchKind::network) return schedule;
  const double calls = std::numeric_limits<double>::infinity();
  return WholeTrials(in, search, masks, std::move(*schedule)).run(ways_of_many, calls);
}

// Says of the candidates what the best of their trials took.
void note_trials(const Inputs& in, const Search& search, Schedule& s) {
  for (const OpenChoice& q : search.asked) {
    const auto tried = search.tried.find(q.key);
    if (tried == search.tried.end()) continue;
    for (Candidate& c : s.layers[q.kernel].candidates)
      for (const auto& [way, cycles] : tried->second) {
        const double us = cycles * 1e6 / in.array.clock_hz;
        if (sharding_name(way.sharding) == c.mapping && c.rows == q.rows && (!c.simulated_us || us < *c.simulated_us))
          c.simulated_us = us;
      }
  }
}

}  // namespace

Expected<Schedule> choose_by_trials(const Inputs& in, Search& search, const Masks& masks, Schedule first) {
  Expected<Schedule> schedule = decide_by_trials(in, search, masks, std::move(first));
  if (schedule) schedule = or_apart(in, search, masks, std::move(*schedule));
  if (schedule) schedule = or_tiled(in, search, masks, std::move(*schedule));
  if (schedule) schedule = or_evened(in, search, masks, std::move(*schedule));
  if (schedule) note_trials(in, search, *schedule);
  return schedule;
}

}  // namespace tessera::schedule
