// Alternatives of many layers at once, simulated in the network: each is kept where its layers end sooner after those
// before them, and where controllers have less to do for them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/cost/tuned.h"
#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;
using Answers = std::map<std::string, Way>;

// Alternatives of a layer that are tried, beside the first.
constexpr std::size_t most_ways = 2;
// Layers of a network that are asked alike form a kind. Every second kind is changed at a time: what a layer costs
// also shows at the one behind it.
constexpr std::size_t turns = 2;
// Share of the time that has to be left, by what the kinds saved, for a network to be simulated with those that saved.
constexpr double worth_a_trial = 0.998;
// Mappings that are simulated with switches.
constexpr std::size_t most_switched = 3;

class NetworkTrials {
 public:
  NetworkTrials(const Inputs& in, Search& search, const Masks& masks, Schedule first)
      : in_(in), search_(search), masks_(masks), best_(std::move(first)) {
    for (const OpenChoice& q : search.asked) {
      calls_ += q.alternatives.front().calls;
      const auto known = [&](const OpenChoice& kind) { return kind.key == q.key; };
      if (std::none_of(kinds_.begin(), kinds_.end(), known)) kinds_.push_back(q);
    }
  }

  Schedule run() {
    std::optional<LayerTimes> times = simulate(best_);
    if (!times) return std::move(best_);
    note({}, layer_shares(*best_.mapping, *times));
    keep({}, best_, std::move(*times));
    for (std::size_t way = 1; way <= most_ways; ++way)
      for (std::size_t turn = 0; turn < turns; ++turn) try_way(way, turn);
    return with_switches();
  }

 private:
  // Of all that was tried, the fastest as a run has it: with switches that are written, which only takes longer.
  Schedule with_switches() {
    tried_.push_back({whole(times_), std::move(best_), std::move(kept_)});
    std::stable_sort(tried_.begin(), tried_.end(), [](const Tried& a, const Tried& b) { return a.cycles < b.cycles; });
    double least = std::numeric_limits<double>::infinity();
    Tried* fastest = &tried_.front();
    for (std::size_t k = 0; k < std::min(most_switched, tried_.size()) && tried_[k].cycles < least; ++k) {
      const std::optional<LayerTimes> times = in_.trials->run_times(in_.network, masks_, *tried_[k].schedule.mapping);
      if (!times || whole(*times) >= least) continue;
      least = whole(*times);
      fastest = &tried_[k];
    }
    search_.answers = std::move(fastest->answers);
    return std::move(fastest->schedule);
  }

  std::optional<LayerTimes> simulate(const Schedule& s) {
    if ((simulated_ += calls_) > effort::network) return std::nullopt;
    return in_.trials->layer_times(in_.network, masks_, *s.mapping);
  }

  void note(const Answers& answers, const std::vector<double>& shares) {
    for (const OpenChoice& kind : kinds_) {
      const auto answer = answers.find(kind.key);
      const Way& way = answer == answers.end() ? kind.alternatives.front().way : answer->second;
      search_.tried[kind.key].emplace_back(way, shares[static_cast<std::size_t>(kind.kernel)]);
    }
  }

  void keep(Answers answers, Schedule s, LayerTimes times) {
    kept_ = std::move(answers);
    shares_ = layer_shares(*s.mapping, times);
    best_ = std::move(s);
    times_ = std::move(times);
  }

  // All kinds whose turn it is get their `way`-th alternative; then only those that gained by it.
  void try_way(std::size_t way, std::size_t turn) {
    Answers answers = kept_, tried;
    for (std::size_t k = turn; k < kinds_.size(); k += turns)
      if (kinds_[k].alternatives.size() > way) tried[kinds_[k].key] = kinds_[k].alternatives[way].way;
    if (tried.empty()) return;
    const Answers before = kept_;
    const double whole_before = whole(times_);
    for (const auto& [key, alternative] : tried) answers[key] = alternative;
    const std::map<std::string, double> longer = consider(answers, tried);
    bool dropped = false;
    // What may be expected without those that lost, from the times before and with all.
    double from_before = whole_before, from_all = last_;
    for (const auto& [key, cycles] : longer) {
      (cycles < 0 ? from_before : from_all) -= std::abs(cycles);
      if (cycles < 0) continue;
      dropped = true;
      const auto old = before.find(key);
      if (old == before.end())
        answers.erase(key);
      else
        answers[key] = old->second;
    }
    const bool worth = std::min(from_before, from_all) < worth_a_trial * whole(times_);
    if (dropped && answers != before && worth) consider(answers, tried);
  }

  // Decides and simulates the network with these answers and keeps them if it is the fastest. By how many cycles the
  // kinds of `tried` cost more than before.
  std::map<std::string, double> consider(const Answers& answers, const Answers& tried) {
    search_.answers = answers;
    Expected<Schedule> s = decide_once(in_, search_, masks_);
    std::optional<LayerTimes> times = s ? simulate(*s) : std::nullopt;
    if (!times) return {};
    const std::vector<double> shares = layer_shares(*s->mapping, *times);
    note(answers, shares);
    std::map<std::string, double> longer = compared(*s->mapping, *times, shares, tried);
    last_ = whole(*times);
    if (last_ < whole(times_)) {
      tried_.push_back({whole(times_), std::move(best_), std::move(kept_)});
      keep(answers, std::move(*s), std::move(*times));
    } else {
      tried_.push_back({last_, std::move(*s), answers});
    }
    return longer;
  }

  std::map<std::string, double> compared(const mapping::Mapping& m, const LayerTimes& times,
                                         const std::vector<double>& shares, const Answers& tried) const {
    std::map<network::LayerId, std::string> changed;
    for (const OpenChoice& q : search_.asked)
      if (tried.count(q.key) > 0) changed[q.kernel] = q.key;
    std::map<std::string, double> longer;
    const std::string* behind = nullptr;  // the kind of the step before
    for (const mapping::Step& step : m.steps) {
      const auto* c = std::get_if<mapping::Compute>(&step);
      if (c == nullptr) continue;
      const auto kind = changed.find(c->layer);
      const std::string* of = kind == changed.end() ? behind : &kind->second;
      const auto l = static_cast<std::size_t>(c->layer);
      if (of != nullptr)
        longer[*of] += shares[l] - shares_[l] + cost::tuned.worth_of_control * (times.control[l] - times_.control[l]);
      behind = kind == changed.end() ? nullptr : &kind->second;
    }
    return longer;
  }

  struct Tried {
    double cycles;  // without switches
    Schedule schedule;
    Answers answers;
  };

  const Inputs& in_;
  Search& search_;
  const Masks& masks_;
  std::vector<OpenChoice> kinds_;
  std::vector<Tried> tried_;          // but for `best_`
  double calls_ = 0, simulated_ = 0;  // of one simulation; of those that were begun
  Schedule best_;
  LayerTimes times_;            // of `best_`
  double last_ = 0;             // when the last layer ended in the last trial
  std::vector<double> shares_;  // of its layers
  Answers kept_;                // that it was decided with
};

}  // namespace

Expected<Schedule> decide_in_network(const Inputs& in, Search& search, const Masks& masks, Schedule first) {
  return NetworkTrials(in, search, masks, std::move(first)).run();
}

}  // namespace tessera::schedule
