// Simulated time in the SystemC kernel: one millicycle is one picosecond of kernel time, so the models know no clock
// frequency. The kernel's default resolution (1 ps) is what makes the two the same integer.
#pragma once
#include <systemc>

#include "sim/base/units.h"

namespace tessera::models {

inline sc_core::sc_time to_time(Millicycles t) { return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(t)); }
inline Millicycles to_millicycles(const sc_core::sc_time& t) { return static_cast<Millicycles>(t.value()); }
inline Millicycles now() { return to_millicycles(sc_core::sc_time_stamp()); }

}  // namespace tessera::models
