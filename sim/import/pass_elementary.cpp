// Operators that are said by others: powers, quotients and maxima of tensors, slopes of channels, sums of many, choices
// by a constant mask, logarithms of shares, normalizations of maps and groups.
#include <algorithm>
#include <cmath>

#include "sim/import/passes.h"
#include "sim/import/rewriter.h"

namespace tessera::import {
namespace {

bool rewrite_power(Rewriter& r, const Node& node) {
  const std::optional<double> base = r.number(node, 0);
  if (base && *base > 0 && r.constant(node, 1) == nullptr && r.shape(node.inputs[1]) == r.shape(node.outputs[0])) {
    const ValueId scaled = r.add(node, "Mul", {node.inputs[1], r.real(node, std::log(*base))}, r.shape(node.inputs[1]));
    r.finish(node, "Exp", {scaled});
    return true;
  }
  const std::optional<double> exponent = r.number(node, 1);
  if (!exponent || r.constant(node, 0) != nullptr) return false;
  const ValueId x = node.inputs[0];
  const Dims shape = r.shape(x);
  if (shape != r.shape(node.outputs[0])) return false;
  if (*exponent == 2) {
    r.finish(node, "Mul", {x, x});
  } else if (*exponent == 3) {
    r.finish(node, "Mul", {r.add(node, "Mul", {x, x}, shape), x});
  } else if (*exponent == 0.5) {
    r.finish(node, "Sqrt", {x});
  } else if (*exponent == -1) {
    r.finish(node, "Reciprocal", {x});
  } else {
    return false;
  }
  return true;
}

// a / b: a * (1 / b), also of a constant a.
bool rewrite_quotient(Rewriter& r, const Node& node) {
  if (r.constant(node, 1) != nullptr) return false;
  const ValueId inverse = r.add(node, "Reciprocal", {node.inputs[1]}, r.shape(node.inputs[1]));
  if (r.number(node, 0) == 1.0)
    r.finish(node, "Identity", {inverse});
  else
    r.finish(node, "Mul", {node.inputs[0], inverse});
  return true;
}

// max(a, b) = b + relu(a - b), min(a, b) = a - relu(a - b); with a number a limit.
bool rewrite_extreme(Rewriter& r, const Node& node) {
  const bool most = node.op == "Max";
  const Dims out = r.shape(node.outputs[0]);
  std::vector<ValueId> list = node.inputs;
  std::stable_sort(list.begin(), list.end(), [&](ValueId a, ValueId b) {
    return !r.value(a).constant && r.value(b).constant;  // constants behind
  });
  ValueId all = list[0];
  for (std::size_t i = 1; i < list.size(); ++i) {
    const bool last = i + 1 == list.size();
    const auto& constant = r.value(list[i]).constant;
    if (constant && constant->elements() == 1 && r.shape(all) == out) {
      std::vector<ValueId> inputs{all, list[i]};
      if (!most) inputs = {all, no_value, list[i]};
      if (last)
        r.finish(node, "Clip", inputs);
      else
        all = r.add(node, "Clip", inputs, out);
      continue;
    }
    const ValueId above = r.add(node, "Relu", {r.add(node, "Sub", {all, list[i]}, out)}, out);
    const std::vector<ValueId> inputs = most ? std::vector<ValueId>{list[i], above} : std::vector<ValueId>{all, above};
    if (last)
      r.finish(node, most ? "Add" : "Sub", inputs);
    else
      all = r.add(node, most ? "Add" : "Sub", inputs, out);
  }
  return true;
}

bool rewrite_sum(Rewriter& r, const Node& node) {
  const Dims out = r.shape(node.outputs[0]);
  ValueId sum = node.inputs[0];
  const bool mean = node.op == "Mean";
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (i + 1 == node.inputs.size() && !mean)
      r.finish(node, "Add", {sum, node.inputs[i]});
    else
      sum = r.add(node, "Add", {sum, node.inputs[i]}, out);
  }
  if (mean) r.finish(node, "Mul", {sum, r.real(node, 1.0 / static_cast<double>(node.inputs.size()))});
  return true;
}

// A slope per channel: relu(x) + slope * min(x, 0).
bool rewrite_slopes(Rewriter& r, const Node& node) {
  const Tensor* slopes = r.constant(node, 1);
  if (slopes == nullptr) return false;
  const std::vector<double> values = reals(*slopes);
  if (values.empty() || std::adjacent_find(values.begin(), values.end(), std::not_equal_to<>()) == values.end())
    return false;
  const ValueId x = node.inputs[0];
  const Dims shape = r.shape(x);
  const ValueId below = r.add(node, "Clip", {x, no_value, r.real(node, 0)}, shape);
  const ValueId steep = r.add(node, "Mul", {below, node.inputs[1]}, shape);
  r.finish(node, "Add", {r.add(node, "Relu", {x}, shape), steep});
  return true;
}

// x - most - log(sum of exp(x - most)): no exponential is above 1, no sum below. The logarithm of a share would lose
// all shares below a step of a softmax.
bool rewrite_log_softmax(Rewriter& r, const Node& node) {
  const ValueId x = node.inputs[0];
  const Dims shape = r.shape(x);
  const std::int64_t axis = integer_of(node, "axis", -1), rank = static_cast<std::int64_t>(shape.size());
  Dims folded = shape;
  folded[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)] = 1;
  const ValueId axes = r.integers(node, {axis});
  const std::map<std::string, Attribute> keep{{"keepdims", std::int64_t{1}}};
  const ValueId most = r.add(node, "ReduceMax", {x, axes}, folded, keep);
  const ValueId below = r.add(node, "Sub", {x, most}, shape);
  const ValueId sum = r.add(node, "ReduceSum", {r.add(node, "Exp", {below}, shape), axes}, folded, keep);
  r.finish(node, "Sub", {below, r.add(node, "Log", {sum}, folded)});
  return true;
}

bool is_much_below(double v) { return v <= -1e3; }  // what masks of scores put

// A constant mask chooses: x * mask + y * (1 - mask). Masks of scores stay as they are.
bool rewrite_choice(Rewriter& r, const Node& node) {
  if (r.constant(node, 0) == nullptr) return false;
  const Tensor mask = *r.constant(node, 0);
  for (const std::size_t i : {1, 2})
    if (const auto v = r.number(node, i); v && is_much_below(*v)) return false;
  std::vector<double> first = reals(mask), second = first;
  for (double& v : first) v = v != 0 ? 1 : 0;
  for (double& v : second) v = v != 0 ? 0 : 1;
  const Dims out = r.shape(node.outputs[0]);
  std::vector<ValueId> parts;
  for (const std::size_t i : {1U, 2U}) {
    const ValueId keep = r.reals(node, mask.shape, i == 1 ? first : second);
    if (const Tensor* constant = r.constant(node, i)) {  // computed here
      std::vector<double> values(static_cast<std::size_t>(element_count(out)));
      const std::vector<double> given = reals(*constant), shares = i == 1 ? first : second;
      Walk walk(out, {broadcast_strides(constant->shape, out), broadcast_strides(mask.shape, out)});
      for (double& v : values) {
        const double share = shares[static_cast<std::size_t>(walk.offset(1))];
        v = share == 0 ? 0 : given[static_cast<std::size_t>(walk.offset(0))];
        walk.next();
      }
      if (std::any_of(values.begin(), values.end(), [](double v) { return v != 0; }))
        parts.push_back(r.reals(node, out, values));
    } else {
      parts.push_back(r.add(node, "Mul", {node.inputs[i], keep}, out));
    }
  }
  if (parts.size() == 1)
    r.finish(node, "Identity", parts);
  else
    r.finish(node, "Add", parts);
  return true;
}

// Over the map of every channel, or of every group of them: (x - mean) / sqrt(variance + epsilon) * scale + bias.
bool rewrite_map_norm(Rewriter& r, const Node& node) {
  const Dims shape = r.shape(node.inputs[0]);
  if (r.constant(node, 1) == nullptr || r.constant(node, 2) == nullptr || shape.size() < 3) return false;
  const Tensor scale = *r.constant(node, 1), bias = *r.constant(node, 2);
  const std::int64_t channels = shape[1],
                     groups = node.op == "GroupNormalization" ? integer_of(node, "num_groups", 1) : channels;
  Dims split = shape, ones(shape.size() + 1, 1), axes;
  split[1] = channels / groups;
  split.insert(split.begin() + 1, groups);
  for (std::size_t d = 2; d < split.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  ones[0] = shape[0];
  ones[1] = groups;
  const auto mean = [&](ValueId of) { return r.add(node, "ReduceMean", {of, r.integers(node, axes)}, ones); };
  const ValueId x = r.add(node, "Reshape", {node.inputs[0]}, split);
  const ValueId centred = r.add(node, "Sub", {x, mean(x)}, split);
  const ValueId variance = mean(r.add(node, "Mul", {centred, centred}, split));
  const ValueId above = r.add(node, "Add", {variance, r.real(node, real_of(node, "epsilon", 1e-5F))}, ones);
  const ValueId inverse = r.add(node, "Pow", {above, r.real(node, -0.5)}, ones);
  const ValueId normal = r.add(node, "Reshape", {r.add(node, "Mul", {centred, inverse}, split)}, shape);
  Dims sides(shape.size() - 1, 1);
  sides[0] = channels;
  const auto per_channel = [&](const Tensor& numbers) {
    std::vector<double> given = reals(numbers), all;
    for (std::int64_t c = 0; c < channels; ++c)
      all.push_back(given[static_cast<std::size_t>(c * static_cast<std::int64_t>(given.size()) / channels)]);
    return r.reals(node, sides, all);
  };
  r.finish(node, "Add", {r.add(node, "Mul", {normal, per_channel(scale)}, shape), per_channel(bias)});
  return true;
}

// Sums of a function of the elements, and a function of the sum.
bool rewrite_sums(Rewriter& r, const Node& node) {
  const std::string& op = node.op;
  const ValueId x = node.inputs[0];
  const Dims shape = r.shape(x), out = r.shape(node.outputs[0]);
  std::vector<ValueId> inputs = node.inputs;
  if (op == "ReduceSumSquare" || op == "ReduceL2") inputs[0] = r.add(node, "Mul", {x, x}, shape);
  if (op == "ReduceL1") inputs[0] = r.add(node, "Abs", {x}, shape);
  if (op == "ReduceLogSumExp") inputs[0] = r.add(node, "Exp", {x}, shape);
  if (op == "ReduceSumSquare" || op == "ReduceL1") {
    r.finish(node, "ReduceSum", inputs, node.attributes);
    return true;
  }
  const ValueId sum = r.add(node, "ReduceSum", inputs, out, node.attributes);
  r.finish(node, op == "ReduceL2" ? "Sqrt" : "Log", {sum});
  return true;
}

// x / (bias + alpha / size * sum of the squares of neighbouring channels)^beta: the sum is a convolution of one pixel.
bool rewrite_local_response(Rewriter& r, const Node& node) {
  const ValueId x = node.inputs[0];
  const Dims shape = r.shape(x);
  if (shape.size() != 4) return false;
  const std::int64_t size = integer_of(node, "size", 1), channels = shape[1];
  const double share = real_of(node, "alpha", 1e-4F) / static_cast<double>(size);
  std::vector<double> band;
  for (std::int64_t o = 0; o < channels; ++o)
    for (std::int64_t i = 0; i < channels; ++i)
      band.push_back(i >= o - (size - 1) / 2 && i <= o + size / 2 ? share : 0);
  const std::vector<double> bias(static_cast<std::size_t>(channels), real_of(node, "bias", 1));
  const ValueId squares = r.add(node, "Mul", {x, x}, shape), weights = r.reals(node, {channels, channels, 1, 1}, band);
  const ValueId sums = r.add(node, "Conv", {squares, weights, r.reals(node, {channels}, bias)}, shape);
  const ValueId inverse = r.add(node, "Pow", {sums, r.real(node, -real_of(node, "beta", 0.75))}, shape);
  r.finish(node, "Mul", {x, inverse});
  return true;
}

// What is no product of rows with weights and a number per column: transposed rows, a matrix that is added, two
// tensors.
bool rewrite_gemm(Rewriter& r, const Node& node) {
  const bool turned = integer_of(node, "transA", 0) != 0, turned_second = integer_of(node, "transB", 0) != 0;
  const bool weights = r.constant(node, 1) != nullptr, added = node.inputs.size() > 2 && node.inputs[2] != no_value;
  const Dims out = r.shape(node.outputs[0]);
  const auto per_column = [&] {
    const Tensor* c = r.constant(node, 2);
    return c != nullptr && (c->elements() == 1 || (c->elements() == out[1] && c->shape.back() == out[1]));
  };
  const bool apart = added && !per_column();
  if ((!turned && weights && !apart) || r.constant(node, 0) != nullptr) return false;
  std::vector<ValueId> inputs = node.inputs;
  std::map<std::string, Attribute> attributes = node.attributes;
  const auto transposed = [&](ValueId id) {
    const Dims s = r.shape(id);
    return r.add(node, "Transpose", {id}, {s[1], s[0]}, {{"perm", Dims{1, 0}}});
  };
  if (turned) inputs[0] = transposed(inputs[0]);
  attributes.erase("transA");
  if (!weights && turned_second) inputs[1] = transposed(inputs[1]);
  const double alpha = real_of(node, "alpha", 1), beta = real_of(node, "beta", 1);
  if (weights) {
    if (apart) inputs.resize(2);
    if (!apart) {
      r.finish(node, "Gemm", inputs, attributes);
      return true;
    }
    attributes.erase("beta");
  }
  const auto scaled = [&](ValueId id, double factor) {
    return factor == 1 ? id : r.add(node, "Mul", {id, r.real(node, factor)}, r.shape(id));
  };
  const ValueId addend = added ? node.inputs[2] : no_value;
  inputs.resize(2);
  const ValueId product =
      weights ? r.add(node, "Gemm", inputs, out, attributes) : scaled(r.add(node, "MatMul", inputs, out), alpha);
  if (!added) {
    r.finish(node, "Identity", {product});
    return true;
  }
  const Tensor* constant = r.constant(node, 2);
  ValueId last = addend;
  if (constant != nullptr) {
    std::vector<double> values = reals(*constant);
    for (double& v : values) v *= beta;
    last = r.reals(node, constant->shape, values);
  } else {
    last = scaled(addend, beta);
  }
  r.finish(node, "Add", {product, last});
  return true;
}

bool rewrite_space_to_depth(Rewriter& r, const Node& node) {
  const Dims s = r.shape(node.inputs[0]);
  const std::int64_t b = integer_of(node, "blocksize", 1);
  const ValueId split = r.add(node, "Reshape", {node.inputs[0]}, {s[0], s[1], s[2] / b, b, s[3] / b, b});
  const ValueId turned =
      r.add(node, "Transpose", {split}, {s[0], b, b, s[1], s[2] / b, s[3] / b}, {{"perm", Dims{0, 3, 5, 1, 2, 4}}});
  r.finish(node, "Reshape", {turned});
  return true;
}

// Indices of several dimensions: a list of them, whose dimension is then divided.
bool rewrite_gather(Rewriter& r, const Node& node) {
  const Tensor* indices = r.constant(node, 1);
  if (indices == nullptr || indices->shape.size() < 2 || r.constant(node, 0) != nullptr) return false;
  Dims shape = r.shape(node.inputs[0]);
  const std::int64_t given = integer_of(node, "axis", 0), count = indices->elements(),
                     axis = given < 0 ? given + static_cast<std::int64_t>(shape.size()) : given;
  shape[static_cast<std::size_t>(axis)] = count;
  const ValueId list = r.reshaped_constant(node, node.inputs[1], {count});
  r.finish(node, "Reshape", {r.add(node, "Gather", {node.inputs[0], list}, shape, {{"axis", axis}})});
  return true;
}

// Weights in front: A x = (x' A')'.
bool rewrite_left_weights(Rewriter& r, const Node& node) {
  const Dims shape = r.shape(node.inputs[0]), x = r.shape(node.inputs[1]);
  if (r.constant(node, 0) == nullptr || r.constant(node, 1) != nullptr || shape.size() != 2 || x.size() < 2)
    return false;
  Dims order, turned = x, out = r.shape(node.outputs[0]);
  for (std::size_t d = 0; d < x.size(); ++d) order.push_back(static_cast<std::int64_t>(d));
  for (Dims* list : {&order, &turned, &out}) std::swap(list->back(), list->end()[-2]);
  const ValueId weights = r.turned_constant(node, node.inputs[0], {1, 0}, {shape[1], shape[0]});
  const ValueId rows = r.add(node, "Transpose", {node.inputs[1]}, turned, {{"perm", order}});
  r.finish(node, "Transpose", {r.add(node, "MatMul", {rows, weights}, out)}, {{"perm", order}});
  return true;
}

// A border of another number than 0: a border of zeros, and a constant that is added.
bool rewrite_border(Rewriter& r, const Node& node) {
  const std::optional<double> border = r.number(node, 2);
  const auto mode = node.attributes.find("mode");
  const auto* name = mode == node.attributes.end() ? nullptr : std::get_if<std::string>(&mode->second);
  const bool plain = name == nullptr || *name == "constant";
  if (!plain || !border || *border == 0 || !std::isfinite(*border) || r.constant(node, 1) == nullptr) return false;
  const Dims amounts = integers(*r.constant(node, 1)), in = r.shape(node.inputs[0]), out = r.shape(node.outputs[0]);
  Dims axes, low(out.size(), 0), sides(out.size(), 1);
  for (std::size_t d = 0; d < out.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  if (const Tensor* named = r.constant(node, 3)) axes = integers(*named);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(axes[i] < 0 ? axes[i] + static_cast<std::int64_t>(out.size()) : axes[i]);
    low[d] = amounts[i];
    if (amounts[i] > 0 || out[d] > in[d] + amounts[i]) sides[d] = out[d];
  }
  std::vector<double> values(static_cast<std::size_t>(element_count(sides)));
  Walk walk(sides, {});
  for (double& v : values) {
    for (std::size_t d = 0; d < sides.size(); ++d) {
      const std::int64_t at = walk.index()[d] - low[d];
      if (sides[d] > 1 && (at < 0 || at >= in[d])) v = *border;
    }
    walk.next();
  }
  std::vector<ValueId> inputs = node.inputs;
  inputs[2] = no_value;
  r.finish(node, "Add", {r.add(node, "Pad", inputs, out), r.reals(node, sides, values)});
  return true;
}

struct Rewrite {
  const char* op;
  bool (*apply)(Rewriter& r, const Node& node);
};
constexpr Rewrite rewrites[] = {
    {"Pow", rewrite_power},
    {"Div", rewrite_quotient},
    {"Max", rewrite_extreme},
    {"Min", rewrite_extreme},
    {"Sum", rewrite_sum},
    {"Mean", rewrite_sum},
    {"PRelu", rewrite_slopes},
    {"LogSoftmax", rewrite_log_softmax},
    {"Where", rewrite_choice},
    {"MatMul", rewrite_left_weights},
    {"InstanceNormalization", rewrite_map_norm},
    {"GroupNormalization", rewrite_map_norm},
    {"ReduceL1", rewrite_sums},
    {"ReduceL2", rewrite_sums},
    {"ReduceSumSquare", rewrite_sums},
    {"ReduceLogSum", rewrite_sums},
    {"ReduceLogSumExp", rewrite_sums},
    {"LRN", rewrite_local_response},
    {"Gather", rewrite_gather},
    {"Gemm", rewrite_gemm},
    {"SpaceToDepth", rewrite_space_to_depth},
    {"Pad", rewrite_border},
};

bool rewrite_elementary(Rewriter& r, const Node& node) {
  if (!node.domain.empty() || !r.value(node.outputs[0]).known) return false;
  for (const ValueId id : node.inputs)
    if (id != no_value && !r.value(id).known) return false;
  for (const Rewrite& rewrite : rewrites)
    if (node.op == rewrite.op) return rewrite.apply(r, node);
  return false;
}

}  // namespace

void say_by_others(Graph& graph) { Rewriter(graph).each(rewrite_elementary); }

}  // namespace tessera::import
