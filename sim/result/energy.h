// Energy of a run, in pJ: what happened times the table of the hardware file. Never compared with silicon here.
#pragma once
#include <array>
#include <cstdint>

namespace tessera::result {

// What the energy is spent on; the causes are exclusive and sum to the total.
enum class EnergyCause : std::uint8_t {
  mac,
  core_busy,
  core_waiting,
  core_memory,
  memory_tiles,
  streams,
  ddr,
  control,
  count
};
constexpr int energy_cause_count = static_cast<int>(EnergyCause::count);

struct Energy {
  std::array<double, energy_cause_count> pj{};

  double& operator[](EnergyCause c) { return pj[static_cast<std::size_t>(c)]; }
  double operator[](EnergyCause c) const { return pj[static_cast<std::size_t>(c)]; }
  double total() const {
    double sum = 0;
    for (const double part : pj) sum += part;
    return sum;
  }
  Energy& operator+=(const Energy& other) {
    for (std::size_t c = 0; c < pj.size(); ++c) pj[c] += other.pj[c];
    return *this;
  }
};

}  // namespace tessera::result
