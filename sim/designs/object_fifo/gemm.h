// GEMM C[m,n] = A[m,k] B[k,n] on the whole array, output-stationary: the mapping cols=channels rows=height as the
// published hand-written designs lay it out.
//
//   shim column i -> memory tile i -> A tiles of its rows of cores, broadcast along each row
//   shim column j -> memory tile j -> B tiles of column j, broadcast along that column
//   core (i, j) keeps its tile of C until k is exhausted, then core -> memory tile j -> shim j
//
// A and B stand row-major in DDR and pass the memory tiles as they come; nothing stays there. Sources: mlir-aie
// whole_array; arXiv 2512.13282, section 4. With `b_stays` a memory tile keeps the tiles of B of one block of columns
// and sends them again for every block of rows of A, which may then be lower than B's tiles are deep: one transfer from
// DDR per block of columns. Source: IRON, operators/flm/gemm.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"
#include "sim/schedule/schedule.h"

namespace tessera::designs::object_fifo {

using schedule::Schedule;

enum class Keeps { input, weights };

struct GemmDesign {
  int m = 0, k = 0, n = 0;
  int tile_m = 0, tile_k = 0, tile_n = 0;  // of one kernel call
  network::ElementType in_type = network::ElementType::i8, out_type = network::ElementType::i8;
  int strip_calls = 1;                              // kernel calls along k that one buffer of A and B feeds
  int a_buffers = 2, b_buffers = 2, c_buffers = 2;  // in the core
  int memtile_buffers = 2;
  std::optional<Keeps> keeps;  // input: all of k of A stays in the core while its tiles of C side by side are computed;
                               // weights: all of k of B stays while its tiles of C below each other are computed
  bool b_packed = false;       // B stands in DDR tile after tile, in the order in which a column reads it
  bool b_stays = false;        // in the memory tile, while the tiles of C below each other are computed

  Bytes in_bytes(std::int64_t elements) const { return bytes_of(in_type, elements); }
  Bytes out_bytes(std::int64_t elements) const { return bytes_of(out_type, elements); }
  Bytes a_bytes() const { return in_bytes(std::int64_t{tile_m} * tile_k * strip_calls); }  // of one buffer
  Bytes b_bytes() const { return in_bytes(std::int64_t{tile_n} * tile_k * strip_calls); }
  Bytes c_bytes() const { return out_bytes(std::int64_t{tile_m} * tile_n); }
  // Blocks of tiles that the array computes at a time, along m and n, and strips along k.
  int blocks_m(const arch::ArraySpec& a) const { return static_cast<int>(ceil_div(m, tile_m * a.rows)); }
  int blocks_n(const arch::ArraySpec& a) const { return static_cast<int>(ceil_div(n, tile_n * a.cols)); }
  int strips() const { return static_cast<int>(ceil_div(k, tile_k * strip_calls)); }
  Bytes core_bytes() const { return a_buffers * a_bytes() + b_buffers * b_bytes() + c_buffers * c_bytes(); }
};

// What a gemm layer and what is forced for it come to: two buffers of A and B and as many of C, two or one, as fit a
// core, unless told otherwise. The tile must be among what is forced.
GemmDesign gemm_design(const network::Layer& layer, const mapping::ForcedMapping& forced, const arch::ArraySpec& array);

// Sizes that the tiles do not divide are padded. Fails with does_not_fit. `layers` of the program are the network's.
Expected<Schedule> schedule_gemm(const network::Network& network, const GemmDesign& design,
                                 const arch::ArraySpec& array, const cost::LatencyModel& latency_model);

}  // namespace tessera::designs::object_fifo
