// Does what a mapping says that was given: judged, never changed.
#include <fmt/format.h>

#include "sim/mapping/check.h"
#include "sim/mapping/stored_masks.h"
#include "sim/schedule/mapping_cost.h"
#include "sim/schedule/whole_network.h"

namespace tessera::schedule {
namespace {

std::vector<Problem> given_problems(const Request& r) {
  std::vector<Problem> found = whole_network_problems(r);
  if (!r.spec.mapping)
    found.push_back({"", "schedule.mapping", "is missing (the mapping that policy=" + r.spec.policy + " follows)",
                     "legal: the path of a file, as tessera run --dump mapping writes it"});
  return found;
}

Expected<Schedule> follow(const Request& r, const arch::ArraySpec& array) {
  const GivenMapping& given = *r.spec.mapping;
  Failure wrong = check_mapping(given.read.mapping, given.read.paths, r.network, array,
                                mapping::computed_masks(given.read.mapping, r.network, r.masks));
  for (Problem& p : wrong.problems) p.file = given.file;
  if (!wrong.problems.empty()) return wrong;
  Schedule s;
  s.mapping = given.read.mapping;
  s.layers.resize(r.network.layers.size());
  s.estimate_us = mapping_cost(*s.mapping, r, array) * 1e6 / array.clock_hz;
  note_computed_by(s);
  return s;
}

const bool registered_mapping =
    register_policy({"mapping", "what a file says (schedule.mapping, run --mapping)", false, false, false, true, false,
                     false, "mostly too high (results/bounds)", given_problems, follow});

}  // namespace
}  // namespace tessera::schedule
