#include "sim/schedule/in_place.h"

#include <algorithm>

namespace tessera::schedule {
namespace {

// Output rows of each column; empty where it has no work.
std::vector<mapping::Span> rows_of_columns(const mapping::Partition& p, int columns) {
  std::vector<mapping::Span> rows(columns);
  for (const mapping::CorePart& part : p.parts) rows[part.col] = part.h;
  return rows;
}

// Rows of `band` that no column reads any more when all are at tile row `step`: an interval from near its top.
mapping::Span dead_rows(const network::Layer& layer, const std::vector<mapping::Span>& columns, int own, int steps,
                        int step, mapping::Span band) {
  const network::Window& k = layer.window;
  mapping::Span dead = band;
  for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
    const mapping::Span rest{mapping::split(columns[c], steps, step).lo, columns[c].hi};
    if (rest.empty()) continue;
    const mapping::Span read{rest.lo * k.sh - k.pad_top, (rest.hi - 1) * k.sh - k.pad_top + k.extent_h()};
    if (c < own)
      dead.lo = std::max(dead.lo, read.hi);
    else
      dead.hi = std::min(dead.hi, read.lo);
  }
  return dead;
}

}  // namespace

bool frees_rows(const mapping::Sharding& s, const arch::ArraySpec& array) {
  return s.cols == mapping::Axis::height && s.rows != mapping::Axis::height && array.memtiles() == array.cols;
}

std::optional<std::vector<mapping::Piece>> place_in_input(const InPlace& what, const mapping::Partition& partition,
                                                          const mapping::Tiling& tiling, const arch::ArraySpec& array,
                                                          std::vector<mapping::TileAllocator> allocators) {
  std::vector<mapping::Piece> list;
  const std::vector<mapping::Span> columns = rows_of_columns(partition, array.cols);
  const auto& parts = what.input.parts;
  for (int m = 0; m < array.memtiles(); ++m) {
    const auto own = std::find_if(parts.begin(), parts.end(), [&](const auto& p) { return p.piece.memtile == m; });
    std::int64_t inside = -1;  // next free address within the input
    for (int step = 0; step < tiling.nh; ++step) {
      mapping::Span rows = mapping::split(columns[m], tiling.nh, step);
      while (!rows.empty()) {
        mapping::Piece part{m, rows, {0, what.layer.out.w}, 0, step};
        const auto keep = [&](std::int64_t room) {
          part.h.hi = std::min<int>(rows.hi, rows.lo + static_cast<int>(std::min<std::int64_t>(room, rows.size())));
        };
        const std::int64_t room = (allocators[m].largest_gap().size() - what.reserve - 32) / what.row_bytes;
        if (room > 0) {
          keep(room);
          const auto at = allocators[m].find(round_up(part.h.size() * what.row_bytes, 32), false);
          if (!at) return std::nullopt;
          part.address = *at;
        } else {
          if (own == parts.end()) return std::nullopt;
          const mapping::Piece& piece = own->piece;
          const mapping::Span dead = dead_rows(what.layer, columns, m, tiling.nh, step, piece.h);
          const auto address_of = [&](int row) { return piece.address + (row - piece.h.lo) * what.input_row_bytes; };
          part.address = round_up(std::max(inside, address_of(dead.lo)), 32);
          const std::int64_t fit =
              dead.empty() ? 0 : (address_of(dead.hi) - part.address) / round_up(what.row_bytes, 32);
          if (fit <= 0) return std::nullopt;
          keep(fit);
          inside = part.address + round_up(part.h.size() * what.row_bytes, 32);
        }
        allocators[m].take(part.address, part.h.size() * what.row_bytes, 0);
        rows.lo = part.h.hi;
        list.push_back(part);
      }
    }
  }
  return list;
}

}  // namespace tessera::schedule
