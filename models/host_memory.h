// Host memory behind the NoC, as a TLM-2.0 target: one socket that the shim tiles of all columns bind to. Bandwidth is
// a reservation: reads and writes have a total each, shared by all columns, where the file says so another one
// together, and every column's NoC port has its own. A request is through when the last of its reservations is;
// requests are served in order of arrival, and a channel that is slower than the memory leaves the rest to others. A
// request is at most a burst long: after each burst of a channel it is the turn of the others that wait, however much
// the channel still wants. A link that its channels cannot exhaust, at most as fast as the streams and channels behind
// them, delays nobody. Short runs and opened pages occupy the total longer than their bytes, and a channel waits for
// its own pages (sim/program/ddr_load.h). Left out: refresh, turn-around between reads and writes. Numbers: DdrSpec of
// the hardware file.
#pragma once
#include <tlm_utils/multi_passthrough_target_socket.h>

#include <tlm>
#include <vector>

#include "models/sim_time.h"
#include "sim/arch/array_spec.h"

namespace tessera::models {

// Ignorable extension: what the payload of a burst cannot say.
struct StreamedBurst : tlm::tlm_extension<StreamedBurst> {
  double load = 1;         // occupation per byte
  Millicycles stream = 0;  // what it takes at the pace of the channel, or of the pages that it opens
  tlm_extension_base* clone() const override { return new StreamedBurst(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const StreamedBurst&>(other); }
};

class HostMemory : public sc_core::sc_module {
 public:
  HostMemory(const sc_core::sc_module_name& name, const arch::ArraySpec& array);
  tlm_utils::multi_passthrough_target_socket<HostMemory> socket;  // one binding per column, in column order

 private:
  struct Link {
    double bytes_per_cycle = 0;
    double demand = 0;  // of all channels that use it together
    Millicycles free = 0;
    Millicycles reserve(Millicycles from, Bytes bytes, double load = 1);
  };
  void b_transport(int column, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

  Link total_[2];  // read, write
  Link mixed_;     // both
  std::vector<Link> columns_[2];
};

}  // namespace tessera::models
