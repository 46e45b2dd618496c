// What a pruned network may take at most.
#pragma once
#include <array>
#include <string>

namespace tessera::pruning {

enum class Quantity { latency_us, weight_bytes, energy_uj };
constexpr int quantity_count = 3;
constexpr std::array<Quantity, quantity_count> quantities{Quantity::latency_us, Quantity::weight_bytes,
                                                          Quantity::energy_uj};

const char* quantity_name(Quantity quantity);  // "latency_us"
const char* option_of(Quantity quantity);      // "--latency-us"
const char* unit_of(Quantity quantity);        // "us"

// One of each; 0 where the run does not count it.
using Amounts = std::array<double, quantity_count>;
inline double& amount(Amounts& amounts, Quantity q) { return amounts[static_cast<std::size_t>(q)]; }
inline double amount(const Amounts& amounts, Quantity q) { return amounts[static_cast<std::size_t>(q)]; }

struct Budget {
  Quantity quantity = Quantity::latency_us;
  double most = 0;
};

// "34.4 us"; bytes without a fraction.
std::string amount_text(double value, Quantity quantity);

}  // namespace tessera::pruning
