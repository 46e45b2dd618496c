// The constants that simulations chose; nothing else in the estimates is fitted. Each says its unit, the day on which
// it was last chosen, and what it was chosen on where that is less than the runs of configs/runs for ResNet50, VGG16
// and Inception V3 on arrays from 1x1 to 8x8.
//
//   build/tests/property/tuned_constants '[whole]'    simulates these runs with smaller and larger values of each
//
// The value with the least sum of latencies stays; tests/property/tuned_test.cpp refuses one that others beat by 1 %.
#pragma once
#include <array>

namespace tessera::cost {

struct Tuned {
  // Cycles per kernel call and per transfer beyond what the hardware file says, for what the formulas leave out:
  // starting, hops, tokens, waiting for each other. 2026-11-23.
  double call_overhead = 32, task_overhead = 110;
  // Cycles that every step costs even where something else bounds the layer, so that such a layer is not cut into dust.
  // 2026-11-23.
  double exposed_per_step = 128;
  // Share of filling and draining the pipeline of a layer that shows where its buffers fit beside its neighbour's.
  // 2026-11-22.
  double exposed_fill = 0.4;
  // Chunks over which differences between cores of unequal blocks average out, by input slots of a core, two to four:
  // as observed in simulations of sparse layers. 2026-11-23.
  std::array<int, 3> paced_windows{1, 8, 24};
  // Ratio of estimates, over the cheapest, up to which a mapping of a layer is simulated before one is chosen: beyond,
  // the estimate has not been wrong. Layers of tests/property/layer_corpus.h. 2026-11-29.
  double worth_a_trial = 1.6;
  // The same in networks of many layers, where fewer are tried.
  double worth_a_short_trial = 1.25;
  // Ratio of estimates of a network below which tensors leave the usual axis: the estimate does not see all that
  // reading across costs. 2026-11-28.
  double worth_turning = 0.99;
  // Ratio of estimates, as one over apart, below which convolutions are computed as one: apart they may alternate with
  // layers of other branches, which hides what a layer waits for at its start. Inception V3, 1x8 to 8x8. 2026-11-28.
  double worth_joining = 0.85;
  // Ratio of estimates, in tiles over one after the other, up to which layers are walked in tiles where the input comes
  // from DDR anyway; elsewhere 1: the rows of a tile stand in few memory tiles there, which costs more than the
  // estimate sees. VGG16 and Inception V3, 2x2 to 8x8. 2026-11-28.
  double worth_tiling = 1.015;
  // Ratio of what the fuller inbound channel of a core carries, evened over as usual, below which channels are evened
  // where that is asked for; tuned_constants does not try it. 2026-11-30.
  double worth_evening = 0.97;
  // Ratio of estimates up to which another number of tiles, or none, is simulated before one is chosen. VGG16 on 4x4,
  // ratios 0 to 0.8. 2026-11-30.
  double worth_a_tiled_trial = 1.03;
  // Cycles that a cycle of a controller is worth where mappings of layers are compared in a network that controllers
  // start: what they do for one layer they cannot do for the next. Of 0, 0.3, 0.6 and 1, for ResNet50 on 4x4 of
  // xdna1_1800mhz; tuned_constants does not try it. 2026-11-30.
  double worth_of_control = 1;
  // Ratio of estimates, in larger groups of images over smaller ones, below which a layer of a batch is computed in the
  // larger: estimates of long walks are too low more often. Products of tests/property/batches_test.cpp. 2026-11-30.
  double worth_more_images = 0.87;
  // Descriptors of a chain in a memory tile, as a multiple of an equal share of each channel: some channels need few.
  // This and the next three: the networks on 4x4 of xdna1_1800mhz. 2026-11-29.
  double chain_share = 1.5;
  // Tokens that a serial controller waits for, for each task that fetches inputs.
  double tokens_of_inputs = 0.25;
  // The same for each channel of results of a layer.
  double tokens_of_results = 1.5;
  // The same for each task that fetches weights.
  double tokens_of_weights = 0.5;
};

// Written by the test of these values and by nothing else.
inline Tuned tuned;

}  // namespace tessera::cost
