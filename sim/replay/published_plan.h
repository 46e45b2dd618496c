// The policy `published` under the published accounting: a schedule for any network and array in the form of a
// published trace, by the rules that the reference and the traces show. Sub-volumes are exact (published_tiles.h); the
// homes follow a plain model of one memory tile per column, in schedule order, where the published compiler's buffer
// addresses are only hinted at:
//   - activations and weights of a layer share the memory tile; tensors that are needed later stay while there is room,
//     the one needed last goes to DDR first
//   - weights too large are streamed in parts of the output channels, one sweep over the output each
//   - activations too large are worked off in equal pieces of the output height, to and from DDR
//   - a producer of a concatenation makes ceil(channels of it / (own channels x rows)) sweeps
#pragma once
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/network/network.h"
#include "sim/replay/schedule_trace.h"

namespace tessera::replay {

// `density` by LayerId: share of weight blocks present (1: dense). Layer ids of the trace are those of the network;
// concatenations and the input have no line. A layer that fits in no way is a Failure (does_not_fit).
Expected<ScheduleTrace> plan_published(const network::Network& network, const arch::ArraySpec& array,
                                       const std::vector<double>& density);

}  // namespace tessera::replay
