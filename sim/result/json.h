// result.json and the typed result, one into the other. The only place outside the readers of configs that sees
// untyped JSON of a result.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "sim/result/metric.h"

namespace tessera::result {

nlohmann::json json_of(const Value& value);
Value value_of(const nlohmann::json& json);

nlohmann::json to_json(const DensityResult& density);  // R of result.json
nlohmann::json to_json(const RunResult& run);
std::string json_text(const RunResult& run);  // as it is written to result.json

RunResult run_of(const nlohmann::json& result);  // result.json read again

// What a child process hands to its parent.
std::string pack(const DensityResult& density);
DensityResult unpack(const std::string& bytes);

// What the `sparsity` part and the `hardware` part of a resolved config say of the masks and of the hardware file.
SparsityResult given_sparsity(const nlohmann::json& part);
void read_origin(const nlohmann::json& part, HardwareResult& hardware);

// `object` with the values of a table, dots in names open objects; and the table's values out of it.
template <class Owner>
void write_metrics(const Owner& owner, const std::vector<Metric<Owner>>& table, nlohmann::json& object) {
  for (const Metric<Owner>& m : table) {
    if (!m.access.get) continue;
    const Value value = m.access.get(owner);
    if (std::holds_alternative<std::monostate>(value)) continue;
    nlohmann::json* at = &object;
    std::string::size_type begin = 0;
    for (auto dot = m.name.find('.'); dot != std::string::npos; dot = m.name.find('.', begin)) {
      at = &(*at)[m.name.substr(begin, dot - begin)];
      begin = dot + 1;
    }
    (*at)[m.name.substr(begin)] = json_of(value);
  }
}

template <class Owner>
void read_metrics(const nlohmann::json& object, const std::vector<Metric<Owner>>& table, Owner& owner) {
  for (const Metric<Owner>& m : table) {
    if (!m.access.set) continue;
    const nlohmann::json* at = &object;
    std::string::size_type begin = 0, dot = 0;
    while (at != nullptr && dot != std::string::npos) {
      dot = m.name.find('.', begin);
      const auto found = at->is_object() ? at->find(m.name.substr(begin, dot - begin)) : at->end();
      at = found == at->end() ? nullptr : &*found;
      begin = dot + 1;
    }
    if (at != nullptr && !at->is_null()) m.access.set(owner, value_of(*at));
  }
}

}  // namespace tessera::result
