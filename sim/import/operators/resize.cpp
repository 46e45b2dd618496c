// Resize by scales or sizes: nearest, linear and cubic, every coordinate transformation but cropping.
#include "sim/import/operators/resize.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/import/operators/elementwise.h"
#include "sim/import/operators/operator.h"

namespace tessera::import {
namespace {

struct Scaling {
  Dims sides;                  // of the output
  std::vector<double> scales;  // by dimension
};

bool given(Call& call, int i) { return call.has(i) && element_count(call.shape(i)) > 0; }

Dims resized_axes(Call& call) {
  Dims all;
  for (std::int64_t d = 0; d < call.rank(0); ++d) all.push_back(d);
  Dims axes = call.integers("axes", all);
  for (std::int64_t& axis : axes) axis = call.checked_axis(axis, call.rank(0), "axes");
  return axes;
}

// keep_aspect_ratio_policy: one scale for all the axes that are resized.
void keep_ratio(Call& call, const Dims& axes, Scaling& s) {
  const std::string policy = call.word("keep_aspect_ratio_policy", {"stretch", "not_larger", "not_smaller"});
  if (policy == "stretch" || axes.empty()) return;
  double scale = s.scales[static_cast<std::size_t>(axes[0])];
  for (const std::int64_t axis : axes) {
    const double own = s.scales[static_cast<std::size_t>(axis)];
    scale = policy == "not_larger" ? std::min(scale, own) : std::max(scale, own);
  }
  for (const std::int64_t axis : axes) {
    const auto d = static_cast<std::size_t>(axis);
    s.scales[d] = scale;
    s.sides[d] = static_cast<std::int64_t>(std::floor(scale * static_cast<double>(call.shape(0)[d]) + 0.5));
  }
}

Scaling scaling_of(Call& call) {
  Scaling s{call.shape(0), std::vector<double>(call.shape(0).size(), 1)};
  const bool by_size = given(call, 3), by_scale = given(call, 2);
  const int source = by_size ? 3 : 2;
  const char* name = by_size ? "sizes" : "scales";
  const Dims axes = resized_axes(call);
  if (call.refused()) return s;
  if (by_size == by_scale || call.constant(source) == nullptr ||
      element_count(call.shape(source)) != static_cast<std::int64_t>(axes.size())) {
    call.refuse(name,
                by_size == by_scale ? "or the other are not given" : "depend on the data or have the wrong length",
                fmt::format("either scales or sizes, {} numbers", axes.size()));
    return s;
  }
  const std::vector<double> numbers = reals(*call.constant(source));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<std::size_t>(axes[i]);
    const double side = static_cast<double>(call.shape(0)[d]);
    // Scales are float32, and so is what they make: 12 * 0.41666666 is 5.
    const float scaled = static_cast<float>(side) * static_cast<float>(numbers[i]);
    const double wanted = by_size ? numbers[i] : std::floor(static_cast<double>(scaled));
    if (!(wanted >= 1 && wanted <= 1e9)) {
      call.refuse(name, fmt::format("make a side of {}", wanted), "sides of at least 1");
      return s;
    }
    s.sides[d] = static_cast<std::int64_t>(wanted);
    s.scales[d] = by_size ? wanted / side : numbers[i];
  }
  if (by_size) keep_ratio(call, axes, s);
  return s;
}

void infer_resize(Call& call) {
  const Scaling s = scaling_of(call);
  call.word("mode", {"nearest", "linear", "cubic"});
  call.word("coordinate_transformation_mode", {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
                                               "align_corners", "asymmetric", "tf_half_pixel_for_nn"});
  call.word("nearest_mode", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  call.set(0, call.type(0), s.sides);
}

// Place in the input, in elements, of output element x.
double source_place(const std::string& mode, double x, double scale, double in, double out) {
  if (mode == "asymmetric") return x / scale;
  if (mode == "align_corners") return out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (mode == "pytorch_half_pixel") return out > 1 ? (x + 0.5) / scale - 0.5 : 0;
  if (mode == "tf_half_pixel_for_nn") return (x + 0.5) / scale;
  if (mode == "half_pixel_symmetric") {
    const double adjustment = out / (scale * in);
    return in / 2 * (1 - adjustment) + (x + 0.5) / scale - 0.5;
  }
  return (x + 0.5) / scale - 0.5;
}

double to_nearest(const std::string& mode, double place) {
  if (mode == "floor") return std::floor(place);
  if (mode == "ceil") return std::ceil(place);
  if (mode == "round_prefer_ceil") return std::floor(place + 0.5);
  return std::ceil(place - 0.5);
}

// The weight of an element at a distance, for linear and cubic.
double linear_weight(double distance) { return std::max(0.0, 1 - std::fabs(distance)); }
double cubic_weight(double distance, double a) {
  const double d = std::fabs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

// The elements along a dimension that output element x is made of.
PixelMix mix_of(Call& call, const Scaling& s, std::size_t d, std::int64_t x) {
  const std::int64_t side = call.shape(0)[d];
  const std::string place_mode = call.text("coordinate_transformation_mode", "half_pixel"),
                    mode = call.text("mode", "nearest");
  if (s.scales[d] == 1 && s.sides[d] == side) return {{x, 1.0}};
  const double place = source_place(place_mode, static_cast<double>(x), s.scales[d], static_cast<double>(side),
                                    static_cast<double>(s.sides[d]));
  const auto within = [&](double p) { return std::clamp<std::int64_t>(static_cast<std::int64_t>(p), 0, side - 1); };
  if (mode == "nearest") return {{within(to_nearest(call.text("nearest_mode", "round_prefer_floor"), place)), 1.0}};
  const bool cubic = mode == "cubic", antialiased = call.integer("antialias", 0) != 0,
             inside_only = call.integer("exclude_outside", 0) != 0;
  const double a = call.real("cubic_coeff_a", -0.75), shrink = antialiased ? std::min(s.scales[d], 1.0) : 1;
  const double reach = (cubic ? 2 : 1) / shrink;
  PixelMix mix;
  double total = 0;
  for (double p = std::floor(place - reach); p <= std::ceil(place + reach); ++p) {
    const double distance = (place - p) * shrink, weight = cubic ? cubic_weight(distance, a) : linear_weight(distance);
    if (weight == 0 || (inside_only && (p < 0 || p >= static_cast<double>(side)))) continue;
    total += weight;
    const std::int64_t at = within(p);
    if (!mix.empty() && mix.back().first == at)
      mix.back().second += weight;
    else
      mix.emplace_back(at, weight);
  }
  if (mix.empty()) return {{within(std::nearbyint(place)), 1.0}};
  for (auto& part : mix) part.second /= total;
  return mix;
}

std::vector<Tensor> resize(Call& call) {
  const Dims sides = call.output().shape, in_strides = strides_of(call.shape(0));
  const std::vector<double> from = reals(*call.constant(0));
  const std::vector<std::vector<PixelMix>> mixes = resize_mixes(call);
  std::vector<double> out(static_cast<std::size_t>(element_count(sides)));
  Walk walk(sides, {});
  std::vector<std::pair<std::int64_t, double>> parts, next;  // offset, share
  for (double& o : out) {
    parts = {{0, 1.0}};
    for (std::size_t d = 0; d < sides.size(); ++d) {
      next.clear();
      for (const auto& [offset, share] : parts)
        for (const auto& [place, part] : mixes[d][static_cast<std::size_t>(walk.index()[d])])
          next.emplace_back(offset + place * in_strides[d], share * part);
      parts.swap(next);
    }
    o = 0;
    for (const auto& [offset, share] : parts) o += share * from[static_cast<std::size_t>(offset)];
    walk.next();
  }
  return {make_tensor(call.output().type, sides, out)};
}

}  // namespace

std::vector<std::vector<PixelMix>> resize_mixes(Call& call) {
  const Scaling s = scaling_of(call);
  std::vector<std::vector<PixelMix>> mixes(s.sides.size());
  for (std::size_t d = 0; d < s.sides.size(); ++d)
    for (std::int64_t x = 0; x < s.sides[d]; ++x) mixes[d].push_back(mix_of(call, s, d, x));
  return mixes;
}

bool mixes_many(Call& call) {
  const std::string mode = call.text("mode", "nearest");
  const std::vector<double> scales = scaling_of(call).scales;
  const bool shrinks = std::any_of(scales.begin(), scales.end(), [](double scale) { return scale < 1; });
  return mode == "cubic" || (mode == "linear" && shrinks && call.integer("antialias", 0) != 0);
}

std::vector<std::vector<double>> resize_positions(Call& call) {
  std::vector<std::vector<double>> positions;
  for (const std::vector<PixelMix>& mixes : resize_mixes(call)) {
    positions.emplace_back();
    for (const PixelMix& mix : mixes)
      positions.back().push_back(static_cast<double>(mix[0].first) + (mix.size() > 1 ? mix[1].second : 0));
  }
  return positions;
}

const std::vector<Operator>& resize_operators() {
  static const std::vector<Operator> table = {
      {"Resize", 1, 4, infer_resize, resize,
       "antialias axes coordinate_transformation_mode cubic_coeff_a exclude_outside extrapolation_value "
       "keep_aspect_ratio_policy mode nearest_mode"}};
  return table;
}

}  // namespace tessera::import
