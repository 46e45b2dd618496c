#include "sim/result/energy_metrics.h"

namespace tessera::result {

const std::vector<EnergyText>& energy_texts() {
  using C = EnergyCause;
  static const std::vector<EnergyText> texts{
      {C::mac, "mac", "Energy of the multiply-accumulates that are executed.", "macs x energy.mac_TYPE_pj"},
      {C::core_busy, "core_busy", "Energy of cores in kernel calls beside that: instructions and registers.",
       "time.busy x energy.core_busy_pj"},
      {C::core_waiting, "core_waiting", "Energy of cores that are in no kernel call: they wait, or are idle.",
       "(sum of time - time.busy) x energy.core_waiting_pj"},
      {C::core_memory, "core_memory", "Energy of the data memories of compute tiles: kernels and DMA channels.",
       "(core_read_bytes + kernel_read_bytes) x energy.core_read_pj + the same of writes"},
      {C::memory_tiles, "memory_tiles", "Energy of the memory tiles.",
       "memtile_read_bytes x energy.memtile_read_pj + memtile_write_bytes x energy.memtile_write_pj"},
      {C::streams, "streams", "Energy of the stream switches and the wires between them.",
       "stream_hop_bytes x energy.hop_pj"},
      {C::ddr, "ddr", "Energy of host memory, its controller and the way there.",
       "ddr_read_bytes x energy.ddr_read_pj + ddr_write_bytes x energy.ddr_write_pj"},
      {C::control, "control", "Energy of the operations that start transfers; none where these start for free.",
       "control.operations x energy.control_operation_pj + control.core_operations x energy.core_operation_pj"},
  };
  return texts;
}

}  // namespace tessera::result
