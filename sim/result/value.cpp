#include "sim/result/value.h"

#include <cmath>

#include "sim/result/show.h"

namespace tessera::result {

bool is_number(const Value& v) {
  return std::holds_alternative<std::int64_t>(v) || std::holds_alternative<std::uint64_t>(v) ||
         std::holds_alternative<double>(v);
}

double number(const Value& v) {
  if (const auto* whole = std::get_if<std::int64_t>(&v)) return static_cast<double>(*whole);
  if (const auto* positive = std::get_if<std::uint64_t>(&v)) return static_cast<double>(*positive);
  const auto* real = std::get_if<double>(&v);
  return real == nullptr ? 0 : *real;
}

std::string text(const Value& v) {
  const auto* found = std::get_if<std::string>(&v);
  return found == nullptr ? "" : *found;
}

Value cycles(Millicycles t) {
  if (t % millicycles_per_cycle == 0) return t / millicycles_per_cycle;
  return static_cast<double>(t) / 1000.0;
}

Millicycles millicycles(const Value& cycles) { return std::llround(number(cycles) * 1000.0); }

std::string shown(const Value& v, const std::string& unit) {
  if (!is_number(v)) return "-";
  const double n = number(v);
  if (unit == "us") return show_time(n);
  if (unit == "B") return show_bytes(n);
  if (unit == "share") return show_share(n);
  if (unit == "ratio") return show_ratio(n);
  if (unit == "uJ") return show_energy(n);
  if (unit == "mW") return show_power(n);
  if (unit == "multiply-accumulates") return show_giga(n);
  return with_commas(std::llround(n));
}

}  // namespace tessera::result
