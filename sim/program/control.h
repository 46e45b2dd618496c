// What controllers do: operations of ordered lists, which write descriptors, start the tasks of DMA channels and wait
// for their tokens. A task runs the chain that begins with its start descriptor `repeat` times; what it moves stands in
// the list of its channel as transfers, one for each execution of a descriptor. Channels that no controller pushes a
// task to are configured when the design is loaded: they loop over descriptors that never change. Switches are set when
// the design is loaded, and written where streams go other ways later.
#pragma once
#include <cstdint>

#include "sim/arch/control.h"
#include "sim/program/engine.h"

namespace tessera::program {

using arch::ControlKind;
const char* control_name(ControlKind kind);  // write, patch, set, push, await, switch

struct ControlOp {
  ControlKind kind = ControlKind::push_task;
  EngineId channel =
      0;  // whose descriptor, task or token it is; await: or a controller, whose operations are; switch: -1
  std::int16_t layer = -1;
  std::int16_t descriptor = 0;  // write, patch, push: its number in the tile

  // write_descriptor
  std::int32_t transfer = -1;  // of the channel's transfers, the one whose registers it has
  // Transfers from that one on, end to end in memory, that it moves as one: of inbound channels, and of one route from
  // DDR.
  std::int16_t joined = 1;
  std::int16_t next = -1;           // descriptor that the channel goes on with; -1: the chain ends
  std::int16_t iterations = 1;      // executions after which it is back at its first address
  std::int64_t iteration_step = 0;  // bytes by which each execution starts further on
  bool ends_at_last = false;        // an inbound transfer may end before its length, with the stream (TLAST)

  // push_task
  std::int32_t transfers = 0;  // of the channel that the task executes
  std::int16_t repeat = 1;     // times that the chain runs
  bool token = false;          // tells the controller when it is complete

  // write_switch
  std::int16_t tile = -1;             // whose switch
  std::int16_t first = 0, words = 0;  // its registers, by number (SwitchWrite)

  std::uint32_t wait0 = 0, wait_count = 0;  // slice of Program::waits; await_token only
};

}  // namespace tessera::program
