// Resize by scales or sizes: nearest and linear, every coordinate transformation but cropping.
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
  const std::string policy = call.text("keep_aspect_ratio_policy", "stretch");
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
    const double side = static_cast<double>(call.shape(0)[d]),
                 wanted = by_size ? numbers[i] : std::floor(side * numbers[i]);
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
  const std::string mode = call.text("mode", "nearest"),
                    place = call.text("coordinate_transformation_mode", "half_pixel");
  if (mode != "nearest" && mode != "linear" && mode != "cubic")
    return call.refuse("mode", "is " + mode, "nearest, linear or cubic");
  for (const char* legal : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
                            "tf_half_pixel_for_nn"})
    if (place == legal) return call.set(0, call.type(0), s.sides);
  call.refuse("coordinate_transformation_mode", "is " + place,
              "half_pixel, half_pixel_symmetric, pytorch_half_pixel, align_corners or asymmetric");
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

// The one or two elements along a dimension that output element x is made of.
struct Mix {
  std::int64_t low, high;
  double share;  // of `high`
};
Mix mix_of(Call& call, const Scaling& s, std::size_t d, std::int64_t x) {
  const std::int64_t side = call.shape(0)[d];
  const std::string mode = call.text("coordinate_transformation_mode", "half_pixel");
  if (s.scales[d] == 1 && s.sides[d] == side) return {x, x, 0};
  const double place = source_place(mode, static_cast<double>(x), s.scales[d], static_cast<double>(side),
                                    static_cast<double>(s.sides[d]));
  const auto within = [&](double p) { return std::clamp<std::int64_t>(static_cast<std::int64_t>(p), 0, side - 1); };
  if (call.text("mode", "nearest") == "nearest") {
    const std::int64_t at = within(to_nearest(call.text("nearest_mode", "round_prefer_floor"), place));
    return {at, at, 0};
  }
  const double inside = std::clamp(place, 0.0, static_cast<double>(side - 1)), low = std::floor(inside);
  return {within(low), within(low + 1), inside - low};
}

std::vector<Tensor> resize(Call& call) {
  if (call.text("mode", "nearest") == "cubic" || call.integer("antialias", 0) != 0) return {};
  const Scaling s = scaling_of(call);
  const Dims in_strides = strides_of(call.shape(0));
  const std::vector<double> from = reals(*call.constant(0));
  std::vector<std::vector<Mix>> mixes(s.sides.size());
  for (std::size_t d = 0; d < s.sides.size(); ++d)
    for (std::int64_t x = 0; x < s.sides[d]; ++x) mixes[d].push_back(mix_of(call, s, d, x));
  std::vector<double> out(static_cast<std::size_t>(element_count(s.sides)));
  Walk walk(s.sides, {});
  std::vector<std::pair<std::int64_t, double>> parts, next;  // offset, share
  for (double& o : out) {
    parts = {{0, 1.0}};
    for (std::size_t d = 0; d < s.sides.size(); ++d) {
      const Mix& mix = mixes[d][static_cast<std::size_t>(walk.index()[d])];
      next.clear();
      for (const auto& [offset, share] : parts) {
        next.emplace_back(offset + mix.low * in_strides[d], share * (1 - mix.share));
        if (mix.share > 0) next.emplace_back(offset + mix.high * in_strides[d], share * mix.share);
      }
      parts.swap(next);
    }
    o = 0;
    for (const auto& [offset, share] : parts) o += share * from[static_cast<std::size_t>(offset)];
    walk.next();
  }
  return {make_tensor(call.output().type, s.sides, out)};
}

}  // namespace

std::vector<std::vector<double>> resize_positions(Call& call) {
  const Scaling s = scaling_of(call);
  std::vector<std::vector<double>> positions(s.sides.size());
  for (std::size_t d = 0; d < s.sides.size(); ++d)
    for (std::int64_t x = 0; x < s.sides[d]; ++x) {
      const Mix mix = mix_of(call, s, d, x);
      positions[d].push_back(static_cast<double>(mix.low) + mix.share);
    }
  return positions;
}

const std::vector<Operator>& resize_operators() {
  static const std::vector<Operator> table = {{"Resize", 1, 4, infer_resize, resize}};
  return table;
}

}  // namespace tessera::import
