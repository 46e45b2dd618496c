// Switches that controllers write, judged against the routes of the program: which registers, and between which
// transfers, follows from these (route/switch_writes.h).
#pragma once
#include "sim/program/switch_write.h"
#include "sim/verify/control.h"

namespace tessera::verify {

// Every block of registers is written once, by the controller of its tile, in the order of the sets of routes; nothing
// else is. What has to be known adds to `demands`: before a block is written, that everything that went by its
// registers is over; before a channel sends what goes by them later, that they are written.
void check_switches(const program::Program& program, const program::EngineMap& map,
                    const std::vector<program::SwitchWrite>& writes, Findings& findings, Demands& demands);

// Whether a controller waits for operations of another: packets are what a shim channel sends, whose token says that
// they have been written.
bool awaits_controller(const program::ControlOp& op, program::EngineId who, const program::EngineMap& map);

}  // namespace tessera::verify
