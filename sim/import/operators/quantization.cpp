// QuantizeLinear, DequantizeLinear (per tensor, per axis, in blocks) and DynamicQuantizeLinear.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"
#include "sim/import/operators/quantized.h"

namespace tessera::import {

double saturated(double value, DataType type) {
  const IntegerRange range = integer_range(type);
  return std::clamp(value, static_cast<double>(range.low), static_cast<double>(range.high));
}

std::vector<double> centered(const Call& call, int at, int zero, std::int64_t axis) {
  std::vector<double> values = reals(*call.constant(at));
  if (!call.has(zero)) return values;
  const std::vector<double> zeros = reals(*call.constant(zero));
  if (zeros.empty()) return values;
  const auto inner = static_cast<std::size_t>(strides_of(call.shape(at))[static_cast<std::size_t>(axis)]);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= zeros[i / inner % zeros.size()];
  return values;
}

void requantize_linear(const Call& call, std::vector<double>& sums, ScalePlaces at, std::int64_t inner) {
  const std::vector<double> w = reals(*call.constant(at.w));
  const double x = reals(*call.constant(at.x)).at(0), y = reals(*call.constant(at.y)).at(0);
  const double zero = reals(*call.constant(at.zero)).at(0);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double scale = x * w[i / static_cast<std::size_t>(inner) % w.size()] / y;
    sums[i] = saturated(std::nearbyint(sums[i] * scale) + zero, call.output().type);
  }
}

namespace {

// Strides over the elements of a scale for every element of input 0: one for all, one per index of the axis, or one per
// block along it.
struct ScaleLayout {
  std::int64_t axis = 0, block = 1;
  bool per_tensor = false;
};
ScaleLayout scale_layout(Call& call) {
  ScaleLayout layout;
  const Dims &x = call.shape(0), &scale = call.shape(1);
  layout.per_tensor = element_count(scale) == 1 && scale.size() <= 1;
  if (layout.per_tensor) return layout;
  layout.axis = call.axis("axis", 1, call.rank(0));
  if (call.refused()) return layout;
  const auto axis = static_cast<std::size_t>(layout.axis);
  layout.block = call.integer("block_size", 0);
  bool fits = scale.size() == 1 && scale[0] == x[axis];
  if (layout.block > 0) {
    Dims blocks = x;
    blocks[axis] = (x[axis] + layout.block - 1) / layout.block;
    fits = scale == blocks;
  }
  if (!fits)
    call.refuse("scale", fmt::format("has the shape {} for {}", dims_text(scale), dims_text(x)),
                "one number, one per index of the axis, or one per block");
  return layout;
}

// f(element, scale, zero point) of every element.
template <class F>
std::vector<Tensor> map_scaled(Call& call, const F& f) {
  const ScaleLayout layout = scale_layout(call);
  std::vector<double> values = reals(*call.constant(0));
  const std::vector<double> scales = reals(*call.constant(1));
  const std::vector<double> zeros = call.has(2) ? reals(*call.constant(2)) : std::vector<double>(scales.size(), 0);
  if (zeros.size() != scales.size()) {
    call.refuse("zero_point", "has the shape " + dims_text(call.shape(2)), "that of the scale");
    return {};
  }
  const Dims& shape = call.shape(0);
  const Dims scale_strides = strides_of(call.shape(1));
  Walk walk(shape, {});
  for (double& value : values) {
    std::int64_t at = 0;
    if (!layout.per_tensor && layout.block <= 0) at = walk.index()[static_cast<std::size_t>(layout.axis)];
    if (!layout.per_tensor && layout.block > 0)
      for (std::size_t d = 0; d < shape.size(); ++d)
        at += walk.index()[d] / (static_cast<std::int64_t>(d) == layout.axis ? layout.block : 1) * scale_strides[d];
    value = f(value, scales[static_cast<std::size_t>(at)], zeros[static_cast<std::size_t>(at)]);
    walk.next();
  }
  return {make_tensor(call.output().type, shape, values)};
}

void infer_quantize(Call& call) {
  scale_layout(call);
  const auto given = find_type(static_cast<int>(call.integer("output_dtype", 0)));
  const DataType type = call.has(2) ? call.type(2) : given.value_or(DataType::u8);
  if (is_real(type)) return call.refuse("zero_point", fmt::format("is of {}", type_name(type)), "an integer type");
  call.set(0, type, call.shape(0));
}
std::vector<Tensor> quantize(Call& call) {
  const DataType type = call.output().type;
  return map_scaled(call, [=](double x, double scale, double zero) {
    return saturated(std::nearbyint(static_cast<float>(x) / static_cast<float>(scale)) + zero, type);
  });
}

void infer_dequantize(Call& call) {
  scale_layout(call);
  if (is_real(call.type(0)))
    return call.refuse("x", fmt::format("is of {}", type_name(call.type(0))), "an integer type");
  const auto given = find_type(static_cast<int>(call.integer("output_dtype", 0)));
  call.set(0, given.value_or(call.type(1)), call.shape(0));
}
std::vector<Tensor> dequantize(Call& call) {
  return map_scaled(call, [](double x, double scale, double zero) { return (x - zero) * scale; });
}

void infer_dynamic(Call& call) {
  call.set(0, DataType::u8, call.shape(0));
  call.set(1, call.type(0), {});
  call.set(2, DataType::u8, {});
}
std::vector<Tensor> quantize_dynamic(Call& call) {
  std::vector<double> values = reals(*call.constant(0));
  double low = 0, high = 0;
  for (const double v : values) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  const double scale = high > low ? (high - low) / 255 : 1;
  const double zero = std::nearbyint(std::clamp(-low / scale, 0.0, 255.0));
  for (double& v : values) v = saturated(std::nearbyint(v / scale) + zero, DataType::u8);
  return {make_tensor(DataType::u8, call.shape(0), values), make_tensor(call.type(0), {}, std::vector<double>{scale}),
          make_tensor(DataType::u8, {}, std::vector<double>{zero})};
}

}  // namespace

const std::vector<Operator>& quantization_operators() {
  static const std::vector<Operator> table = {
      {"DequantizeLinear", 2, 3, infer_dequantize, dequantize, "axis block_size output_dtype"},
      {"DynamicQuantizeLinear", 1, 1, infer_dynamic, quantize_dynamic},
      {"QuantizeLinear", 2, 3, infer_quantize, quantize, "axis block_size output_dtype precision saturate"},
  };
  return table;
}

}  // namespace tessera::import
