// A prediction in the unit its row was measured in. Conversions that depend on something the row does not say (a clock,
// one direction or both, one core or all) are not made: the row is skipped with that reason.
#pragma once
#include <string>

#include "sim/validation/predict.h"

namespace tessera::validation {

// What a model says of a row; 0: it does not say.
struct Quantities {
  double cycles = 0;
  double us = 0;
  double macs = 0;                       // two operations each
  double bytes = 0;                      // in each direction
  double bytes_in = 0, bytes_mixed = 0;  // towards the array, where a unit counts these; in both directions together
  double images = 0;
  int cores = 1;    // that share the macs
  std::string per;  // what was timed when it is not the whole row: "call", "iteration"
};

Prediction in_unit(const MeasuredRow& row, const Quantities& outcome, const std::string& bound_by);

// The time of `cycles`, 0 when the row states no clock.
double stated_us(const MeasuredRow& row, double cycles);

}  // namespace tessera::validation
