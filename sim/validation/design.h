// How the measured designs of a group were built (configs/validation/designs.json): hardware, kernel library,
// buffering, and what the group's timers include. Nothing here belongs to a single row: what a row says in its own
// columns goes before.
#pragma once
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/validation/row.h"

namespace tessera::validation {

// What the source says of the scatter of its own measurements: an interval, or a percentage of the measured value.
struct StatedNoise {
  std::string workload;  // of the rows it is stated for
  double max_words = 0;  // of transfers up to this length; 0: any row
  double low = 0, high = 0, pct = 0;
};

// Columns that rows leave empty or say in words of their own: where every column of `when` matches, those of `take` are
// written, unless the row fills them itself with something that is not in `when`.
struct Filling {
  std::map<std::string, std::regex> when;
  std::map<std::string, std::string> take;
  std::string why;       // the source, or why it is assumed
  bool assumed = false;  // else read from the row or stated by its source
};

struct GroupDesign {
  std::string hardware;                     // file in configs/hardware, without .json; empty: that of its machine
  std::string machine;                      // key of ValidationSetup::machines
  std::string kernels;                      // kernel library; empty: none
  std::map<std::string, double> values;     // keys of the hardware that differ for this group
  std::string values_source;                // of these
  std::string clock_source;                 // of `clock_ghz` of the numbers, taken where a row states no clock
  std::vector<Filling> fillings;            // in order
  std::map<std::string, double> numbers;    // the other keys, by name
  bool strips = false;                      // stream-aie: strips of A and B along k, A buffered once
  std::vector<StatedNoise> noise;           // the first that matches counts
  bool span = false;                        // the timer runs from the first to the last kernel of the slowest core
  bool dispatch = false;                    // the timer includes the dispatch of the hardware file, and `startup_us`
  std::vector<std::pair<int, int>> arrays;  // rows and columns of the designs the buffering is known of; empty: any

  double number(const std::string& key) const {
    const auto it = numbers.find(key);
    return it == numbers.end() ? 0 : it->second;
  }
};

struct Machine {
  std::vector<std::string> platforms;  // parts of the names that authors give it
  std::vector<std::string> hardware;   // its files in configs/hardware, the usual one first; empty: we have none
};

struct ValidationSetup {
  std::string config_folder;  // configs/
  std::map<std::string, GroupDesign> groups;
  std::map<std::string, Machine> machines;
  std::vector<std::string> calibration_classes, calibration_ids, holdout_ids;
  std::set<std::string> known_ids;  // of configs/validation/measured.csv; nothing was fitted to a row that is not there

  bool calibration(const MeasuredRow& row) const;
  StatedNoise noise(const MeasuredRow& row) const;  // all zero: nothing is stated
};

// Reads validation/designs.json and validation/calibration.json of the folder.
Expected<ValidationSetup> load_validation_setup(const std::string& config_folder);

}  // namespace tessera::validation
