// Decides by simulation what estimates cannot tell apart.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/schedule/network_pass.h"

namespace tessera::schedule {
namespace {

using Masks = std::vector<std::optional<sparsity::BlockMask>>;

// Changes the answer to one question at a time and keeps what makes the whole network faster.
class WholeTrials {
 public:
  WholeTrials(const Inputs& in, Search& search, const Masks& masks, Schedule first)
      : in_(in), search_(search), masks_(masks), best_(std::move(first)), cycles_(cycles_of(best_)) {}

  Schedule run(std::size_t most_ways) {
    if (!cycles_) return std::move(best_);
    const std::vector<OpenChoice> questions = search_.asked;
    for (const OpenChoice& q : questions)
      for (std::size_t k = 1; k < std::min(q.alternatives.size(), most_ways); ++k) attempt(q, q.alternatives[k].way);
    return std::move(best_);
  }

 private:
  std::optional<double> cycles_of(const Schedule& s) const {
    const auto ends = in_.trials->layer_ends(in_.network, masks_, *s.mapping);
    if (!ends) return std::nullopt;
    return *std::max_element(ends->begin(), ends->end());
  }

  void attempt(const OpenChoice& q, const Way& way) {
    const auto given = search_.answers.find(q.key);
    const std::optional<Way> before = given == search_.answers.end() ? std::nullopt : std::optional(given->second);
    search_.answers[q.key] = way;
    Expected<Schedule> schedule = decide_once(in_, search_, masks_);
    const std::optional<double> cycles = schedule ? cycles_of(*schedule) : std::nullopt;
    if (cycles && *cycles < *cycles_) {
      best_ = std::move(*schedule);
      cycles_ = cycles;
    } else if (before) {
      search_.answers[q.key] = *before;
    } else {
      search_.answers.erase(q.key);
    }
  }

  const Inputs& in_;
  Search& search_;
  const Masks& masks_;
  Schedule best_;
  std::optional<double> cycles_;
};

// Those without an answer, one of each kind.
std::vector<OpenChoice> unanswered(const Search& search) {
  std::set<std::string> known;
  std::vector<OpenChoice> open;
  for (const OpenChoice& q : search.asked)
    if (search.answers.count(q.key) == 0 && known.insert(q.key).second) open.push_back(q);
  return open;
}

// Times the alternatives of every layer by itself and decides with the answers; tensors then may stand elsewhere, which
// opens further choices.
Expected<Schedule> decide_by_layers(const Inputs& in, Search& search, const Masks& masks, Schedule schedule) {
  constexpr int rounds = 2;
  constexpr std::size_t most_ways = 4;
  for (int round = 0; round < rounds; ++round) {
    const std::vector<OpenChoice> open = unanswered(search);
    if (open.empty()) break;
    const auto times = time_alternatives(in, open, most_ways);
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (!times[i][0]) continue;
      std::size_t best = 0;
      for (std::size_t k = 1; k < times[i].size(); ++k)
        if (times[i][k] && *times[i][k] < *times[i][best]) best = k;
      search.answers[open[i].key] = open[i].alternatives[best].way;
      if (getenv("TRIALS"))
        for (std::size_t k = 0; k < times[i].size(); ++k)
          fmt::print(stderr, "{} {} {} est {:.0f} sim {:.0f}{}\n", in.layer(open[i].kernel).name,
                     sharding_name(open[i].alternatives[k].way.sharding), walk_name(open[i].alternatives[k].choice.mapping),
                     open[i].alternatives[k].choice.cycles, times[i][k].value_or(-1), k == best ? " *" : "");
    }
    Expected<Schedule> next = decide_once(in, search, masks);
    if (!next) return next;
    schedule = std::move(*next);
  }
  return schedule;
}

}  // namespace

Expected<Schedule> choose_by_trials(const Inputs& in, Search& search, const Masks& masks, Schedule first) {
  if (search.asked.size() <= 3) return WholeTrials(in, search, masks, std::move(first)).run(32);
  return decide_by_layers(in, search, masks, std::move(first));
}

}  // namespace tessera::schedule
