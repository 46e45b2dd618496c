#include "sim/result/show.h"

#include <fmt/format.h>

namespace tessera::result {

std::string with_commas(std::int64_t value) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > (value < 0 ? 1 : 0); at -= 3) digits.insert(at, ",");
  return digits;
}

std::string show_time(double us) {
  return us >= 1000 ? fmt::format("{:.3f} ms", us / 1000) : fmt::format("{:.2f} us", us);
}

std::string show_bytes(double bytes) {
  if (bytes >= 1e6) return fmt::format("{:.2f} MB", bytes / 1e6);
  if (bytes >= 1e3) return fmt::format("{:.1f} kB", bytes / 1e3);
  return fmt::format("{:.0f} B", bytes);
}

std::string show_energy(double uj) {
  return uj >= 1000 ? fmt::format("{:.3f} mJ", uj / 1000) : fmt::format("{:.2f} uJ", uj);
}

std::string show_power(double mw) {
  return mw >= 1000 ? fmt::format("{:.3f} W", mw / 1000) : fmt::format("{:.1f} mW", mw);
}

std::string show_share(double share) { return fmt::format("{:.1f} %", share * 100); }
std::string show_ratio(double ratio) { return fmt::format("{:.3f}", ratio); }
std::string show_giga(double count) { return fmt::format("{:.3f} G", count / 1e9); }

}  // namespace tessera::result
