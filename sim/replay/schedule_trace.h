// A schedule as a published trace states it: per layer the sub-volumes that one step moves and computes, the passes,
// and what each memory tile exchanges with DDR. Sizes only: the times that a trace file may carry are kept apart
// (published_*) for comparison and decide nothing.
// Source of the format: P. D'Alberto et al., arXiv 2407.09453, experiment logs; shapes are [height, width, channels],
// weights [cout, kh, kw, cin].
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "sim/network/network.h"

namespace tessera::replay {

struct WeightShape {
  int cout = 0, kh = 1, kw = 1, cin = 0;
  std::int64_t count() const { return std::int64_t{cout} * kh * kw * cin; }
};

enum class Lane { load, loadw, loadfm, loadwm, comp, writefm, write };
constexpr int lane_count = 7;
const char* lane_name(Lane lane);

using LaneTimes = std::array<std::optional<double>, lane_count>;  // microseconds, by Lane

struct TracePass {
  int iterations = 1;
  bool overlapped = false;  // load, compute and store in ping/pong; else one after the other
  LaneTimes published;      // loadfm, loadwm, comp, writefm
};

struct TraceLayer {
  int line = 0;             // of the file; 0 when planned
  network::LayerId id = 0;  // layer of the program that it becomes
  std::string name;
  network::Op op = network::Op::conv2d;  // conv2d, maxpool, avgpool or add
  network::Shape input, output;
  WeightShape core_weights, memtile_weights;  // conv2d only
  network::Shape core_input, core_output;     // core_output: the channels of the whole column of cores
  network::Shape memtile_input, memtile_output;
  bool input_in_ddr = false, weights_in_ddr = false, output_in_ddr = false;
  Bytes load = 0, loadw = 0, write = 0;  // per memory tile
  double density = 1;                    // share of the weight blocks that is present
  std::vector<TracePass> passes;
  LaneTimes published;  // load, loadw, write
  std::optional<double> published_end;
};

struct ScheduleTrace {
  std::string network;
  int rows = 0, cols = 0;
  double density = 1;  // of the layers that are sparse
  std::vector<TraceLayer> layers;
};

// Which passes of a convolution begin by loading weights: the first one of every sweep over the output. A sweep is a
// run of passes "edges, body, edges"; a body that directly follows another body is a new sweep or the next piece of
// one, and loads as well.
std::vector<bool> weight_loads(const TraceLayer& layer);

// Sweeps over the whole output that the passes amount to (at least 1).
int sweeps(const TraceLayer& layer);

}  // namespace tessera::replay
