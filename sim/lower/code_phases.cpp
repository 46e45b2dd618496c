#include "sim/lower/code_phases.h"

#include <algorithm>
#include <map>

namespace tessera::lower {
namespace {

using Cores = std::vector<std::vector<CodeUse>>;

// The layers in an order that agrees with that of their first uses on every core, as far as the cores agree.
std::vector<int> order_of_layers(const Cores& cores) {
  std::map<int, std::set<int>> after;  // by layer
  std::map<int, int> before;           // how many layers have to come first
  for (const std::vector<CodeUse>& uses : cores) {
    std::set<int> seen;
    int last = -1;
    for (const CodeUse& use : uses) {
      if (use.layer < 0 || !seen.insert(use.layer).second) continue;
      before.emplace(use.layer, 0);
      if (last >= 0 && after[last].insert(use.layer).second) ++before[use.layer];
      last = use.layer;
    }
  }
  std::vector<int> order;
  while (!before.empty()) {
    auto next = std::find_if(before.begin(), before.end(), [](const auto& entry) { return entry.second == 0; });
    if (next == before.end()) next = before.begin();  // the cores disagree
    const int layer = next->first;
    order.push_back(layer);
    before.erase(next);
    for (const int follower : after[layer])
      if (const auto found = before.find(follower); found != before.end()) --found->second;
  }
  return order;
}

// Of every use of a core: the latest place in the order that the core has come to.
std::vector<int> places_of(const std::vector<CodeUse>& uses, const std::map<int, int>& place_of_layer) {
  std::vector<int> places;
  int latest = 0;
  for (const CodeUse& use : uses) {
    if (use.layer >= 0) latest = std::max(latest, place_of_layer.at(use.layer));
    places.push_back(latest);
  }
  return places;
}

}  // namespace

std::vector<std::vector<int>> code_phases(const Cores& cores, const std::function<Bytes(const Codes&)>& bytes_of,
                                          Bytes size) {
  const std::vector<int> order = order_of_layers(cores);
  std::map<int, int> place_of_layer;
  for (std::size_t k = 0; k < order.size(); ++k) place_of_layer[order[k]] = static_cast<int>(k);
  std::vector<std::vector<int>> places;
  std::vector<std::vector<Codes>> needed(std::max<std::size_t>(order.size(), 1), std::vector<Codes>(cores.size()));
  for (std::size_t core = 0; core < cores.size(); ++core) {
    places.push_back(places_of(cores[core], place_of_layer));
    for (std::size_t u = 0; u < cores[core].size(); ++u)
      needed[static_cast<std::size_t>(places[core][u])][core].insert(cores[core][u].codes.begin(),
                                                                     cores[core][u].codes.end());
  }
  std::vector<int> phase_of_place;
  std::vector<Codes> used(cores.size());  // by each core since the phase began
  int phase = 0;
  for (const std::vector<Codes>& here : needed) {
    bool ends = false;
    for (std::size_t core = 0; core < cores.size(); ++core) {
      used[core].insert(here[core].begin(), here[core].end());
      ends = ends || (bytes_of(used[core]) > size && bytes_of(here[core]) <= size);
    }
    if (ends) {
      used = here;
      ++phase;
    }
    for (Codes& codes : used)
      if (bytes_of(codes) > size) codes.clear();
    phase_of_place.push_back(phase);
  }
  for (std::vector<int>& of_core : places)
    for (int& place : of_core) place = phase_of_place[static_cast<std::size_t>(place)];
  return places;
}

}  // namespace tessera::lower
