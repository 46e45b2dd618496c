#include "sim/result/time_metrics.h"

namespace tessera::result {

const std::vector<CauseText>& cause_texts() {
  using exec::Cause;
  static const std::vector<CauseText> texts{
      {Cause::busy, "Cores inside kernel calls. All parts of `time` sum to cores x cycles.", "observed"},
      {Cause::wait_input, "Cores waiting for activations to arrive.", "blocked on an input_full lock"},
      {Cause::wait_weights, "Cores waiting for weights to arrive.", "blocked on a weights_full lock"},
      {Cause::wait_operand, "Cores waiting for the second operand of an addition.", "blocked on an operand_full lock"},
      {Cause::wait_output, "Cores waiting for room to write their result.", "blocked on an output_empty lock"},
      {Cause::wait_staging, "Waiting for a staging buffer of a memory tile.", "blocked on a staging lock"},
      {Cause::wait_token, "Waiting for tasks of other engines to complete.", "blocked on a Wait"},
      {Cause::wait_control,
       "Waiting for a controller to start a transfer, of this engine or of one that it waits for, or to load code into "
       "a "
       "core.",
       "blocked on an operation of a controller; of a wait for a lock, as long as the channels that release it are"},
      {Cause::wait_stream, "Waiting for a stream link, the other end of a route, or DDR.", "reserved by others"},
      {Cause::bank_conflict, "Cores stalled because a DMA channel used the same memory bank.",
       "conflict_share x DMA bank accesses during the call"},
      {Cause::overhead, "Fixed costs: locks, call, descriptor start, chaining.", "given by the hardware"},
      {Cause::idle, "Nothing left to do, or not started yet.", "the rest"},
  };
  return texts;
}

}  // namespace tessera::result
