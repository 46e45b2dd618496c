#include "sim/schedule/rolling.h"

#include <algorithm>

namespace tessera::schedule {
namespace {

// Output rows of each column; empty where it has no work.
std::vector<Span> rows_of_columns(const Partition& p, int columns) {
  std::vector<Span> rows(columns);
  for (const CorePart& part : p.parts) rows[part.col] = part.h;
  return rows;
}

// Rows of `band` that no column reads any more when all are at tile row `step`: an interval from near its top.
Span dead_rows(const network::Layer& layer, const std::vector<Span>& columns, int own, int steps, int step, Span band) {
  const network::Window& k = layer.window;
  Span dead = band;
  for (int c = 0; c < static_cast<int>(columns.size()); ++c) {
    const Span rest{split(columns[c], steps, step).lo, columns[c].hi};
    if (rest.empty()) continue;
    const Span read{rest.lo * k.sh - k.pad_top, (rest.hi - 1) * k.sh - k.pad_top + k.kh};
    if (c < own)
      dead.lo = std::max(dead.lo, read.hi);
    else
      dead.hi = std::min(dead.hi, read.lo);
  }
  return dead;
}

}  // namespace

bool rolls(const Mapping& mapping, const arch::ArraySpec& array) {
  return mapping.cols == Axis::height && mapping.rows != Axis::height && array.memtiles() == array.cols;
}

std::optional<std::vector<RolledRows>> roll_output(const network::Layer& layer, const Partition& partition,
                                                   const Tiling& tiling, const Home& input, Bytes row_bytes,
                                                   Bytes reserve, const arch::ArraySpec& array,
                                                   std::vector<TileAllocator> allocators) {
  std::vector<RolledRows> list;
  const std::vector<Span> columns = rows_of_columns(partition, array.cols);
  for (int m = 0; m < array.memtiles(); ++m) {
    const auto piece =
        std::find_if(input.pieces.begin(), input.pieces.end(), [&](const Piece& p) { return p.memtile == m; });
    std::int64_t inside = -1;  // next free address within the input
    for (int step = 0; step < tiling.nh; ++step) {
      Span rows = split(columns[m], tiling.nh, step);
      while (!rows.empty()) {
        RolledRows part{m, step, rows, 0};
        const std::int64_t room = (allocators[m].largest_gap().size() - reserve - 32) / row_bytes;
        if (room > 0) {
          part.rows.hi = std::min<int>(rows.hi, rows.lo + static_cast<int>(std::min<std::int64_t>(room, rows.size())));
          const auto at = allocators[m].find(round_up(part.rows.size() * row_bytes, 32), false);
          if (!at) return std::nullopt;
          part.address = *at;
        } else {
          if (piece == input.pieces.end()) return std::nullopt;
          const Span dead = dead_rows(layer, columns, m, tiling.nh, step, piece->h);
          const auto address_of = [&](int row) {
            return piece->buffer->address + (row - piece->h.lo) * piece->row_step();
          };
          part.address = round_up(std::max(inside, address_of(dead.lo)), 32);
          const std::int64_t fit = dead.empty() ? 0 : (address_of(dead.hi) - part.address) / round_up(row_bytes, 32);
          if (fit <= 0) return std::nullopt;
          part.rows.hi = std::min<int>(rows.hi, rows.lo + static_cast<int>(std::min<std::int64_t>(fit, rows.size())));
          inside = part.address + round_up(part.rows.size() * row_bytes, 32);
        }
        allocators[m].take(part.address, part.rows.size() * row_bytes, 0);
        rows.lo = part.rows.hi;
        list.push_back(part);
      }
    }
  }
  return list;
}

}  // namespace tessera::schedule
