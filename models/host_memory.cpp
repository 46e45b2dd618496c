#include "models/host_memory.h"

#include <algorithm>

namespace tessera::models {

HostMemory::HostMemory(const sc_core::sc_module_name& name, const arch::ArraySpec& array)
    : sc_module(name), socket("socket") {
  const arch::DdrSpec& spec = array.ddr;
  const arch::DmaSpec& shim = array.shim.dma;
  const int columns = array.cols;
  const auto pace = [&](bool outbound) {  // of a channel, with the fastest that it may be connected to
    const double other = std::max(array.memtile.dma.rate(!outbound), array.tile.dma.rate(!outbound));
    return std::min({shim.rate(outbound), array.stream.bytes_per_cycle, other});
  };
  const double demand[] = {shim.mm2s * pace(true), shim.s2mm * pace(false)};  // of a column
  const double total[] = {spec.read_bytes_per_cycle, spec.write_bytes_per_cycle};
  for (int d = 0; d < 2; ++d) {
    total_[d] = {total[d], columns * std::min(demand[d], spec.column_bytes_per_cycle), 0};
    columns_[d].assign(static_cast<std::size_t>(columns), Link{spec.column_bytes_per_cycle, demand[d], 0});
  }
  const double all = spec.mixed_bytes_per_cycle;
  mixed_ = {all, all > 0 ? total_[0].demand + total_[1].demand : 0, 0};
  socket.register_b_transport(this, &HostMemory::b_transport);
}

Millicycles HostMemory::Link::reserve(Millicycles from, Bytes bytes, double load) {
  if (demand * load <= bytes_per_cycle) return from;
  free = std::max(free, from) + transfer_time(bytes, bytes_per_cycle / load);
  return free;
}

void HostMemory::b_transport(int column, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const int write = payload.is_write() ? 1 : 0;
  const Bytes bytes = payload.get_data_length();
  const StreamedBurst* streamed = payload.get_extension<StreamedBurst>();
  const Millicycles from = now() + to_millicycles(delay);
  const Millicycles paced = from + (streamed != nullptr ? streamed->stream : 0);
  const double load = streamed != nullptr ? streamed->load : 1;  // at the rate of the direction
  const double mixed_load = std::max(1.0, load * mixed_.bytes_per_cycle / total_[write].bytes_per_cycle);
  const Millicycles through =
      std::max({paced, total_[write].reserve(from, bytes, load), mixed_.reserve(from, bytes, mixed_load),
                columns_[write][static_cast<std::size_t>(column)].reserve(from, bytes)});
  delay = to_time(through - now());
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

}  // namespace tessera::models
