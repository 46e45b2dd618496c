#include "sim/pruning/budget.h"

#include <fmt/format.h>

namespace tessera::pruning {
namespace {

struct Words {
  const char *name, *option, *unit;
};
constexpr Words words[] = {
    {"latency_us", "--latency-us", "us"}, {"weight_bytes", "--weight-bytes", "B"}, {"energy_uj", "--energy-uj", "uJ"}};

const Words& words_of(Quantity quantity) { return words[static_cast<int>(quantity)]; }

}  // namespace

const char* quantity_name(Quantity quantity) { return words_of(quantity).name; }
const char* option_of(Quantity quantity) { return words_of(quantity).option; }
const char* unit_of(Quantity quantity) { return words_of(quantity).unit; }

std::string amount_text(double value, Quantity quantity) {
  return fmt::format("{:.{}f} {}", value, quantity == Quantity::weight_bytes ? 0 : 1, unit_of(quantity));
}

}  // namespace tessera::pruning
