// Operators that pick or place elements by index: Gather, GatherElements, GatherND, Pad, Trilu, ScatterElements,
// ScatterND.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstring>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

// Indices within [-side, side), counted from the front; a wrong one is refused.
bool wrap_indices(Call& call, Dims& indices, std::int64_t side) {
  for (std::int64_t& i : indices) {
    if (i < -side || i >= side) {
      call.refuse("indices", fmt::format("has {}", i), fmt::format("{} to {}", -side, side - 1));
      return false;
    }
    if (i < 0) i += side;
  }
  return true;
}

void check_index_type(Call& call) {
  if (call.type(1) != DataType::i64 && call.type(1) != DataType::i32)
    call.refuse("indices", fmt::format("are of {}", type_name(call.type(1))), "int32 or int64");
}

// Those that stand in the file, along the axis of an operator.
void check_indices_along_axis(Call& call) {
  const std::int64_t axis = call.axis("axis", 0, call.rank(0));
  if (call.refused() || call.constant(1) == nullptr) return;
  Dims indices = integers(*call.constant(1));
  wrap_indices(call, indices, call.shape(0)[static_cast<std::size_t>(axis)]);
}

void infer_gather(Call& call) {
  check_index_type(call);
  const auto axis = call.axis("axis", 0, call.rank(0));
  if (call.refused()) return;
  Dims shape = call.shape(0);
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, call.shape(1).begin(), call.shape(1).end());
  check_indices_along_axis(call);
  call.set(0, call.type(0), shape);
}
std::vector<Tensor> gather(Call& call) {
  const Tensor& from = *call.constant(0);
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  Dims indices = integers(*call.constant(1));
  if (!wrap_indices(call, indices, from.shape[axis])) return {};
  const std::int64_t outer =
      element_count(Dims(from.shape.begin(), from.shape.begin() + static_cast<std::int64_t>(axis)));
  const auto row = static_cast<std::size_t>(strides_of(from.shape)[axis] * type_bytes(from.type));
  const std::size_t plane = row * static_cast<std::size_t>(from.shape[axis]);
  std::string bytes;
  for (std::int64_t o = 0; o < outer; ++o)
    for (const std::int64_t i : indices)
      bytes.append(*from.bytes, static_cast<std::size_t>(o) * plane + static_cast<std::size_t>(i) * row, row);
  return {{from.type, call.output().shape, std::make_shared<const std::string>(std::move(bytes))}};
}

void infer_gather_elements(Call& call) {
  check_index_type(call);
  call.axis("axis", 0, call.rank(0));
  bool fits = call.rank(0) == call.rank(1);
  for (std::size_t d = 0; fits && !call.refused() && d < call.shape(0).size(); ++d)
    fits = static_cast<std::int64_t>(d) == call.axis("axis", 0, call.rank(0)) || call.shape(1)[d] <= call.shape(0)[d];
  if (!fits)
    return call.refuse("indices",
                       fmt::format("have the shape {} for {}", dims_text(call.shape(1)), dims_text(call.shape(0))),
                       "the same rank, and no side that is longer but the axis");
  check_indices_along_axis(call);
  call.set(0, call.type(0), call.shape(1));
}
std::vector<Tensor> gather_elements(Call& call) {
  const Tensor& from = *call.constant(0);
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  Dims indices = integers(*call.constant(1));
  if (!wrap_indices(call, indices, from.shape[axis])) return {};
  const auto size = static_cast<std::size_t>(type_bytes(from.type));
  Dims strides = strides_of(from.shape);
  const std::int64_t along = strides[axis];
  strides[axis] = 0;
  std::string bytes(indices.size() * size, '\0');
  Walk walk(call.output().shape, {strides});
  for (std::size_t n = 0; n < indices.size(); ++n, walk.next())
    std::memcpy(&bytes[n * size],
                from.bytes->data() + static_cast<std::size_t>(walk.offset(0) + indices[n] * along) * size, size);
  return {{from.type, call.output().shape, std::make_shared<const std::string>(std::move(bytes))}};
}

// Last dimension of the indices: how many leading dimensions of the data they address.
std::int64_t index_depth(Call& call) {
  check_index_type(call);
  const Dims& indices = call.shape(1);
  if (indices.empty() || indices.back() < 1 || indices.back() > call.rank(0)) {
    call.refuse("indices", "have the shape " + dims_text(indices),
                fmt::format("a last dimension of 1 to {}", call.rank(0)));
    return 0;
  }
  return indices.back();
}

// Byte offsets of the slices that GatherND and ScatterND address; a wrong index is refused.
std::vector<std::size_t> slice_offsets(Call& call) {
  const Dims strides = strides_of(call.shape(0));
  const auto depth = static_cast<std::size_t>(index_depth(call));
  const Dims indices = integers(*call.constant(1));
  std::vector<std::size_t> offsets(indices.size() / depth, 0);
  for (std::size_t n = 0; n < indices.size(); ++n) {
    Dims one{indices[n]};
    if (!wrap_indices(call, one, call.shape(0)[n % depth])) return {};
    offsets[n / depth] += static_cast<std::size_t>(one[0] * strides[n % depth] * type_bytes(call.type(0)));
  }
  return offsets;
}

void infer_gather_nd(Call& call) {
  const std::int64_t depth = index_depth(call);
  if (call.integer("batch_dims", 0) != 0) return call.refuse("batch_dims", "is not 0", "0");
  if (call.refused()) return;
  Dims shape(call.shape(1).begin(), call.shape(1).end() - 1);
  shape.insert(shape.end(), call.shape(0).begin() + depth, call.shape(0).end());
  if (call.constant(1) != nullptr) slice_offsets(call);
  call.set(0, call.type(0), shape);
}

std::size_t slice_bytes(Call& call) {
  return static_cast<std::size_t>(strides_of(call.shape(0))[static_cast<std::size_t>(index_depth(call)) - 1] *
                                  type_bytes(call.type(0)));
}
std::vector<Tensor> gather_nd(Call& call) {
  std::string bytes;
  for (const std::size_t offset : slice_offsets(call))
    bytes.append(*call.constant(0)->bytes, offset, slice_bytes(call));
  if (call.refused()) return {};
  return {{call.type(0), call.output().shape, std::make_shared<const std::string>(std::move(bytes))}};
}

void infer_scatter_nd(Call& call) {
  const std::int64_t depth = index_depth(call);
  if (call.refused()) return;
  Dims updates(call.shape(1).begin(), call.shape(1).end() - 1);
  updates.insert(updates.end(), call.shape(0).begin() + depth, call.shape(0).end());
  if (updates != call.shape(2) || call.type(2) != call.type(0))
    return call.refuse("updates", "have the shape " + dims_text(call.shape(2)), dims_text(updates));
  if (call.constant(1) != nullptr) slice_offsets(call);
  same_as_first(call);
}
std::vector<Tensor> scatter_nd(Call& call) {
  if (call.text("reduction", "none") != "none") {
    call.refuse("reduction", "is " + call.text("reduction", ""), "none");
    return {};
  }
  std::string bytes = *call.constant(0)->bytes;
  const std::size_t size = slice_bytes(call);
  std::size_t at = 0;
  for (const std::size_t offset : slice_offsets(call)) {
    bytes.replace(offset, size, *call.constant(2)->bytes, at, size);
    at += size;
  }
  return {{call.type(0), call.shape(0), std::make_shared<const std::string>(std::move(bytes))}};
}

void infer_scatter_elements(Call& call) {
  check_index_type(call);
  call.axis("axis", 0, call.rank(0));
  bool fits = call.rank(0) == call.rank(1) && call.shape(1) == call.shape(2) && call.type(2) == call.type(0);
  for (std::size_t d = 0; fits && d < call.shape(0).size(); ++d) fits = call.shape(1)[d] <= call.shape(0)[d];
  if (!fits)
    return call.refuse("indices",
                       fmt::format("have the shape {} and updates {} for {}", dims_text(call.shape(1)),
                                   dims_text(call.shape(2)), dims_text(call.shape(0))),
                       "one shape and type for all, no side longer than that of the data");
  check_indices_along_axis(call);
  same_as_first(call);
}
std::vector<Tensor> scatter_elements(Call& call) {
  if (call.text("reduction", "none") != "none") {
    call.refuse("reduction", "is " + call.text("reduction", ""), "none");
    return {};
  }
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  Dims indices = integers(*call.constant(1));
  if (!wrap_indices(call, indices, call.shape(0)[axis])) return {};
  const auto size = static_cast<std::size_t>(type_bytes(call.type(0)));
  Dims strides = strides_of(call.shape(0));
  const std::int64_t along = strides[axis];
  strides[axis] = 0;
  std::string bytes = *call.constant(0)->bytes;
  Walk walk(call.shape(1), {strides});
  for (std::size_t n = 0; n < indices.size(); ++n, walk.next())
    bytes.replace(static_cast<std::size_t>(walk.offset(0) + indices[n] * along) * size, size, *call.constant(2)->bytes,
                  n * size, size);
  return {{call.type(0), call.shape(0), std::make_shared<const std::string>(std::move(bytes))}};
}

// Padding before and after every dimension; negative ones crop.
Dims pads_of(Call& call) {
  const Dims given = call.integer_list(1, "pads");
  const auto rank = static_cast<std::size_t>(call.rank(0));
  Dims axes;
  for (std::size_t d = 0; d < rank; ++d) axes.push_back(static_cast<std::int64_t>(d));
  if (call.has(3)) axes = call.integer_list(3, "axes");
  Dims pads(2 * rank, 0);
  if (given.size() != 2 * axes.size()) {
    call.refuse("pads", fmt::format("has {} entries", given.size()), fmt::format("{}", 2 * axes.size()));
    return pads;
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(call.checked_axis(axes[i], call.rank(0), "axes"));
    for (const std::int64_t p : {given[i], given[i + axes.size()]})
      if (p < -max_elements || p > max_elements) call.refuse("pads", fmt::format("has {}", p), "smaller padding");
    if (call.refused()) return pads;
    pads[d] = given[i];
    pads[d + rank] = given[i + axes.size()];
  }
  return pads;
}
void infer_pad(Call& call) {
  const Dims pads = pads_of(call);
  if (call.refused()) return;
  Dims shape = call.shape(0);
  const std::string mode = call.word("mode", {"constant", "edge", "reflect", "wrap"});
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (mode == "reflect" && std::max(pads[d], pads[d + shape.size()]) >= std::max<std::int64_t>(shape[d], 1))
      return call.refuse("pads", fmt::format("is [{}]", fmt::join(pads, ", ")), "less than the side that is reflected");
    shape[d] += pads[d] + pads[d + shape.size()];
    if (shape[d] < 0) return call.refuse("pads", fmt::format("is [{}]", fmt::join(pads, ", ")), "sides of at least 0");
  }
  call.set(0, call.type(0), shape);
}

// Place in a side of `size` of the padded place `p`, counted from the side's begin; -1: padding.
std::int64_t padded_place(std::int64_t p, std::int64_t size, const std::string& mode) {
  if (p >= 0 && p < size) return p;
  if (mode == "constant" || size == 0) return -1;
  if (mode == "edge") return p < 0 ? 0 : size - 1;
  if (mode == "wrap") return ((p % size) + size) % size;
  return p < 0 ? -p : 2 * (size - 1) - p;
}
std::vector<Tensor> pad(Call& call) {
  const Tensor& from = *call.constant(0);
  const Dims pads = pads_of(call), strides = strides_of(from.shape);
  const std::string mode = call.text("mode", "constant");
  const auto size = static_cast<std::size_t>(type_bytes(from.type));
  std::string filling(size, '\0');
  if (call.has(2) && call.constant(2)->bytes->size() == size) filling = *call.constant(2)->bytes;
  const Dims& shape = call.output().shape;
  std::string bytes(static_cast<std::size_t>(element_count(shape)) * size, '\0');
  Walk walk(shape, {});
  for (std::size_t at = 0; at < bytes.size(); at += size, walk.next()) {
    std::int64_t offset = 0;
    for (std::size_t d = 0; d < shape.size() && offset >= 0; ++d) {
      const std::int64_t place = padded_place(walk.index()[d] - pads[d], from.shape[d], mode);
      offset = place < 0 ? -1 : offset + place * strides[d];
    }
    std::memcpy(&bytes[at], offset < 0 ? filling.data() : from.bytes->data() + static_cast<std::size_t>(offset) * size,
                size);
  }
  return {{from.type, shape, std::make_shared<const std::string>(std::move(bytes))}};
}

void infer_trilu(Call& call) {
  if (call.rank(0) < 2) return call.refuse("", "reads " + dims_text(call.shape(0)), "a matrix, or a batch of them");
  same_as_first(call);
}
std::vector<Tensor> trilu(Call& call) {
  const Tensor& from = *call.constant(0);
  const std::int64_t k = call.has(1) ? integers(*call.constant(1)).at(0) : 0;
  const bool upper = call.integer("upper", 1) != 0;
  const auto size = static_cast<std::size_t>(type_bytes(from.type));
  std::string bytes = *from.bytes;
  Walk walk(from.shape, {});
  for (std::size_t at = 0; at < bytes.size(); at += size, walk.next()) {
    const std::int64_t row = walk.index()[from.shape.size() - 2], column = walk.index().back();
    const bool kept = upper ? column - row >= k : column - row <= k;
    if (!kept) std::memset(&bytes[at], 0, size);
  }
  return {{from.type, from.shape, std::make_shared<const std::string>(std::move(bytes))}};
}

}  // namespace

const std::vector<Operator>& indexing_operators() {
  static const std::vector<Operator> table = {
      {"Gather", 2, 2, infer_gather, gather, "axis"},
      {"GatherElements", 2, 2, infer_gather_elements, gather_elements, "axis"},
      {"GatherND", 2, 2, infer_gather_nd, gather_nd, "batch_dims"},
      {"Pad", 2, 4, infer_pad, pad, "mode"},
      {"ScatterElements", 3, 3, infer_scatter_elements, scatter_elements, "axis reduction"},
      {"ScatterND", 3, 3, infer_scatter_nd, scatter_nd, "reduction"},
      {"Trilu", 1, 2, infer_trilu, trilu, "upper"},
  };
  return table;
}

}  // namespace tessera::import
