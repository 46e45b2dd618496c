// Host memory behind the NoC, as a TLM-2.0 target: one socket that the shim tiles of all columns bind to. Bandwidth is
// a reservation: reads and writes have a total each, shared by all columns, and every column's NoC port has its own.
// A request is through when the last of its reservations is; requests are served in order of arrival, and a channel
// that is slower than the memory leaves the rest to others. What a descriptor reads comes the read latency after it was
// requested, which happens as soon as its tokens are there, however long its channel is still busy.
// A link that its channels cannot exhaust, at most as fast as the streams and channels behind them, delays nobody.
// Short runs and opened pages occupy the total longer than their bytes, and a channel waits for its own pages
// (sim/program/ddr_load.h).
// Left out: refresh, turn-around between reads and writes. Numbers: DdrSpec of the hardware file.
#pragma once
#include <tlm_utils/multi_passthrough_target_socket.h>

#include <tlm>
#include <vector>

#include "models/sim_time.h"
#include "sim/arch/array_spec.h"

namespace tessera {

// Ignorable extension: this access opens a descriptor, which was requested at that time, and waits for its first byte,
// after which bytes follow for `stream` millicycles at the pace of the channel or of the pages that it opens.
struct OpeningAccess : tlm::tlm_extension<OpeningAccess> {
  bool opens = false;
  Millicycles requested = 0;
  double load = 1;  // occupation per byte
  Millicycles stream = 0;
  tlm_extension_base* clone() const override { return new OpeningAccess(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const OpeningAccess&>(other); }
};

class HostMemory : public sc_core::sc_module {
 public:
  HostMemory(const sc_core::sc_module_name& name, const ArraySpec& array);
  tlm_utils::multi_passthrough_target_socket<HostMemory> socket;  // one binding per column, in column order

 private:
  struct Link {
    double bytes_per_cycle = 0;
    double demand = 0;  // of all channels that use it together
    Millicycles free = 0;
    Millicycles reserve(Millicycles from, Bytes bytes, double load = 1);
  };
  void b_transport(int column, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

  const Millicycles latency_;
  Link total_[2];  // read, write
  std::vector<Link> columns_[2];
};

}  // namespace tessera
