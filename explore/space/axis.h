// One axis of a sweep: a config path and the values it takes. In the file an axis is a list of values or a range:
//   [1, 2, 4]                            a list of anything
//   {"from": 0, "to": 0.9, "step": 0.1}  equal distances, both ends included
//   {"from": 0, "to": 1, "count": 5}     the same, by number of values
//   {"from": 1, "to": 64, "factor": 2}   equal ratios
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace tessera::explore {

struct Axis {
  std::string path;
  std::vector<nlohmann::json> values;
};

// Values of an axis as written in a sweep file; what is wrong is appended to `problems` (without a file name).
std::vector<nlohmann::json> axis_values(const nlohmann::json& spec, const std::string& where,
                                        std::vector<Problem>& problems);

}  // namespace tessera::explore
