// In which order the layers of a program send, and which of them take turns.
#pragma once
#include <map>
#include <vector>

#include "sim/program/program.h"
#include "sim/route/grid.h"

namespace tessera::route {

// Layers that have one set in any case, and what they send: by RouteId, cycles on a link.
struct Period {
  int first_layer = -1, last_layer = -1;
  std::vector<int> layers;  // ascending
  std::map<int, double> cycles;

  void add(const std::map<int, double>& more) {
    for (const auto& [route, sum] : more) cycles[route] += sum;
  }
  bool operator==(const Period& o) const {
    return first_layer == o.first_layer && last_layer == o.last_layer && layers == o.layers && cycles == o.cycles;
  }
};

// Layers that take turns in an engine, directly or through others, are one period. Periods stand in the order of the
// engines and of the data, otherwise in that of the layers' calls. What belongs to no layer is there at any time.
std::vector<Period> periods_of(const program::Program& program, const Device& device);

}  // namespace tessera::route
