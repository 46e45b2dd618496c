// Energy of a run and of a layer alike: one line per cause.
#pragma once
#include "sim/result/metric.h"

namespace tessera::result {

struct EnergyText {
  EnergyCause cause;
  const char *name, *sentence, *formula;
};
const std::vector<EnergyText>& energy_texts();

constexpr double pj_per_uj = 1e6;

// Appends energy.mac_uj, energy.core_busy_uj, ...
template <class Owner>
void add_energy_causes(std::vector<Metric<Owner>>& table) {
  for (const EnergyText& text : energy_texts()) {
    const EnergyCause cause = text.cause;
    const Access<Owner> access{
        Kind::number, [cause](const Owner& o) { return o.energy ? Value((*o.energy)[cause] / pj_per_uj) : Value(); },
        [cause](Owner& o, const Value& v) {
          if (!o.energy) o.energy.emplace();
          (*o.energy)[cause] = number(v) * pj_per_uj;
        }};
    table.push_back({std::string("energy.") + text.name + "_uj", "uJ", text.sentence, text.formula, access});
  }
}

}  // namespace tessera::result
