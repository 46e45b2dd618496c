// The value of a metric: what stands under its name in result.json, in a cell of a table, on the terminal.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/units.h"

namespace tessera::result {

struct Null {};  // the metric exists and has no value: null in JSON, an empty cell
struct Echo {    // a part of a config as it was given
  std::string json;
};

// monostate: the metric does not apply, its key is left out.
using Value = std::variant<std::monostate, Null, bool, std::int64_t, std::uint64_t, double, std::string,
                           std::vector<std::int64_t>, std::vector<std::string>, Echo>;

enum class Kind { number, text, other };  // other: lists and parts of configs

inline bool has_value(const Value& v) {
  return !std::holds_alternative<std::monostate>(v) && !std::holds_alternative<Null>(v);
}
bool is_number(const Value& v);
double number(const Value& v);     // 0 if it is none
std::string text(const Value& v);  // of a text; empty if it is none

// Time in cycles: whole numbers stay whole.
Value cycles(Millicycles t);
Millicycles millicycles(const Value& cycles);

// A number as the terminal shows it, by its unit: "2.034 ms", "25.60 MB", "12.3 %", "1,234,567"; "-" without one.
std::string shown(const Value& v, const std::string& unit);

}  // namespace tessera::result
