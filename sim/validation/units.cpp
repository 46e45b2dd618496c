#include "sim/validation/units.h"

#include <cctype>
#include <map>

namespace tessera::validation {
namespace {

// The letters that decide, without case and spaces: "GOP/s" and "Gops" are one unit. Bytes and bits differ in case
// only, so rates of bytes are compared as written.
std::string plain(const std::string& unit) {
  std::string text;
  for (std::size_t i = 0; i < unit.size(); ++i) {
    if (unit.compare(i, 2, "\xc2\xb5") == 0 || unit.compare(i, 2, "\xce\xbc") == 0) {  // the two micro signs
      text += 'u';
      ++i;
    } else if (unit[i] != ' ') {
      text += static_cast<char>(std::tolower(static_cast<unsigned char>(unit[i])));
    }
  }
  return text;
}

double factor(const std::map<std::string, double>& table, const std::string& unit) {
  const auto it = table.find(unit);
  return it == table.end() ? 0 : it->second;
}

const std::map<std::string, double> in_us = {{"ns", 1e-3}, {"us", 1},     {"usec", 1},
                                             {"ms", 1e3},  {"msec", 1e3}, {"s", 1e6}};

const std::map<std::string, double> macs_per_us = {  // of one unit
    {"mops", 0.5},   {"mop/s", 0.5},   {"mflops", 0.5},   {"mflop/s", 0.5},   {"mmac/s", 1},
    {"gops", 0.5e3}, {"gop/s", 0.5e3}, {"gflops", 0.5e3}, {"gflop/s", 0.5e3}, {"gmac/s", 1e3},
    {"tops", 0.5e6}, {"top/s", 0.5e6}, {"tflops", 0.5e6}, {"tflop/s", 0.5e6}, {"tmac/s", 1e6}};

const std::map<std::string, double> bytes_per_us = {
    {"MB/s", 1}, {"GB/s", 1e3}, {"MiB/s", 1.048576}, {"GiB/s", 1073.741824}};

const std::map<std::string, double> images_per_us = {
    {"fps", 1e-6}, {"frames/s", 1e-6}, {"images/s", 1e-6}, {"image/s", 1e-6}, {"img/s", 1e-6}};

}  // namespace

double stated_us(const MeasuredRow& row, double cycles) { return row.clock_ghz > 0 ? cycles / row.clock_ghz / 1e3 : 0; }

Prediction in_unit(const MeasuredRow& row, const Quantities& o, const std::string& bound_by) {
  const std::string unit = plain(row.unit);
  const auto told = [&](double value) { return Prediction{value, bound_by, "", "", "", ""}; };
  const auto no_time = [&] {
    return skip(row.clock_ghz > 0 ? "unit " + row.unit + ": no time is predicted for this row"
                                  : "unit " + row.unit + " needs a clock, and the row states none");
  };
  if (const double us = factor(in_us, unit)) return o.us > 0 ? told(o.us / us) : no_time();
  if (const double macs = factor(macs_per_us, unit); macs > 0 && o.macs > 0)
    return o.us > 0 ? told(o.macs / o.us / macs) : no_time();
  if (const double images = factor(images_per_us, unit); images > 0 && o.images > 0)
    return o.us > 0 ? told(o.images / o.us / images) : no_time();
  if (o.bytes > 0) {
    const std::string direction = " per direction";
    const auto at = row.unit.size() < direction.size() ? std::string::npos : row.unit.size() - direction.size();
    const bool each = at != std::string::npos && row.unit.substr(at) == direction;
    if (const double bytes = factor(bytes_per_us, each ? row.unit.substr(0, at) : row.unit)) {
      if (!each) return skip("unit " + row.unit + " does not say whether it is per direction");
      return o.us > 0 ? told(o.bytes / o.us / bytes) : no_time();
    }
  }
  if (const double bytes = factor(bytes_per_us, row.unit); bytes > 0 && o.bytes_mixed > 0)
    return o.us > 0 ? told(o.bytes_mixed / o.us / bytes) : no_time();
  if (unit == "ms/mbin" && o.bytes_in > 0) return o.us > 0 ? told(o.us * 1e3 / o.bytes_in) : no_time();
  const bool cycles = unit == "cycles" || (!o.per.empty() && unit == "cycles/" + o.per);
  if (cycles || unit == "mac/cycle" || unit == "macs/cycle" || unit == "mac/cycle/core") {
    if (o.cycles <= 0)
      return skip("unit " + row.unit + ": the timer of this row does not count cycles of the array alone");
    if (cycles) return told(o.cycles);
    if (o.macs > 0 && unit == "mac/cycle/core") return told(o.macs / o.cycles / o.cores);
    if (o.macs > 0 && o.cores > 1) return skip("unit " + row.unit + " does not say whether it is per core");
    if (o.macs > 0) return told(o.macs / o.cycles);
  }
  return skip("unit " + row.unit + " of a row of class " + row_class_name(row.row_class()));
}

}  // namespace tessera::validation
