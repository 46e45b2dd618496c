// How the switches are set while a program runs. Layers that follow each other have one set of routes, all of them if
// that can be, as long as its streams find links for themselves, or share links that have no more to do than the
// busiest channel of the layer; then the switches are rewritten. Routes from host memory to memory tiles are part of
// every set that has room for them: what goes by them is sent before its layer begins. A set keeps of the one before
// what it can, and routes there that are wanted again later, and takes packets where they were taken before, where no
// more is written for that reason. A layer that alone has too few links shares them as packets. Layers whose transfers
// take turns in some channel have one set in any case.
#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/program.h"
#include "sim/route/periods.h"
#include "sim/route/registers.h"

namespace tessera::route {

struct RouteSet {
  int first_layer = -1, last_layer = -1;  // -1: of no layer
  std::vector<int> routes;                // ascending
  std::vector<int> layers;                // that it is for, ascending; none: of no layer
  std::vector<double> cycles;             // by RouteId: what its bytes take on a link in these layers
  Built built;
  std::vector<RegisterBlock> writes{};      // before it; none before the first set, which comes with the design
  std::optional<std::string> impossible{};  // why no routing of them can be built
};

struct Plan {
  std::vector<RouteSet> sets;  // in the order of their layers
};
// The program has passed the structural checks of the verifier.
Plan plan_routes(const program::Program& program, const Device& device);
// A plan, and what it was made for.
struct KnownPlan {
  std::vector<program::Route> routes;
  std::vector<Period> periods;
  Plan plan;
};
// Plans of programs for one device: those that want the same routes for the same bytes in the same layers have one.
class KnownPlans {
 public:
  const Plan& of(const program::Program& program, const Device& device);
  // The last one that was asked for, for a later run of the same build; and from such a run. What is none is not taken.
  std::optional<std::string> written() const;
  void read(const std::string& bytes);

 private:
  std::deque<KnownPlan> known_;
  const KnownPlan* last_ = nullptr;
};
// One set for all layers, whatever switches lack for it: nothing is rewritten.
Plan plan_as_one(const program::Program& program, const Device& device);

}  // namespace tessera::route
