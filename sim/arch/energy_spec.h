// Energy of single events, for reports: no model and no schedule reads it. Each number comes from the `energy` part of
// a hardware file, which names its source; none was compared with a measurement here.
#pragma once

namespace tessera::arch {

struct EnergySpec {
  double mac_i8_pj = 0, mac_i16_pj = 0, mac_bf16_pj = 0;  // a multiply-accumulate, by the type of its factors
  double core_busy_pj = 0, core_waiting_pj = 0;      // a cycle of a core in a kernel call, beside that; outside of one
  double core_read_pj = 0, core_write_pj = 0;        // a byte of a compute tile's data memory
  double memtile_read_pj = 0, memtile_write_pj = 0;  // a byte of a memory tile
  double hop_pj = 0;                                 // a byte over one link between stream switches
  double ddr_read_pj = 0, ddr_write_pj = 0;          // a byte of host memory
  double control_operation_pj = 0;                   // an operation of the firmware, or of control packets
  double core_operation_pj = 0;                      // an operation of a core that starts transfers of its own tile
};

}  // namespace tessera::arch
