// What a schedule makes the machine move and compute, per accounting: bytes and operations, never times. The two
// accountings differ here and nowhere else.
//   published  the arithmetic of the published estimates: a core is charged input sub-volume x kh x kw x cin
//              operations, one weight sub-volume per sweep, one write-back channel per column
//   physical   the same schedule as a correct execution needs it: output elements of one core x kh x kw x cin,
//              every weight sub-volume loaded, the activations read again for each, and one write-back channel per
//              core as far as the memory tile has channels
// Pooling and add are charged alike in both: input sub-volume per iteration.
#pragma once
#include <vector>

#include "sim/replay/schedule_trace.h"

namespace tessera::replay {

struct PassWork {
  int iterations = 1;
  bool overlapped = false;
  bool added = false;           // not in the trace: a correct execution needs it
  Bytes weights = 0;            // per row of cores, once, before the pass
  Bytes input = 0;              // per column of cores and iteration
  Bytes output = 0;             // per column of cores and iteration
  std::int64_t operations = 0;  // per core and iteration; 256 a cycle
};

struct LayerWork {
  network::LayerId layer = 0;
  Bytes load = 0, loadw = 0, write = 0;  // per memory tile
  std::vector<PassWork> passes;
};

std::vector<LayerWork> published_work(const ScheduleTrace& trace);

// `rows` of the trace share a column's output channels.
std::vector<LayerWork> physical_work(const ScheduleTrace& trace);

// Bytes of one weight sub-volume as it is moved: present blocks, int32 bias, two bytes per 8x8 block for the mask, and
// 192 for the descriptor of a layer's first; to 16 bytes.
Bytes weight_bytes(const WeightShape& w, double density, bool first);

// Bytes of one activation sub-volume on its way to or from the cores.
Bytes volume_bytes(const network::Shape& volume, network::Op op);

}  // namespace tessera::replay
