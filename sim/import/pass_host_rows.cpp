// Rows of what layers compute that the inputs' integers name, as the last token of a text that CLIP looks for: a
// product with a matrix that has a one in each row, which the host makes.
#include <algorithm>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

// By value: whether it is an integer that the inputs' integers decide, and no constant.
std::vector<bool> decided_by_inputs(const Graph& graph) {
  std::vector<bool> decided(graph.values.size(), false);
  const auto value = [&](ValueId id) -> const Value& { return graph.values[static_cast<std::size_t>(id)]; };
  for (const ValueId input : graph.inputs) decided[static_cast<std::size_t>(input)] = !is_real(value(input).type);
  for (const Node& node : graph.nodes) {
    bool some = false, all = node.domain.empty();
    for (const ValueId id : node.inputs) {
      if (id == no_value || value(id).constant) continue;
      some = true;
      all = all && decided[static_cast<std::size_t>(id)];
    }
    for (const ValueId id : node.outputs)
      decided[static_cast<std::size_t>(id)] = some && all && value(id).known && !is_real(value(id).type);
  }
  return decided;
}

// Index `axis` of a tensor whose dimensions before it have one element.
struct Pick {
  ValueId data, indices;
  std::size_t axis;
};

std::optional<Pick> pick_of(Rewriter& r, const Node& node) {
  if (!node.domain.empty() || (node.op != "Gather" && node.op != "GatherND")) return std::nullopt;
  Pick pick{node.inputs[0], node.inputs[1], 0};
  const Dims &shape = r.shape(pick.data), indices = r.shape(pick.indices);
  std::int64_t axis = integer_of(node, "axis", 0);
  if (node.op == "GatherND") axis = indices.back() - 1;
  pick.axis = static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(shape.size()) : axis);
  const auto first = shape.begin();
  const bool one_list =
      std::all_of(first, first + static_cast<std::ptrdiff_t>(pick.axis), [](auto s) { return s == 1; });
  return one_list && integer_of(node, "batch_dims", 0) == 0 ? std::optional(pick) : std::nullopt;
}

bool multiply_by_picks(Rewriter& r, const Node& node, const std::vector<bool>& decided) {
  std::optional<Pick> pick = pick_of(r, node);
  if (!pick || r.value(pick->data).constant || !is_real(r.value(pick->data).type) ||
      !decided[static_cast<std::size_t>(pick->indices)])
    return false;
  const Dims shape = r.shape(pick->data);
  Dims named = r.shape(pick->indices);
  if (node.op == "GatherND") {
    const ValueId last = r.integers(node, {named.back() - 1});
    named.back() = 1;
    pick->indices = r.add(node, "Gather", {pick->indices, last}, named, {{"axis", std::int64_t{-1}}});
  }
  const std::int64_t rows = shape[pick->axis], picks = element_count(named), each = element_count(shape) / rows;
  Dims spread = named;
  spread.push_back(rows);
  const ValueId ones = r.add(node, "OneHot", {pick->indices, r.integers(node, {rows}), r.reals(node, {2}, {0, 1})},
                             spread, {{"axis", std::int64_t{-1}}});
  r.retype(ones, r.value(pick->data).type);
  const ValueId matrix = r.add(node, "Reshape", {ones}, {picks, rows}),
                list = r.add(node, "Reshape", {pick->data}, {rows, each}),
                made = r.add(node, "MatMul", {matrix, list}, {picks, each});
  r.finish(node, "Reshape", {made});
  return true;
}

}  // namespace

void pick_rows_by_products(Graph& graph) {
  const std::vector<bool> decided = decided_by_inputs(graph);
  Rewriter(graph).each([&](Rewriter& r, const Node& node) { return multiply_by_picks(r, node, decided); });
}

}  // namespace tessera::import
