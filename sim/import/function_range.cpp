#include "sim/import/function_range.h"

#include <algorithm>
#include <cmath>

#include "sim/import/mask_constants.h"

namespace tessera::import {
namespace {
constexpr double largest_result = 1e15;  // of a function: what exp makes beyond it is cut off
}

bool is_below_its_maximum(const std::vector<network::Layer>& layers, const network::Layer& table) {
  const network::Layer& difference = layers[static_cast<std::size_t>(table.inputs[0])];
  return table.op == network::Op::lookup && difference.op == network::Op::sub &&
         origin(layers, difference.inputs[1]).op == network::Op::maxpool;
}

Results results_of(const ops::Lookup& lookup, double rms, bool up_to_zero) {
  constexpr int points = 127;
  Results r;
  double weight = 0;
  for (int i = -points; i <= (up_to_zero ? 0 : points); ++i) {
    const double sigmas = reach * i / points, y = std::fabs(evaluate(lookup, sigmas * rms)),
                 w = std::exp(-sigmas * sigmas / 2);
    if (!(y <= largest_result)) continue;
    r.rms += w * y * y;
    r.most = std::max(r.most, y);
    weight += w;
  }
  r.rms = std::sqrt(r.rms / weight);
  return r;
}

}  // namespace tessera::import
