// The `energy` part of a hardware file: all of its keys, or none of them.
#pragma once
#include <optional>
#include <vector>

#include "sim/arch/energy_spec.h"
#include "sim/config/document.h"
#include "sim/config/rule.h"

namespace tessera::config {

struct EnergyKey {
  const char *name, *meaning, *unit;
  double arch::EnergySpec::*member;
};
const std::vector<EnergyKey>& energy_keys();

Rule energy_rule();

// Of hardware that follows the rule; none where it has no such part.
std::optional<arch::EnergySpec> read_energy(const nlohmann::json& hardware);

}  // namespace tessera::config
