// The constants that simulations chose. Nothing else in the estimates is fitted.
#pragma once
#include <array>

namespace tessera::cost::tuned {

// Cycles charged per kernel call and per transfer beyond what the hardware file says, for what the formulas leave out:
// starting, hops, tokens, waiting for each other.
constexpr double call_overhead = 32, task_overhead = 110;
// Cycles that every step costs even where something else bounds the layer, so that such a layer is not cut into dust.
constexpr double exposed_per_step = 128;
// Share of filling and draining the pipeline of a layer that shows where its buffers fit beside its neighbour's.
constexpr double exposed_fill = 0.4;
// By input slots of a core: over how many chunks differences between cores of unequal blocks average out.
constexpr std::array<int, 3> paced_windows{1, 8, 24};
// What the estimate of a network must fall to before tensors leave the usual axis: it does not see all that reading
// across costs.
constexpr double worth_turning = 0.99;
// What computing convolutions as one must cost of what they cost apart: apart they may alternate with layers of other
// branches, which hides what a layer waits for at its start.
constexpr double worth_joining = 0.85;
// What walking layers in tiles may cost of what they cost one after the other where the input comes from DDR anyway.
// Elsewhere the rows of a tile stand in few memory tiles, which costs more than the estimate sees.
constexpr double worth_tiling = 1.015;

}  // namespace tessera::cost::tuned
