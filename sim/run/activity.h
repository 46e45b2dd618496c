// What happens in a run that costs energy, counted in the program: each transfer, kernel call and control operation as
// often as the loops around it say. By layer, and apart from them what belongs to none.
#pragma once
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/arch/energy_spec.h"
#include "sim/exec/backend.h"
#include "sim/program/program.h"
#include "sim/result/run_result.h"

namespace tessera::run {

struct Activity {
  exec::MemoryTraffic traffic;
  // Operands of kernel calls in the core's memory, each byte once per call: a kernel that loads an operand again and
  // again reads more.
  Bytes kernel_read = 0, kernel_write = 0;
  Bytes hop_bytes = 0;  // bytes x links of the route between switches, of a multicast each link once
  // Operations of controllers; of cores: those that cores do for their own tiles.
  std::int64_t control_operations = 0, core_operations = 0;
};
struct ProgramActivity {
  std::vector<Activity> layers;  // by LayerId
  Activity no_layer;
};
ProgramActivity count_activity(const program::Program& program, const arch::ArraySpec& array);

// Counts and, with a table of energy, energy: of the run, of each layer, and of no layer.
void add_energy(result::DensityResult& density, const program::Program& program, const arch::ArraySpec& array,
                const arch::EnergySpec* energy);

}  // namespace tessera::run
