// A measured row with everything settled that its prediction needs: by its own columns, else by the design of its
// group, else by the machine that its platform names. What none of them says stays open, and is assumed only where the
// design of the group assumes it in so many words.
#pragma once
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/cost/fitted_model.h"
#include "sim/validation/design.h"

namespace tessera::validation {

struct Subject {
  MeasuredRow row;  // with what its group's design reads from its words, or assumes
  GroupDesign design;
  std::string machine;   // a name of ValidationSetup::machines, or the hardware's own
  std::string hardware;  // the file
  std::string kernels;   // the library; empty: none is known
  std::string config_folder;
  arch::ArraySpec array;             // at the row's clock, with its rows and columns
  std::vector<std::string> assumed;  // one sentence each

  // Of what the timer includes beside the array: the dispatch, and what a design needs to start up.
  double dispatch_us() const;
  double overhead_us() const { return dispatch_us() + (row.dispatch_us ? 0 : design.number("startup_us")); }
  // Whether the timer counts cycles of the array alone.
  bool array_alone() const { return row.dispatch_us ? *row.dispatch_us == 0 : !design.dispatch; }
  std::string hardware_file() const;  // absolute
  Expected<const cost::FittedModel*> latency_model() const;
};

// Fails with does_not_fit when the row cannot be predicted, with bad_input when a file is wrong.
Expected<Subject> settle(const MeasuredRow& row, const ValidationSetup& setup);

// Hardware and kernels that rows name and that are not there, by line.
std::vector<Problem> missing_files(const std::string& csv, const std::vector<MeasuredRow>& rows,
                                   const std::string& config_folder);

}  // namespace tessera::validation
