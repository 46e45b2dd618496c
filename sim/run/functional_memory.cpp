#include "sim/run/functional_memory.h"

#include <fmt/format.h>

#include "sim/program/engine.h"

namespace tessera::run {
namespace {
constexpr Bytes with_marks = 2;          // a mark of 4 bytes for each word of 4
constexpr Bytes per_tensor_element = 7;  // as it arrived: value, count and writer (6); the reference's value (1)
}  // namespace

Bytes functional_memory(const program::Program& program, const arch::ArraySpec& array) {
  const program::EngineMap map(array);
  Bytes bytes = with_marks * program.ddr_bytes;
  for (program::TileId t = 0; t < map.tile_count(); ++t) {
    const program::TileKind kind = map.tile_kind(t);
    if (kind == program::TileKind::compute) bytes += with_marks * array.tile.memory.size;
    if (kind == program::TileKind::memory) bytes += with_marks * array.memtile.memory.size;
  }
  for (const program::ProgramLayer& l : program.layers) bytes += per_tensor_element * l.layer.out.elements();
  return bytes;
}

std::optional<Failure> too_much_functional_memory(const program::Program& program, const arch::ArraySpec& array,
                                                  Bytes most) {
  const Bytes bytes = functional_memory(program, array);
  if (bytes <= most) return std::nullopt;
  return fail(ExitCode::does_not_fit, {"", "--functional", fmt::format("would hold {} bytes of data", bytes),
                                       fmt::format("legal: up to {}; smaller memories or a smaller network", most)});
}

}  // namespace tessera::run
