// Operators that only move elements or rename dimensions; all work on bytes, whatever the type.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

std::vector<Tensor> rename(Call& call) { return {{call.type(0), call.output().shape, call.constant(0)->bytes}}; }

// A list of axes without doubles, counted from the front.
std::vector<std::int64_t> axes_of(Call& call, const Dims& given, std::int64_t rank) {
  std::set<std::int64_t> axes;
  for (const std::int64_t axis : given)
    if (!axes.insert(call.checked_axis(axis, rank, "axes")).second && !call.refused())
      call.refuse("axes", fmt::format("names {} twice", axis), "each axis once");
  return {axes.begin(), axes.end()};
}

void infer_reshape(Call& call) {
  Dims shape = call.integer_list(1, "shape");
  if (call.refused()) return;
  const bool zero_is_zero = call.integer("allowzero", 0) != 0;
  const Dims wanted = shape;
  std::int64_t open = -1;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0 && !zero_is_zero && d < call.shape(0).size()) shape[d] = call.shape(0)[d];
    if (shape[d] == -1 && open < 0) {
      open = static_cast<std::int64_t>(d);
      shape[d] = 1;
    }
  }
  const std::int64_t have = element_count(call.shape(0)), rest = element_count(shape);
  if (open >= 0 && rest > 0 && have % rest == 0) shape[static_cast<std::size_t>(open)] = have / rest;
  if (element_count(shape) != have)
    return call.refuse("shape",
                       fmt::format("is [{}] for a tensor of {}", fmt::join(wanted, ", "), dims_text(call.shape(0))),
                       fmt::format("a shape of {} elements", have));
  call.set(0, call.type(0), shape);
}

void infer_flatten(Call& call) {
  const std::int64_t rank = call.rank(0), axis = call.integer("axis", 1);
  const std::int64_t at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at > rank) return call.refuse("axis", fmt::format("is {}", axis), fmt::format("{} to {}", -rank, rank));
  const Dims& in = call.shape(0);
  const Dims head(in.begin(), in.begin() + at), tail(in.begin() + at, in.end());
  call.set(0, call.type(0), {element_count(head), element_count(tail)});
}

void infer_squeeze(Call& call) {
  Dims axes;
  for (std::int64_t d = 0; d < call.rank(0) && !call.has(1); ++d)
    if (call.shape(0)[static_cast<std::size_t>(d)] == 1) axes.push_back(d);
  if (call.has(1)) axes = axes_of(call, call.integer_list(1, "axes"), call.rank(0));
  if (call.refused()) return;
  Dims shape = call.shape(0);
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) {
    if (shape[static_cast<std::size_t>(*axis)] != 1)
      return call.refuse("axes", fmt::format("names {} of {}", *axis, dims_text(call.shape(0))),
                         "dimensions of size 1");
    shape.erase(shape.begin() + *axis);
  }
  call.set(0, call.type(0), shape);
}

void infer_unsqueeze(Call& call) {
  const Dims given = call.integer_list(1, "axes");
  const Dims axes = axes_of(call, given, call.rank(0) + static_cast<std::int64_t>(given.size()));
  if (call.refused()) return;
  Dims shape = call.shape(0);
  for (const std::int64_t axis : axes) shape.insert(shape.begin() + axis, 1);
  call.set(0, call.type(0), shape);
}

Dims permutation(Call& call) {
  Dims reversed;
  for (std::int64_t d = call.rank(0); d-- > 0;) reversed.push_back(d);
  return call.integers("perm", reversed);
}
void infer_transpose(Call& call) {
  const Dims perm = permutation(call);
  Dims sorted = perm, shape;
  std::sort(sorted.begin(), sorted.end());
  for (std::int64_t d = 0; d < call.rank(0); ++d)
    if (static_cast<std::int64_t>(sorted.size()) != call.rank(0) || sorted[static_cast<std::size_t>(d)] != d)
      return call.refuse("perm", fmt::format("is [{}]", fmt::join(perm, ", ")),
                         fmt::format("an order of {} dimensions", call.rank(0)));
  for (const std::int64_t d : perm) shape.push_back(call.shape(0)[static_cast<std::size_t>(d)]);
  call.set(0, call.type(0), shape);
}
std::vector<Tensor> transpose(Call& call) {
  const Dims own = strides_of(call.shape(0));
  Dims strides;
  for (const std::int64_t d : permutation(call)) strides.push_back(own[static_cast<std::size_t>(d)]);
  return {strided_copy(*call.constant(0), call.output().shape, 0, strides)};
}

void infer_expand(Call& call) {
  const Dims shape = call.integer_list(1, "shape");
  if (element_count(shape) < 0)
    return call.refuse("shape", fmt::format("is [{}]", fmt::join(shape, ", ")), "sizes of at least 0, not too large");
  call.set(0, call.type(0), broadcast(call, call.shape(0), shape));
}
std::vector<Tensor> expand(Call& call) {
  const Dims& shape = call.output().shape;
  return {strided_copy(*call.constant(0), shape, 0, broadcast_strides(call.shape(0), shape))};
}

void infer_tile(Call& call) {
  const Dims repeats = call.integer_list(1, "repeats");
  Dims shape = call.shape(0);
  if (repeats.size() != shape.size() || element_count(repeats) < 0)
    return call.refuse("repeats", fmt::format("is [{}]", fmt::join(repeats, ", ")),
                       fmt::format("{} numbers of at least 0", shape.size()));
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (element_count({shape[d], repeats[d]}) < 0)
      return call.refuse("repeats", fmt::format("is [{}]", fmt::join(repeats, ", ")), "a smaller tensor");
    shape[d] *= repeats[d];
  }
  call.set(0, call.type(0), shape);
}
std::vector<Tensor> tile(Call& call) {
  // Each dimension as a pair: repetition (stride 0) and place.
  const Dims repeats = integers(*call.constant(1)), own = strides_of(call.shape(0));
  Dims pairs, strides;
  for (std::size_t d = 0; d < repeats.size(); ++d) {
    pairs.insert(pairs.end(), {repeats[d], call.shape(0)[d]});
    strides.insert(strides.end(), {0, own[d]});
  }
  Tensor out = strided_copy(*call.constant(0), pairs, 0, strides);
  out.shape = call.output().shape;
  return {out};
}

void infer_concat(Call& call) {
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  if (call.refused()) return;
  Dims shape = call.shape(0);
  for (int i = 1; i < call.inputs(); ++i) {
    Dims other = call.shape(i);
    if (call.type(i) != call.type(0))
      return call.refuse("", fmt::format("joins {} and {}", type_name(call.type(0)), type_name(call.type(i))),
                         "one type");
    if (other.size() == shape.size()) {
      shape[axis] += other[axis];
      other[axis] = shape[axis];
    }
    if (other != shape)
      return call.refuse(
          "", fmt::format("joins {} and {} along axis {}", dims_text(call.shape(0)), dims_text(call.shape(i)), axis),
          "shapes that are equal but for the axis");
  }
  call.set(0, call.type(0), shape);
}
std::vector<Tensor> concat(Call& call) {
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  const Dims& shape = call.output().shape;
  const std::int64_t outer = element_count(Dims(shape.begin(), shape.begin() + static_cast<std::int64_t>(axis)));
  std::string bytes;
  for (std::int64_t o = 0; o < outer; ++o)
    for (int i = 0; i < call.inputs(); ++i) {
      const std::string& part = *call.constant(i)->bytes;
      const std::size_t row = part.size() / static_cast<std::size_t>(outer);
      bytes.append(part, static_cast<std::size_t>(o) * row, row);
    }
  return {{call.type(0), shape, std::make_shared<const std::string>(std::move(bytes))}};
}

// Sizes of the parts of a split.
Dims split_sizes(Call& call, std::int64_t whole) {
  if (call.has(1)) return call.integer_list(1, "split");
  const std::int64_t parts = call.integer("num_outputs", call.wanted_outputs());
  if (parts < 1 || parts > max_dimensions * 4096) return {};
  const std::int64_t size = (whole + parts - 1) / parts;
  Dims sizes(static_cast<std::size_t>(parts), size);
  sizes.back() = whole - size * (parts - 1);
  return sizes;
}
void infer_split(Call& call) {
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  if (call.refused()) return;
  Dims shape = call.shape(0);
  const Dims sizes = split_sizes(call, shape[axis]);
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) sum = size < 0 || sum > shape[axis] ? -1 : sum + size;
  if (call.refused()) return;
  if (sum != shape[axis] || static_cast<int>(sizes.size()) != call.wanted_outputs() || element_count(sizes) < 0)
    return call.refuse("split",
                       fmt::format("is [{}] for {} outputs of a side of {}", fmt::join(sizes, ", "),
                                   call.wanted_outputs(), call.shape(0)[axis]),
                       "a size per output, the side in all");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    shape[axis] = sizes[i];
    call.set(static_cast<int>(i), call.type(0), shape);
  }
}
std::vector<Tensor> split(Call& call) {
  const auto axis = static_cast<std::size_t>(call.axis("axis", 0, call.rank(0)));
  const Dims strides = strides_of(call.shape(0));
  std::vector<Tensor> parts;
  std::int64_t at = 0;
  for (const TensorType& part : call.outputs()) {
    parts.push_back(strided_copy(*call.constant(0), part.shape, at * strides[axis], strides));
    at += part.shape[axis];
  }
  return parts;
}

struct Cut {
  Dims start, step, size;  // by dimension
};
Cut cut_of(Call& call) {
  const std::int64_t rank = call.rank(0);
  Cut cut{Dims(call.shape(0).size(), 0), Dims(call.shape(0).size(), 1), call.shape(0)};
  const Dims starts = call.integer_list(1, "starts"), ends = call.integer_list(2, "ends");
  Dims axes, steps(starts.size(), 1);
  for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  if (call.has(3)) axes = call.integer_list(3, "axes");
  if (call.has(4)) steps = call.integer_list(4, "steps");
  if (call.refused()) return cut;
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size() ||
      std::count(steps.begin(), steps.end(), 0) > 0) {
    call.refuse("starts",
                fmt::format("has {} entries, ends {}, axes {}, steps {}", starts.size(), ends.size(), axes.size(),
                            steps.size()),
                "as many of each, and no step of 0");
    return cut;
  }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto d = static_cast<std::size_t>(call.checked_axis(axes[i], rank, "axes"));
    if (call.refused()) return cut;
    const std::int64_t side = call.shape(0)[d], step = std::clamp(steps[i], -side - 1, side + 1);
    // Counted from the end when negative, then clamped to what a walk in this direction can reach.
    const auto place = [&](std::int64_t p, std::int64_t low, std::int64_t high) {
      return std::clamp(p < 0 ? std::max(p, -side - 1) + side : p, low, high);
    };
    const std::int64_t start =
        step > 0 ? place(starts[i], 0, side) : place(starts[i], 0, std::max<std::int64_t>(side - 1, 0));
    const std::int64_t end = step > 0 ? place(ends[i], 0, side) : place(ends[i], -1, side - 1);
    const std::int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    cut.start[d] = start;
    cut.step[d] = step;
    cut.size[d] = side == 0 || span <= 0 ? 0 : (span + stride - 1) / stride;
  }
  return cut;
}
void infer_slice(Call& call) { call.set(0, call.type(0), cut_of(call).size); }
std::vector<Tensor> slice(Call& call) {
  const Cut cut = cut_of(call);
  Dims strides = strides_of(call.shape(0));
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < strides.size(); ++d) {
    offset += cut.start[d] * strides[d];
    strides[d] *= cut.step[d];
  }
  return {strided_copy(*call.constant(0), cut.size, offset, strides)};
}

// Splits the channels of NCHW into (block, block, channels) or merges them; by the order of the six dimensions.
void infer_blocks(Call& call) {
  const std::int64_t block = call.integer("blocksize", 0);
  const bool to_space = call.node().op == "DepthToSpace";
  if (to_space) call.word("mode", {"DCR", "CRD"});
  const Dims& in = call.shape(0);
  if (block < 1 || block > 4096) return call.refuse("blocksize", fmt::format("is {}", block), "1 to 4096");
  const bool fits =
      in.size() == 4 && (to_space ? in[1] % (block * block) == 0 : in[2] % block == 0 && in[3] % block == 0);
  if (!fits) return call.refuse("blocksize", fmt::format("is {} for {}", block, dims_text(in)), "one that divides");
  if (to_space)
    call.set(0, call.type(0), {in[0], in[1] / (block * block), in[2] * block, in[3] * block});
  else
    call.set(0, call.type(0), {in[0], in[1] * block * block, in[2] / block, in[3] / block});
}
std::vector<Tensor> blocks(Call& call) {
  const std::int64_t b = call.integer("blocksize", 1);
  const Dims& in = call.shape(0);
  Dims shape;
  std::vector<std::size_t> order;
  if (call.node().op == "SpaceToDepth") {
    shape = {in[0], in[1], in[2] / b, b, in[3] / b, b};
    order = {0, 3, 5, 1, 2, 4};
  } else if (call.text("mode", "DCR") == "CRD") {
    shape = {in[0], in[1] / (b * b), b, b, in[2], in[3]};
    order = {0, 1, 4, 2, 5, 3};
  } else {
    shape = {in[0], b, b, in[1] / (b * b), in[2], in[3]};
    order = {0, 3, 4, 1, 5, 2};
  }
  const Dims own = strides_of(shape);
  Dims moved, strides;
  for (const std::size_t d : order) {
    moved.push_back(shape[d]);
    strides.push_back(own[d]);
  }
  Tensor out = strided_copy(*call.constant(0), moved, 0, strides);
  out.shape = call.output().shape;
  return {out};
}

}  // namespace

const std::vector<Operator>& movement_operators() {
  static const std::vector<Operator> table = {
      {"Concat", 1, any_number, infer_concat, concat, "axis"},
      {"DepthToSpace", 1, 1, infer_blocks, blocks, "blocksize mode"},
      {"Expand", 2, 2, infer_expand, expand},
      {"Flatten", 1, 1, infer_flatten, rename, "axis"},
      {"Reshape", 2, 2, infer_reshape, rename, "allowzero"},
      {"Slice", 3, 5, infer_slice, slice},
      {"SpaceToDepth", 1, 1, infer_blocks, blocks, "blocksize"},
      {"Split", 1, 2, infer_split, split, "axis num_outputs"},
      {"Squeeze", 1, 2, infer_squeeze, rename},
      {"Tile", 2, 2, infer_tile, tile},
      {"Transpose", 1, 1, infer_transpose, transpose, "perm"},
      {"Unsqueeze", 2, 2, infer_unsqueeze, rename},
  };
  return table;
}

}  // namespace tessera::import
