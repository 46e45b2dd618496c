// Sub-volumes of one layer as the published compiler chose them. Inferred from the traces and checked against all
// 1226 convolutions in them (tests/replay): columns split the output width, rows split the output channels.
//   input   at most 8 KB of one core, 12 KB at stride 2; widths count rounded up to 8
//   output  at most 8 KB of a column of cores, over the stride
//   weights at most 16 KB of one core as stored
// What does not fit at a height of one output row gives up its halo in the width, then is divided in input channels
// (input) and output channels (output); then the height grows as long as both fit. Weights are divided in output
// channels first, then in input channels; a divisor has to leave multiples of 8.
#pragma once
#include "sim/network/network.h"
#include "sim/replay/schedule_trace.h"

namespace tessera::replay {

struct PublishedTile {
  network::Shape core_input, core_output;
  WeightShape core_weights, memtile_weights;  // convolutions only
  int width_parts = 1;                        // pools: sweeps over parts of the width or of the channels
};

PublishedTile published_tile(const network::Layer& layer, int rows, int cols, double density);

// The share of one column: the width is split.
network::Shape column_share(const network::Shape& shape, int cols);

// Divisors d of `channels` / 8, ascending, that leave channels / d a multiple of 8.
std::vector<int> channel_divisors(int channels);

}  // namespace tessera::replay
