// Elements put in place of others, or picked, at places that stand in the file, triangles of matrices, and running
// sums.
#include <algorithm>
#include <numeric>

#include "sim/import/infer.h"
#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

constexpr std::int64_t most_steps = 4096;  // of a running sum, which is a product with a square of as many rows

// By dimension of the tensor, the places that are named: all combinations, the last dimension first.
using Box = std::vector<Dims>;

std::optional<Box> box_of(const Tensor& indices, const Dims& shape) {
  const auto depth = static_cast<std::size_t>(indices.shape.back());
  Dims all = integers(indices);
  Box box(depth);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] < 0) all[i] += shape[i % depth];
    Dims& list = box[i % depth];
    if (std::find(list.begin(), list.end(), all[i]) == list.end()) list.push_back(all[i]);
  }
  std::size_t count = depth;
  for (const Dims& list : box) count *= list.size();
  if (count != all.size()) return std::nullopt;
  Dims sizes;
  for (const Dims& list : box) sizes.push_back(static_cast<std::int64_t>(list.size()));
  Walk walk(sizes, {});
  for (std::size_t i = 0; i < all.size(); i += depth, walk.next())
    for (std::size_t d = 0; d < depth; ++d)
      if (all[i + d] != box[d][static_cast<std::size_t>(walk.index()[d])]) return std::nullopt;
  return box;
}

bool is_all(const Dims& places, std::int64_t size) {
  for (std::size_t i = 0; i < places.size(); ++i)
    if (places[i] != static_cast<std::int64_t>(i)) return false;
  return static_cast<std::int64_t>(places.size()) == size;
}

ValueId gathered(Rewriter& r, const Node& node, ValueId from, const Dims& places, std::size_t axis) {
  Dims shape = r.shape(from);
  shape[axis] = static_cast<std::int64_t>(places.size());
  return r.add(node, "Gather", {from, r.integers(node, places)}, shape, {{"axis", static_cast<std::int64_t>(axis)}});
}

// `data` with `updates` in the box, whose dimensions before `from` are whole.
ValueId assigned(Rewriter& r, const Node& node, ValueId data, ValueId updates, const Box& box, std::size_t from) {
  Dims shape = r.shape(data);
  while (from < box.size() && is_all(box[from], shape[from])) ++from;
  if (from == box.size()) return updates;
  const Dims& places = box[from];
  const bool last = std::all_of(box.begin() + static_cast<std::ptrdiff_t>(from) + 1, box.end(), [&](const Dims& list) {
    return is_all(list, shape[static_cast<std::size_t>(&list - box.data())]);
  });
  const ValueId part =
      last ? updates : assigned(r, node, gathered(r, node, data, places, from), updates, box, from + 1);
  const std::int64_t size = shape[from];
  Dims order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = 0; i < places.size(); ++i)
    order[static_cast<std::size_t>(places[i])] = size + static_cast<std::int64_t>(i);
  shape[from] += static_cast<std::int64_t>(places.size());
  const ValueId both = r.add(node, "Concat", {data, part}, shape, {{"axis", static_cast<std::int64_t>(from)}});
  return gathered(r, node, both, order, from);
}

// The places of all dimensions that ScatterElements names by those along an axis.
Tensor full_places(const Tensor& along, std::size_t axis) {
  Dims all;
  Walk walk(along.shape, {});
  for (const std::int64_t place : integers(along)) {
    for (std::size_t d = 0; d < along.shape.size(); ++d) all.push_back(d == axis ? place : walk.index()[d]);
    walk.next();
  }
  Dims shape = along.shape;
  shape.push_back(static_cast<std::int64_t>(along.shape.size()));
  return make_tensor(DataType::i64, std::move(shape), all);
}

bool rewrite_assignment(Rewriter& r, const Node& node) {
  const Tensor* indices = r.constant(node, 1);
  const auto reduction = node.attributes.find("reduction");
  const auto* word = reduction == node.attributes.end() ? nullptr : std::get_if<std::string>(&reduction->second);
  if (indices == nullptr || indices->elements() == 0 || (word != nullptr && *word != "none")) return false;
  const Dims shape = r.shape(node.inputs[0]);
  const std::int64_t axis = integer_of(node, "axis", 0);
  const auto from_front = static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(shape.size()) : axis);
  const bool by_elements = node.op == "ScatterElements";
  const std::optional<Box> box = box_of(by_elements ? full_places(*indices, from_front) : *indices, shape);
  if (!box) return false;
  Dims sides = shape;
  for (std::size_t d = 0; d < box->size(); ++d) sides[d] = static_cast<std::int64_t>((*box)[d].size());
  ValueId updates = node.inputs[2];
  if (r.shape(updates) != sides)
    updates = r.value(updates).constant ? r.reshaped_constant(node, updates, sides)
                                        : r.add(node, "Reshape", {updates, r.integers(node, sides)}, sides);
  r.finish(node, "Identity", {assigned(r, node, node.inputs[0], updates, *box, 0)});
  return true;
}

// GatherND whose places are all combinations of those of single dimensions: a Gather for each.
bool rewrite_box(Rewriter& r, const Node& node) {
  const Tensor* indices = r.constant(node, 1);
  if (indices == nullptr || indices->elements() == 0) return false;
  const Dims shape = r.shape(node.inputs[0]);
  const std::optional<Box> box = box_of(*indices, shape);
  if (!box) return false;
  ValueId part = node.inputs[0];
  for (std::size_t d = 0; d < box->size(); ++d)
    if (!is_all((*box)[d], shape[d])) part = gathered(r, node, part, (*box)[d], d);
  r.finish(node, "Reshape", {part, r.integers(node, r.shape(node.outputs[0]))});
  return true;
}

// GatherElements whose places along the axis are the same everywhere: a Gather.
bool rewrite_places(Rewriter& r, const Node& node) {
  const Tensor* indices = r.constant(node, 1);
  const Dims shape = r.shape(node.inputs[0]);
  const std::int64_t rank = static_cast<std::int64_t>(shape.size()), given = integer_of(node, "axis", 0);
  if (indices == nullptr || rank == 0 || given < -rank || given >= rank) return false;
  const auto axis = static_cast<std::size_t>((given + rank) % rank);
  Dims places(static_cast<std::size_t>(indices->shape[axis]), -1), sides = shape;
  sides[axis] = indices->shape[axis];
  if (indices->shape != sides) return false;
  Walk walk(sides, {});
  for (std::int64_t place : integers(*indices)) {
    if (place < 0) place += shape[axis];
    std::int64_t& known = places[static_cast<std::size_t>(walk.index()[axis])];
    if (known >= 0 && known != place) return false;
    known = place;
    walk.next();
  }
  r.finish(node, "Gather", {node.inputs[0], r.integers(node, places)}, {{"axis", static_cast<std::int64_t>(axis)}});
  return true;
}

// What stands above or below a diagonal: a product with ones and zeros.
bool rewrite_triangle(Rewriter& r, const Node& node) {
  const Dims shape = r.shape(node.inputs[0]);
  const bool given = node.inputs.size() > 1 && node.inputs[1] != no_value;
  const std::optional<double> shift = given ? r.number(node, 1) : 0;
  if (!shift || shape.size() < 2) return false;
  const bool upper = integer_of(node, "upper", 1) != 0;
  const Dims sides(shape.end() - 2, shape.end());
  std::vector<double> keep;
  for (std::int64_t row = 0; row < sides[0]; ++row)
    for (std::int64_t column = 0; column < sides[1]; ++column) {
      const double above = static_cast<double>(column - row) - *shift;
      keep.push_back((upper ? above >= 0 : above <= 0) ? 1 : 0);
    }
  r.finish(node, "Mul", {node.inputs[0], r.reals(node, sides, keep)});
  return true;
}

// Sums of all elements up to each: a product with a triangle of ones.
bool rewrite_running_sum(Rewriter& r, const Node& node) {
  const Dims shape = r.shape(node.inputs[0]);
  const std::optional<double> given = r.number(node, 1);
  if (!given || shape.size() < 2) return false;
  const auto rank = static_cast<std::int64_t>(shape.size());
  const auto axis = static_cast<std::size_t>((static_cast<std::int64_t>(*given) + rank) % rank);
  const std::int64_t n = shape[axis];
  if (n > most_steps) return false;
  const bool reverse = integer_of(node, "reverse", 0) != 0, exclusive = integer_of(node, "exclusive", 0) != 0;
  std::vector<double> triangle;
  for (std::int64_t from = 0; from < n; ++from)
    for (std::int64_t to = 0; to < n; ++to)
      triangle.push_back((reverse ? from > to : from < to) || (from == to && !exclusive) ? 1 : 0);
  const ValueId matrix = r.reals(node, {n, n}, triangle);
  Dims order(shape.size()), turned = shape;
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[axis], order.back());
  std::swap(turned[axis], turned.back());
  if (axis + 1 == shape.size()) {
    r.finish(node, "MatMul", {node.inputs[0], matrix});
  } else {
    const ValueId rows = r.add(node, "Transpose", {node.inputs[0]}, turned, {{"perm", order}});
    r.finish(node, "Transpose", {r.add(node, "MatMul", {rows, matrix}, turned)}, {{"perm", order}});
  }
  return true;
}

bool write_out(Rewriter& r, const Node& node) {
  if (!node.domain.empty() || r.value(node.outputs[0]).constant) return false;
  if (node.op == "ScatterND" || node.op == "ScatterElements") return rewrite_assignment(r, node);
  if (node.op == "GatherElements") return rewrite_places(r, node);
  if (node.op == "GatherND") return rewrite_box(r, node);
  if (node.op == "Trilu") return rewrite_triangle(r, node);
  return node.op == "CumSum" && rewrite_running_sum(r, node);
}

}  // namespace

void write_out_assignments(Graph& graph) { Rewriter(graph).each(write_out); }

}  // namespace tessera::import
