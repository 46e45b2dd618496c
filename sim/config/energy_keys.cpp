#include "sim/config/energy_keys.h"

namespace tessera::config {

const std::vector<EnergyKey>& energy_keys() {
  using E = arch::EnergySpec;
  static const std::vector<EnergyKey> keys{
      {"mac_i8_pj", "a multiply-accumulate of int8 into int32", "pJ", &E::mac_i8_pj},
      {"mac_i16_pj", "a multiply-accumulate of int16 into int32", "pJ", &E::mac_i16_pj},
      {"mac_bf16_pj", "a multiply-accumulate of bf16 into f32", "pJ", &E::mac_bf16_pj},
      {"core_busy_pj", "a cycle of a core in a kernel call, beside multiply-accumulates and memory", "pJ",
       &E::core_busy_pj},
      {"core_waiting_pj", "a cycle of a core outside kernel calls", "pJ", &E::core_waiting_pj},
      {"core_read_pj", "a byte read from the data memory of a compute tile", "pJ", &E::core_read_pj},
      {"core_write_pj", "a byte written to it", "pJ", &E::core_write_pj},
      {"memtile_read_pj", "a byte read from a memory tile", "pJ", &E::memtile_read_pj},
      {"memtile_write_pj", "a byte written to it", "pJ", &E::memtile_write_pj},
      {"hop_pj", "a byte over one link between stream switches", "pJ", &E::hop_pj},
      {"ddr_read_pj", "a byte read from host memory", "pJ", &E::ddr_read_pj},
      {"ddr_write_pj", "a byte written to it", "pJ", &E::ddr_write_pj},
      {"control_operation_pj",
       "an operation of the firmware or of control packets: a descriptor, an address, a register, a task or a token",
       "pJ", &E::control_operation_pj},
      {"core_operation_pj", "the same of a core that starts the transfers of its own tile", "pJ",
       &E::core_operation_pj},
  };
  return keys;
}

Rule energy_rule() {
  std::vector<std::pair<std::string, Rule>> rules;
  std::vector<std::string> required;
  for (const EnergyKey& key : energy_keys()) {
    Rule quantity = Rule::quantity(key.meaning, 0, 1e6, key.unit, false);
    quantity.one_for_all = true;
    rules.emplace_back(key.name, std::move(quantity));
    required.emplace_back(key.name);
  }
  return Rule::object("energy of single events; without it no energy is reported", std::move(rules),
                      std::move(required));
}

std::optional<arch::EnergySpec> read_energy(const nlohmann::json& hardware) {
  const auto part = hardware.find("energy");
  if (part == hardware.end()) return std::nullopt;
  arch::EnergySpec energy;
  for (const EnergyKey& key : energy_keys()) {
    const nlohmann::json& value = part->at(key.name);
    energy.*(key.member) = (value.is_object() ? value.at("value") : value).get<double>();
  }
  return energy;
}

}  // namespace tessera::config
