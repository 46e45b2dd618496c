// How the measured designs of a group were built (configs/validation/designs.json): hardware, kernel library,
// buffering, and what the group's timers include. Nothing here belongs to a single row.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/validation/row.h"

namespace tessera::validation {

// What the source says of the scatter of its own measurements: an interval, or a percentage of the measured value.
struct StatedNoise {
  std::string workload;  // of the rows it is stated for
  double max_words = 0;  // of transfers up to this length; 0: any row
  double low = 0, high = 0, pct = 0;
};

struct GroupDesign {
  std::string hardware;                   // file in configs/hardware
  std::string machine;                    // key of ValidationSetup::machines
  std::string kernels;                    // kernel library of its GEMM rows; empty: none
  std::map<std::string, double> numbers;  // the other keys, by name
  bool strips = false;                    // stream-aie: strips of A and B along k, A buffered once
  std::vector<StatedNoise> noise;         // the first that matches counts
  bool span = false;                      // the timer runs from the first to the last kernel of the slowest core
  bool bottleneck = false;                // its notes tell which convolution kernels ran
  bool dispatch = false;  // the timer includes the dispatch of the hardware file, and what `startup_us` adds
  std::vector<std::pair<int, int>> arrays;  // rows and columns of the designs the buffering is known of; empty: any

  double number(const std::string& key) const {
    const auto it = numbers.find(key);
    return it == numbers.end() ? 0 : it->second;
  }
  double overhead_us(const arch::ArraySpec& array) const {
    return dispatch ? array.controller.dispatch_us + number("startup_us") : 0;
  }
};

struct ValidationSetup {
  std::string config_folder;  // configs/
  std::map<std::string, GroupDesign> groups;
  std::map<std::string, std::vector<std::string>> machines;  // how platforms name each machine, ours and others
  std::vector<std::string> calibration_classes, calibration_ids;
  std::set<std::string> known_ids;  // of configs/validation/measured.csv; nothing was fitted to a row that is not there

  bool calibration(const MeasuredRow& row) const;
  StatedNoise noise(const MeasuredRow& row) const;  // all zero: nothing is stated
};

// Reads validation/designs.json and validation/calibration.json of the folder.
Expected<ValidationSetup> load_validation_setup(const std::string& config_folder);

// The array of a row: its group's hardware at the row's clock and with the row's rows and columns. Fails with
// does_not_fit when the machine has not as many.
Expected<arch::ArraySpec> array_of(const MeasuredRow& row, const ValidationSetup& setup);

}  // namespace tessera::validation
