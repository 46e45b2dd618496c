// Layer work -> program: the same descriptors, routes, waits and kernel calls as any schedule. How the lanes compose is
// in the program and nowhere else:
//   a layer   LOAD and LOADW side by side (two shim channels of each column), the passes, WRITE; the next layer starts
//             when this one is through
//   a pass    LOADWM (memory tile -> one row of cores, multicast), then LOADFM (memory tile -> the cores of its column,
//             multicast), the kernel calls and WRITEFM (cores -> memory tile): all at once when overlapped, else one
//             after the other; the next pass starts when all of this one is through
// There are no buffer locks: the published composition lets the three stages of an overlapped pass run freely.
// Buffers have addresses, but the payload is anonymous (Payload::none): such a program moves no data of a network.
#pragma once
#include <vector>

#include "sim/base/error.h"
#include "sim/program/program.h"
#include "sim/replay/lane_work.h"

namespace tessera::replay {

// Tasks [first, last) of one engine, counted from 0.
struct TaskSpan {
  program::EngineId engine = 0;
  int first = 0, last = 0;
};
using LaneTasks = std::vector<TaskSpan>;

struct PassTasks {
  LaneTasks loadfm, loadwm, comp, writefm;
  bool added = false;
};
struct LayerTasks {
  LaneTasks load, loadw, write;
  std::vector<PassTasks> passes;
};

struct ReplayProgram {
  program::Program program;        // program.layers is left to the caller
  std::vector<LayerTasks> layers;  // where to look for each lane, in the order of the work
};

// `writeback_channels`: inbound channels of a memory tile that the cores of its column share (1: all use one).
// Fails when the array has too few channels for one weight channel per row.
Expected<ReplayProgram> make_replay_program(const std::vector<LayerWork>& work, const arch::ArraySpec& array,
                                            int writeback_channels);

}  // namespace tessera::replay
