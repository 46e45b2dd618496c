// What a run found out, typed: result.json, layers.csv, the terminal and the tables of sweeps are made from this by the
// tables of metrics (metric.h). Optional members do not apply to every run and are then left out everywhere.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "sim/exec/backend.h"
#include "sim/result/energy.h"

namespace tessera::result {

// Weights as they stand in DDR, each chunk once.
struct WeightBytes {
  std::int64_t blocks = 0;  // 8x8, present
  Bytes data = 0, index = 0, bias = 0;
  std::optional<Bytes> multipliers;  // of layers with a scale per channel
  std::optional<Bytes> padding;      // where chunks are made equally long
  Bytes total() const { return data + index + bias + multipliers.value_or(0) + padding.value_or(0); }
};

struct LayerBounds {
  double compute_us = 0, alone_us = 0;
  std::string alone_by, alone_mapping;
};

// Bytes that memories, kernels and streams moved.
struct Counts {
  Bytes memtile_read = 0, memtile_write = 0, core_read = 0, core_write = 0;  // by DMA
  Bytes kernel_read = 0, kernel_write = 0;                                   // operands of kernel calls
  Bytes hop_bytes = 0;                                                       // bytes x links that they pass
};

// What controllers do for a layer.
struct LayerControl {
  std::int64_t operations = 0, descriptors = 0;  // of them, descriptors written; without those of cores
  double us = 0;                                 // that they take, whoever waits for whom
  std::optional<std::int64_t> core_operations;   // of cores in their own tiles, where they do that
};

struct LayerResult {
  std::string name, op, mapping;
  std::optional<bool> zeros_kept;  // true where zero blocks are moved and computed like others
  double start_us = 0, end_us = 0;
  std::int64_t macs = 0;
  Bytes ddr_read = 0, ddr_write = 0;
  exec::CauseTimes time{};  // of all cores while they were at the layer
  std::optional<double> core_busy_share, mac_utilization;
  std::optional<WeightBytes> weight_bytes;
  std::optional<LayerBounds> bounds;
  std::optional<double> imbalance_unassigned, imbalance, zero_share;
  std::optional<Counts> counts;
  std::optional<Energy> energy;
  std::optional<LayerControl> control;  // where there are controllers
  std::optional<std::string> extrapolated;
  std::optional<int> input_columns;  // of its input that stand side by side as one pixel

  double span_us() const { return end_us - start_us; }
  bool fused() const { return mapping.rfind("fused into ", 0) == 0; }  // computed by the kernels of another layer
};

struct RunBounds {
  double compute_us = 0, ddr_us = 0, alone_us = 0;
  double bound_us() const { return compute_us > ddr_us ? compute_us : ddr_us; }
};

// Shares of the time in kernel calls.
struct KernelFooting {
  double fitted = 0, extrapolated = 0, assumed = 0;
};

// What the program asks of whoever writes descriptors.
struct ControlWork {
  std::int64_t transfers = 0;    // started, each turn of a loop once
  std::int64_t descriptors = 0;  // that differ, tile by tile
  std::int64_t written = 0;      // of them, those beyond what the tiles hold
  std::optional<double> serial_us;
  // Operations of the controllers, where there are, in all and by the tile that they are for; what cores write in their
  // own tiles is apart.
  std::optional<std::int64_t> operations, compute_tile_operations, memory_tile_operations, shim_operations;
  std::optional<std::int64_t> switch_operations, switch_registers;  // for stream switches, and what they write
  std::optional<std::int64_t> core_operations;
  std::optional<double> bound_us;  // of the controller with most to do, without waiting
  // What one serial controller would need, where transfers are started for free.
  std::optional<std::int64_t> serial_operations;
  std::optional<double> serial_bound_us;
};

// How the streams of a program go through the switches.
struct Routing {
  std::int64_t streams = 0;               // outbound channels that send
  std::int64_t routes = 0;                // sets of receivers, of all streams
  std::int64_t links = 0;                 // between switches
  std::int64_t used_links = 0;            // of them, by the set of routes that uses most
  std::string fullest;                    // the side with the largest share of its links in use, "north of mem(0,0)"
  double fullest_share = 0;               // of its links in use
  std::int64_t shared_links = 0;          // carry packets of several streams, in the set of routes with most
  std::optional<double> shared_us;        // the busiest shared link would need for its bytes alone
  std::int64_t sets = 1;                  // of routes, one after the other
  std::int64_t port_writes = 0;           // registers of switches that are written between them
  std::int64_t write_blocks = 0;          // blocks of them that follow each other
  std::int64_t changed_ids = 0;           // times that a route has another packet id than in the set that last had it
  std::int64_t overfull_sets = 0;         // for which some switch has too little
  std::int64_t overfull_switches = 0;     // need more arbiters, selections, slots or ids than there are
  std::optional<std::string> overfull;    // the first of them and what it would need
  std::int64_t impossible_sets = 0;       // of those for which some switch has too little: that nobody could build
  std::optional<std::string> impossible;  // why, of the first of them
};

struct FunctionalCheck {
  std::int64_t layers_checked = 0, elements_checked = 0, mismatches = 0;
  std::vector<std::string> first, errors;
  bool good() const { return mismatches == 0 && errors.empty(); }
};

// One image of a batch: from its first transfer or kernel call to its last one.
struct ImageResult {
  double start_us = 0, end_us = 0;
  double latency_us() const { return end_us - start_us; }
};

// Of the program memories of the cores.
struct ProgramMemory {
  Bytes size = 0;          // of one
  Bytes code = 0;          // at once, in the core with most
  std::int64_t swaps = 0;  // of the core with most
  double swap_us = 0;      // each
  Bytes arguments = 0;     // of all kernel calls of all cores
};

// One simulation: the network dense, or with its zero blocks left out.
struct DensityResult {
  Millicycles total = 0;
  double latency_us = 0, dispatch_us = 0;
  std::optional<RunBounds> bounds;
  std::int64_t macs = 0;
  std::optional<double> core_busy_share, mac_utilization;
  exec::MemoryTraffic traffic;
  std::uint64_t events = 0;
  std::string program_hash;
  exec::CauseTimes time{};  // of all cores
  std::optional<WeightBytes> weight_bytes;
  std::optional<KernelFooting> footing;
  std::optional<std::string> extrapolated;
  std::optional<ControlWork> control;
  std::optional<ProgramMemory> program_memory;  // none: the kernels do not state how large their code is
  std::optional<Routing> routing;
  std::optional<FunctionalCheck> functional;
  std::optional<Counts> counts;
  std::optional<Energy> energy;
  std::optional<double> no_layer_uj;  // of it what belongs to no layer, idle cores above all
  std::vector<LayerResult> layers;    // those that run on cores, in the network's order
  std::vector<ImageResult> images;    // of a batch; empty: one image

  double total_us() const { return latency_us + dispatch_us; }
};

// The hardware file that numbers of the run differ from.
struct ChangedFrom {
  std::string name;
  std::optional<std::string> calibration;
  std::vector<std::string> keys;
};
struct HardwareResult {
  std::string name, kernels;
  int rows = 0, cols = 0, memtile_rows = 0;
  double clock_hz = 0;
  std::string calibration;
  std::optional<ChangedFrom> changed_from;
  std::optional<double> operation_ns;
  std::string control = "none";                   // who starts transfers
  std::optional<std::string> energy_calibration;  // none: the hardware states no energy
  double peak_macs_per_cycle = 0;                 // of one core
  double ddr_bytes_per_cycle = 0;                 // read, all columns together

  int cores() const { return rows * cols; }
};

// The zero blocks of one layer with weights.
struct LayerZeros {
  std::string name, why;
  std::vector<std::int64_t> block;
  std::int64_t blocks = 0, zero_blocks = 0;
  double zero_share = 0, requested_share = 0;
  int rows = 0, empty_rows = 0;
};
struct SparsityResult {
  std::vector<std::int64_t> block;
  std::optional<double> ratio;
  std::optional<std::string> pattern, importance, scope, weights, gradients, mask_file;
  std::optional<std::vector<std::int64_t>> n_m;
  std::optional<std::uint64_t> seed;
  std::optional<bool> first_dense;
  std::optional<std::vector<std::string>> exclude;
  std::string layers;  // the config's, JSON; empty: none
  double zero_share = 0, requested_share = 0, kernel_zero_share = 0;
  std::int64_t blocks = 0, zero_blocks = 0, empty_rows = 0;
  int masked_layers = 0, kept_layers = 0;
  std::vector<std::string> marks;
  std::vector<LayerZeros> by_layer;
};

// A program that was run instead of a schedule.
struct ProgramFile {
  std::string file, hash;
  std::int64_t masked_blocks = 0, zero_blocks = 0;  // 8x8 blocks of the layers that have a mask
};

// Multiply-accumulates of an ONNX file, before its operators became layers.
struct FileMacs {
  std::int64_t conv = 0, gemm = 0, matmul_weights = 0, matmul_tensors = 0;
  std::int64_t transposed = 0;  // of conv
  std::int64_t total() const { return conv + gemm + matmul_weights + matmul_tensors; }
};

struct RunResult {
  std::string name, network, accounting, fidelity;
  std::optional<std::string> policy;
  HardwareResult hardware;
  std::optional<std::int64_t> batch;  // images, where there are several
  std::optional<SparsityResult> sparsity;
  std::optional<ProgramFile> program;
  std::optional<FileMacs> model;
  std::optional<DensityResult> dense, sparse;
};

// The densities of a run that were simulated, with their names.
std::vector<std::pair<const char*, const DensityResult*>> densities(const RunResult& run);

}  // namespace tessera::result
