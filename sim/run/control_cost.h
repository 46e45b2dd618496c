// What a program asks of whoever writes descriptors, which the simulation takes as free: how many transfers there are,
// how many descriptors they need, and how long one serial controller would be busy with those alone.
#pragma once
#include <nlohmann/json.hpp>

#include "sim/arch/array_spec.h"
#include "sim/program/program.h"

namespace tessera::run {

struct ControlCost {
  std::int64_t transfers = 0;    // started, each turn of a loop once
  std::int64_t descriptors = 0;  // that differ, tile by tile
  std::int64_t written = 0;      // of them, those beyond what the tiles hold: to be written while the program runs
  double serial_us = 0;          // `written` at controller.operation_ns each, starts and waits free; 0: not stated
};
ControlCost control_cost(const program::Program& program, const arch::ArraySpec& array);

// As `control` of result.json; serial_us is left out where the hardware states no operation.
nlohmann::json control_result(const program::Program& program, const arch::ArraySpec& array);

}  // namespace tessera::run
