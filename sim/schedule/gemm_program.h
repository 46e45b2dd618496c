// GEMM C[m,n] = A[m,k] B[k,n] on the whole array in the output-stationary form of the published hand-written designs:
//
//   shim column i -> memory tile i -> A tiles of row i, broadcast along that row of cores
//   shim column j -> memory tile j -> B tiles of column j, broadcast along that column
//   core (i, j) keeps its tile of C until k is exhausted, then core -> memory tile j -> shim j
//
// It is what the scheduler's mapping cols=channels rows=height does with one layer (a test holds the two together within
// 2 %), written apart for what networks do not have: types wider than int8, the buffering of each published design, B as
// it stands in DDR instead of compacted chunks, and loops of descriptors instead of one per transfer.
//
// A and B are buffered once or twice in core and memory tile; so is C. Types are widths only: the program carries no
// tensors and cannot be run with data. Sources: mlir-aie whole_array; arXiv 2512.13282, section 4.
#pragma once
#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera {

struct GemmDesign {
  int m = 0, k = 0, n = 0;
  int tile_m = 0, tile_k = 0, tile_n = 0;  // of one kernel call
  Bytes in_bytes = 1, out_bytes = 1;       // of an element
  int strip_calls = 1;      // kernel calls along k that one buffer of A and B feeds
  int a_buffers = 2, b_buffers = 2, c_buffers = 2;  // in the core
  int memtile_buffers = 2;
  bool a_stationary = false;     // all of k of A stays in the core (a_buffers) while its tiles of C side by side are computed
  bool b_stationary = false;     // a strip of B stays in the core while all its rows of C are computed
  Cycles zero_cycles = 0;        // clearing the tile of C before the first call

  Bytes core_bytes() const;      // buffers of one core
};

// The largest number of C buffers, 1 or 2, with which the design fits a core.
int fitting_c_buffers(const GemmDesign& design, const ArraySpec& array);

// `clears` marks the calls that clear C; every other call computes a tile.
struct GemmProgram {
  Program program;
  std::vector<bool> clears;  // indexed like program.calls
};

// Sizes that the tiles do not divide are padded. Fails with does_not_fit.
Expected<GemmProgram> build_gemm_program(const GemmDesign& design, const ArraySpec& array);

}  // namespace tessera
