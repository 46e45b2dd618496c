#include "sim/program/ddr_load.h"

#include <algorithm>
#include <cmath>

namespace tessera::program {

DdrRuns ddr_runs(const Access& access, Bytes page_bytes) {
  DdrRuns r{1, 0};
  Bytes run = access.dims[0].count;
  std::int8_t d = 1;
  for (; d < access.rank && access.dims[static_cast<std::size_t>(d)].step == run; ++d)
    run *= access.dims[static_cast<std::size_t>(d)].count;
  double pitch = 0;
  for (std::int8_t i = d; i < access.rank; ++i) {
    const AccessDim& dim = access.dims[static_cast<std::size_t>(i)];
    if (i == d) pitch = std::abs(static_cast<double>(dim.step));
    r.runs *= dim.count;
  }
  const auto page = static_cast<double>(page_bytes);
  const double fresh = pitch > 0 ? std::min(1.0, pitch / page) : 1.0;
  r.pages = r.runs * std::max(fresh, static_cast<double>(run) / page);
  return r;
}

double ddr_load(const Access& access, const arch::DdrSpec& ddr, bool write) {
  if (ddr.run_cycles <= 0 && ddr.page_cycles <= 0) return 1;
  const DdrRuns r = ddr_runs(access, ddr.page_bytes);
  const double rate = write ? ddr.write_bytes_per_cycle : ddr.read_bytes_per_cycle;
  const double busy = (r.runs * ddr.run_cycles + r.pages * ddr.page_cycles) * rate;
  return std::max(1.0, busy / static_cast<double>(std::max<Bytes>(1, access.memory_bytes())));
}

double channel_wait(const Access& access, const arch::DdrSpec& ddr) {
  if (ddr.channel_page_cycles <= 0) return 0;
  const double pages = ddr_runs(access, ddr.page_bytes).pages;
  return pages * ddr.channel_page_cycles / static_cast<double>(std::max<Bytes>(1, access.memory_bytes()));
}

}  // namespace tessera::program
