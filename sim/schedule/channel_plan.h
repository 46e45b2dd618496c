// How many channels of every memory tile a layer uses for what.
#pragma once
#include "sim/cost/layer_cost.h"

namespace tessera::schedule {

mapping::Channels plan_channels(const cost::LayerContext& context, const mapping::Partition& partition,
                                const arch::ArraySpec& array);

}  // namespace tessera::schedule
