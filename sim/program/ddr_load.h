// How much longer than its bytes alone a descriptor occupies host memory. Contiguous runs cost run_cycles each and
// every page that a run opens page_cycles; both overlap with the data of other runs, so the memory is busy for the
// longer of the two. Runs with a pitch below a page share it. Source: GEMM designs whose tiles are read with pitches of
// 1 to 4 KB (results/validation).
#pragma once
#include "sim/program/program.h"

namespace tessera::program {

struct DdrRuns {
  double runs = 0;   // contiguous pieces
  double pages = 0;  // pages opened, a pitch of half a page counts half a page per run
};
DdrRuns ddr_runs(const Access& access, Bytes page_bytes);

// Factor on the bytes of the descriptor, at least 1, at the memory's rate for the direction.
double ddr_load(const Access& access, const arch::DdrSpec& ddr, bool write);

// Cycles per byte that a reading channel needs for the pages it opens, however idle the memory is; they overlap with
// the data of the same channel only. Source: int8 designs whose B has a pitch of 4 KB take 48 to 51 cycles per run of
// the channel that carries B, whatever the other channels do (results/validation).
double channel_wait(const Access& access, const arch::DdrSpec& ddr);

}  // namespace tessera::program
