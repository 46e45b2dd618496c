// What a mapping may contain as JSON, and what a config may force of it: one rule, one reader.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>

#include "sim/config/rule.h"
#include "sim/mapping/mapping.h"

namespace tessera::mapping {

// Parts of a LayerMapping that are given; the others are chosen.
struct ForcedMapping {
  std::optional<Axis> cols, rows;
  std::optional<TileSizes> tile;
  std::optional<bool> weights_stationary, chunks_staged;
  std::optional<bool> zeros_kept;  // of the whole layer: Mapping::zeros_kept
  struct {
    std::optional<int> input, weights, operand, output;
    bool any() const { return input || weights || operand || output; }
  } buffers;
  struct {
    std::optional<int> acts, spills, weights, results, loads;
    bool any() const { return acts || spills || weights || results || loads; }
  } channels;
  struct {
    std::optional<int> aside;
    std::optional<bool> operand_first;
    bool any() const { return aside || operand_first; }
  } inbound;
};

config::Rule layer_mapping_rule();   // of one layer, every key optional
config::Rule forced_mapping_rule();  // the same, and whether the layer keeps its zeros
config::Rule mapping_rule();         // of a whole network

// What follows its rule.
ForcedMapping read_layer_mapping(const nlohmann::json& given);
nlohmann::ordered_json layer_mapping_json(const LayerMapping& mapping);

}  // namespace tessera::mapping
