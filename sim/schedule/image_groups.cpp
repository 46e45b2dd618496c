// A layer of many images, computed group by group: as several smaller batches would be. Estimates of walks over many
// rows are the ones that are wrong most, and with more images a batch must not be slower than in parts.
#include <algorithm>
#include <iterator>
#include <limits>

#include "sim/cost/tuned.h"
#include "sim/schedule/layer_choice.h"

namespace tessera::schedule {
namespace {

// What was weighed of one of `groups` holds for the whole layer.
void scale(std::vector<Candidate>& candidates, std::size_t from, int groups) {
  for (std::size_t k = from; k < candidates.size(); ++k) candidates[k].us *= groups;
}

void scale(Choice& choice, int groups) {
  choice.groups = groups;
  choice.cycles *= groups;
}

}  // namespace

std::vector<int> groups_of_images(const LayerCase& c, mapping::Span rows) {
  const network::Layer& l = *c.layer;
  const bool apart = operator_of(l).rows && l.window.extent_h() <= l.window.sh && c.pool == nullptr;
  const bool in_ddr = c.in_ddr.input && c.in_ddr.output && (!c.operand || c.in_ddr.operand);
  if (l.images == 1 || rows.size() != l.out.h || !apart || !in_ddr || c.in_place) return {};
  std::vector<int> groups;
  for (int g = l.images; g > 1; --g)
    if (l.images % g == 0) groups.push_back(g);
  return groups;
}

std::optional<Choice> Search::weigh(const LayerCase& given, mapping::Span rows, Demand& least,
                                    std::vector<Candidate>& candidates) {
  LayerCase c = given;
  c.asked = c.asked && in_.trials != nullptr && rows.size() == c.layer->out.h;
  std::vector<int> counts;
  if (in_.spec.layers.count(c.layer->name) == 0) counts = groups_of_images(c, rows);
  counts.push_back(1);
  // Then nothing is asked any more: alternatives matter where an answer has to be found among them.
  if (evens && counts.size() == 1 && answers.count(question_of(c, rows)) == 0) c.asked = false;
  Weighed weighed;
  std::vector<OpenChoice::Alternative> all;
  int groups = 1;
  double chosen_cycles = std::numeric_limits<double>::infinity();
  for (const int count : counts) {
    const std::size_t first = candidates.size();
    Weighed found = weigh_rows(c, mapping::split(rows, count, 0), least, candidates);
    scale(candidates, first, count);
    if (!found.best) continue;
    for (OpenChoice::Alternative& a : found.alternatives) {
      scale(a.choice, count);
      a.calls *= count;
      a.way.groups = count;
    }
    // In a network of few layers the simulation decides between groups too.
    if (reach_.cuts_apart) std::move(found.alternatives.begin(), found.alternatives.end(), std::back_inserter(all));
    const double cycles = found.best->cycles * count;
    if (cycles >= chosen_cycles * cost::tuned.worth_more_images) continue;
    chosen_cycles = cycles;
    weighed = std::move(found);
    groups = count;
  }
  if (!weighed.best) return std::nullopt;
  scale(*weighed.best, groups);
  if (!reach_.cuts_apart) all = std::move(weighed.alternatives);
  if (c.asked) {
    OpenChoice q = open_choice_of(c, mapping::split(rows, groups, 0), std::move(all));
    const auto as_estimated = std::find_if(q.alternatives.begin(), q.alternatives.end(),
                                           [&](const OpenChoice::Alternative& a) { return a.way.groups == groups; });
    if (as_estimated != q.alternatives.end()) std::rotate(q.alternatives.begin(), as_estimated, as_estimated + 1);
    if (const auto answer = answers.find(q.key); answer != answers.end()) {
      const OpenChoice::Alternative* chosen = nullptr;
      for (const OpenChoice::Alternative& a : q.alternatives) {
        Way way = a.way;
        way.evened = answer->second.evened;
        if (way == answer->second && (chosen == nullptr || a.choice.cycles < chosen->choice.cycles)) chosen = &a;
      }
      if (chosen != nullptr) choose(*chosen, mapping::split(rows, chosen->way.groups, 0), candidates, weighed);
    }
    if (q.alternatives.size() > 1) asked.push_back(std::move(q));
  }
  candidates[weighed.chosen].chosen = true;
  return weighed.best;
}

}  // namespace tessera::schedule
