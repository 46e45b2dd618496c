#include "sim/mapping/mapping.h"

#include <fmt/format.h>

namespace tessera::mapping {

const char* axis_name(Axis axis) {
  static const char* const names[] = {"width", "height", "channels"};
  return names[static_cast<int>(axis)];
}

std::string sharding_name(const Sharding& s) {
  return std::string("cols=") + axis_name(s.cols) + " rows=" + axis_name(s.rows) + (s.apart ? " apart" : "");
}

std::string walk_name(const LayerMapping& m) {
  return fmt::format("tile={}x{}x{}/{}{}{}{}{}{}", m.tile.h, m.tile.w, m.tile.co, m.tile.ci,
                     m.weights_stationary ? " weights-stationary" : "", m.chunks_staged ? " chunks-staged" : "",
                     m.buffers.input > 2 ? fmt::format(" input-slots={}", m.buffers.input) : "",
                     m.inbound.aside > 0 ? fmt::format(" aside={}", m.inbound.aside) : "",
                     m.inbound.operand_first ? " operand-first" : "");
}

}  // namespace tessera::mapping
