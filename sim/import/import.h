// ONNX file -> network: reading, simplifying, lowering, and the scales of int8.
#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/import/host_calls.h"
#include "sim/import/macs.h"
#include "sim/import/onnx_reader.h"
#include "sim/import/passes.h"
#include "sim/network/network.h"
#include "sim/tensor/layer_weights.h"
#include "sim/tensor/view.h"

namespace tessera::import {

// Reads, infers and simplifies; `dead` (may be null) says what no output depended on. `host` (may be null): operators
// that need not be known.
Expected<Graph> read_graph(const std::string& path, const DimensionSizes& sizes, DeadCode* dead = nullptr,
                           const HostTimes* host = nullptr);

// An int8 of the layer's tensor stands for `step` times itself; one of its weights for its channel's weight step.
struct LayerScale {
  double step = 1;
  bool of_file = false;         // the file says one; else it was chosen (scales.h)
  std::vector<double> weights;  // per output channel
};

struct Imported {
  nlohmann::json file;  // the network as a network file, which `network` is
  network::Network network;
  std::vector<View> inputs, outputs;                 // where those of the file stand in the layers' tensors
  std::vector<std::optional<LayerWeights>> weights;  // by LayerId
  std::vector<WeightFigures> figures;                // of these weights, by LayerId
  std::vector<LayerScale> scales;                    // by LayerId
  std::map<std::string, double> file_scales;         // steps that the file gives, by layer name
  // By layer name: what inputs stand for over what stands in their tensors, the limit of a clipped ReLU, the epsilon of
  // a normalization, additions of what is never other than zero at one place, and constants as [h][w][c].
  std::map<std::string, std::vector<double>> factors;
  std::map<std::string, double> limits, epsilons;
  std::set<std::string> joins;
  std::map<std::string, std::vector<float>> constants;
  MacCount macs;
  DeadCode dead;
  std::vector<std::string> left_out;  // what the network ends before, see end_before_picks
  std::vector<std::string> unread_inputs;
  int other_steps = 0;      // layers whose integers in the file no int8 without a zero point holds
  int widened = 0;          // see Graph
  std::int64_t images = 1;  // see Graph
};

Expected<Imported> import_onnx(const std::string& path, const DimensionSizes& sizes);

// A network in stages: what the host computes first, and what the array then does; nothing where the host is last.
struct Stage {
  std::vector<HostCall> host;
  std::optional<Imported> array;
};
// One stage, without calls, where nothing is put on the host.
Expected<std::vector<Stage>> import_stages(const std::string& path, const DimensionSizes& sizes,
                                           const HostTimes& times);

// Whether a file is read as ONNX: by its name, .onnx or .onnx.gz.
bool is_onnx(const std::string& path);

}  // namespace tessera::import
