#include "sim/import/declarations.h"

#include <fmt/format.h>

#include <map>
#include <set>

namespace tessera::import {
namespace {

bool agrees(const Dims& said, const Dims& made, bool sizes_count) {
  if (said.size() != made.size()) return false;
  for (std::size_t d = 0; sizes_count && d < said.size(); ++d)
    if (said[d] != 0 && said[d] != made[d]) return false;
  return true;
}

std::string text_of(const Dims& said) {
  if (said.empty()) return dims_text(said);
  std::string text;
  for (const std::int64_t side : said) text += (text.empty() ? "" : "x") + (side == 0 ? "?" : std::to_string(side));
  return text;
}

}  // namespace

std::vector<Problem> contradicted_declarations(const Graph& graph) {
  std::map<ValueId, const Declaration*> said;
  for (const Declaration& declaration : graph.declarations) said[declaration.value] = &declaration;
  std::vector<Problem> problems;
  std::set<ValueId> doubtful;  // contradicted values, and what is made of them
  for (const Node& node : graph.nodes) {
    bool of_doubtful = false;
    for (const ValueId id : node.inputs) of_doubtful = of_doubtful || doubtful.count(id) > 0;
    for (const ValueId id : node.outputs) {
      if (of_doubtful) doubtful.insert(id);
      const auto it = said.find(id);
      if (of_doubtful || it == said.end()) continue;
      const Value& value = graph.values[static_cast<std::size_t>(id)];
      if (!value.known || agrees(it->second->shape, value.shape, !graph.sizes_were_chosen)) continue;
      doubtful.insert(id);
      problems.push_back({graph.file, node_path(node),
                          fmt::format("makes '{}' of {}, and the file says {}", value.name, dims_text(value.shape),
                                      text_of(it->second->shape)),
                          "the shape that follows from its inputs and attributes, or none"});
    }
  }
  return problems;
}

}  // namespace tessera::import
