// Within object_fifo only: how often the tiles of a product pass, and where its matrices and rings stand.
#pragma once
#include <algorithm>

#include "sim/designs/object_fifo/gemm.h"
#include "sim/designs/object_fifo/ring.h"

namespace tessera::designs::object_fifo {

// Locks of a compute tile; a memory tile has a pair of them per row of cores it feeds with A, for B, and per row of C.
enum CoreLock { a_full, a_empty, b_full, b_empty, c_full, c_empty };
constexpr int most_pieces = 8;
constexpr int first_c_channel = 2;  // memory tile: S2MM 0 takes A, 1 takes B, the others C of one row each

struct GemmLayout {
  GemmLayout(const GemmDesign& design, const arch::ArraySpec& machine)
      : d(design),
        array(machine),
        map(machine),
        blocks_m(d.blocks_m(array)),
        blocks_n(d.blocks_n(array)),
        strips(d.strips()),
        feeds(static_cast<int>(ceil_div(array.rows, array.cols))),
        rows(blocks_m * array.rows * d.tile_m),
        steps(strips * d.strip_calls * d.tile_k),
        a{0, d.in_bytes(steps), rows},
        b{a.address + a.pitch * rows, d.in_bytes(std::int64_t{blocks_n} * array.cols * d.tile_n), steps},
        c{b.address + b.pitch * steps, d.out_bytes(std::int64_t{blocks_n} * array.cols * d.tile_n), rows} {}

  const GemmDesign& d;
  const arch::ArraySpec& array;
  const program::EngineMap map;
  const int blocks_m, blocks_n, strips;
  const int feeds;                // rows of cores that one column feeds with A
  const int rows, steps;          // of C and of k, padded
  const program::Matrix a, b, c;  // in DDR

  bool keeps(Keeps what) const { return d.keeps == what; }
  std::int64_t outputs() const { return std::int64_t{blocks_m} * blocks_n; }  // tiles of C per core
  // How often A and B pass: once for every tile of C, or once per block of rows (of columns).
  std::int64_t a_passes() const { return keeps(Keeps::input) ? blocks_m : outputs(); }
  std::int64_t b_passes() const { return by_columns() ? blocks_n : outputs(); }          // from DDR
  std::int64_t b_sends() const { return keeps(Keeps::weights) ? blocks_n : outputs(); }  // to the cores
  // Whether the tiles of C follow each other down a column of them, else along a row.
  bool by_columns() const { return keeps(Keeps::weights) || d.b_stays; }
  // What stays of B in a memory tile is filled and sent in so many pieces, each with locks of its own, so that the next
  // block of columns arrives piece by piece while the last tiles of this one still need the rest.
  int pieces() const { return d.b_stays ? std::min(strips, most_pieces) : 0; }

  // The rows of cores whose A passes through a column.
  int first_row(int col) const { return std::min(array.rows, col * feeds); }
  int last_row(int col) const { return std::min(array.rows, (col + 1) * feeds); }

  int memtile(int col) const { return col * array.memtile_rows; }
  program::TileId memory(int col) const { return map.memory_tile(memtile(col)); }
  // Rings of a memory tile stand one after the other: A of each row it feeds, B, C of each row.
  Ring staged_a(int col, int k) const {
    return {memory(col), k * d.memtile_buffers * d.a_bytes(), d.a_bytes(), d.memtile_buffers, 2 * k};
  }
  Ring staged_b(int col) const {
    return {memory(col), feeds * d.memtile_buffers * d.a_bytes(), d.b_bytes(), d.memtile_buffers, 2 * feeds};
  }
  // Piece p of what stays of B: some strips, from strip p * strips / pieces on.
  Ring piece_of_b(int col, int p) const {
    const std::int64_t first = std::int64_t{p} * strips / pieces(), end = std::int64_t{p + 1} * strips / pieces();
    return {memory(col), staged_b(col).base + first * d.b_bytes(), (end - first) * d.b_bytes(), 1,
            2 * (feeds + 1 + array.rows + p)};
  }
  Ring staged_c(int col, int row) const {
    const Ring b_ring = staged_b(col);
    const std::int64_t base =
        (d.b_stays ? b_ring.base + strips * d.b_bytes() : b_ring.end()) + row * d.memtile_buffers * d.c_bytes();
    return {memory(col), base, d.c_bytes(), d.memtile_buffers, 2 * feeds + 2 + 2 * row};
  }
  // So do those of a core.
  Ring core_a(int row, int col) const { return {map.compute_tile(row, col), 0, d.a_bytes(), d.a_buffers, a_full}; }
  Ring core_b(int row, int col) const {
    return {map.compute_tile(row, col), core_a(row, col).end(), d.b_bytes(), d.b_buffers, b_full};
  }
  Ring core_c(int row, int col) const {
    return {map.compute_tile(row, col), core_b(row, col).end(), d.c_bytes(), d.c_buffers, c_full};
  }
};

// The program of a network of one gemm, whose mapping is told as `mapping`.
program::Program emit_gemm(const network::Network& network, const GemmLayout& layout, const std::string& mapping);

}  // namespace tessera::designs::object_fifo
