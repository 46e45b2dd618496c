#include "sim/result/metric.h"

namespace tessera::result {
namespace {
using RunTable = std::vector<Metric<RunResult>>;
using R = RunResult;
using H = HardwareResult;
using S = SparsityResult;

// A quotient of two numbers of the densities; null without both.
Value quotient(const R& r, double (*numerator)(const R&), double (*denominator)(const R&)) {
  if (!r.dense || !r.sparse || denominator(r) <= 0) return Null{};
  return numerator(r) / denominator(r);
}
Value speedup(const R& r) {
  return quotient(
      r, [](const R& of) { return of.dense->latency_us; }, [](const R& of) { return of.sparse->latency_us; });
}
Value total_speedup(const R& r) {
  return quotient(
      r, [](const R& of) { return of.dense->total_us(); }, [](const R& of) { return of.sparse->total_us(); });
}
Value macs_kept(const R& r) {
  return quotient(
      r, [](const R& of) { return static_cast<double>(of.sparse->macs); },
      [](const R& of) { return static_cast<double>(of.dense->macs); });
}

// The part of the config, as it was given.
Access<R> sparsity_layers() {
  return {
      Kind::other,
      [](const R& r) { return r.sparsity && !r.sparsity->layers.empty() ? Value(Echo{r.sparsity->layers}) : Value(); },
      {}};
}

void add_model(RunTable& table) {
  const RunTable lines{
      {"model.macs", "multiply-accumulates",
       "Of Conv, Gemm, MatMul and Einsum as the ONNX file has them; those of the layers count what became convolutions "
       "too.",
       "conv + gemm + matmul_weights + matmul_tensors",
       derived<R>([](const R& r) { return r.model ? Value(r.model->total()) : Value(); })},
      {"model.conv_macs", "multiply-accumulates", "Of convolutions of the file.", "counted",
       field<&R::model, &FileMacs::conv>()},
      {"model.conv_transpose_macs", "multiply-accumulates", "Of these, those of transposed convolutions.", "counted",
       field<&R::model, &FileMacs::transposed>()},
      {"model.gemm_macs", "multiply-accumulates", "Of its Gemm nodes.", "counted", field<&R::model, &FileMacs::gemm>()},
      {"model.matmul_weights_macs", "multiply-accumulates", "Of MatMul and Einsum with weights.", "counted",
       field<&R::model, &FileMacs::matmul_weights>()},
      {"model.matmul_tensors_macs", "multiply-accumulates", "Of MatMul and Einsum of tensors.", "counted",
       field<&R::model, &FileMacs::matmul_tensors>()}};
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_what(RunTable& table) {
  const RunTable lines{
      {"name", "", "The run: key `name` of its config, else the name of the file.", "given", field<&R::name>()},
      {"network", "", "The network as its file calls it.", "given", field<&R::network>(), "", {"network_name"}},
      {"accounting", "",
       "physical: the model of the machine; published: the arithmetic of earlier estimates on theirs.", "given",
       field<&R::accounting>()},
      {"fidelity", "", "What moves at a time inside the array: a burst, or the whole descriptor (transaction).",
       "given", field<&R::fidelity>()},
      {"policy", "", "Who decided mappings and tiles, see `tessera list policies`; absent with a program.", "given",
       field<&R::policy>()},
      {"program.file", "", "The program that was run instead of a schedule.", "given",
       field<&R::program, &ProgramFile::file>()},
      {"program.hash", "", "Its content: equal hashes ran the same instructions.", "FNV-1a of the program",
       field<&R::program, &ProgramFile::hash>()},
      {"program.masked_blocks", "8x8 blocks", "8x8 blocks of the program's layers that have a mask.", "counted",
       field<&R::program, &ProgramFile::masked_blocks>()},
      {"program.zero_blocks", "8x8 blocks", "Those of them that are zero.", "counted",
       field<&R::program, &ProgramFile::zero_blocks>()},
      {"hardware.name", "", "The array as its file calls it.", "given", field<&R::hardware, &H::name>()},
      {"hardware.rows", "rows", "Rows of compute tiles.", "given", field<&R::hardware, &H::rows>(), "", {"rows"}},
      {"hardware.cols", "columns", "Columns of the array.", "given", field<&R::hardware, &H::cols>(), "", {"cols"}},
      {"hardware.cores",
       "cores",
       "Compute tiles.",
       "rows x cols",
       derived<R>([](const R& r) { return Value(std::int64_t{r.hardware.cores()}); }),
       "",
       {"cores"}},
      {"hardware.memtile_rows", "memory tiles", "Memory tiles per column.", "given",
       field<&R::hardware, &H::memtile_rows>()},
      {"hardware.clock_hz", "Hz", "Clock of the array.", "given", field<&R::hardware, &H::clock_hz>()},
      {"hardware.peak_macs_per_cycle", "multiply-accumulates per cycle",
       "What a core does at best with the network's type.", "AM020, summary table",
       field<&R::hardware, &H::peak_macs_per_cycle>()},
      {"hardware.ddr_bytes_per_cycle", "B per cycle", "Read bandwidth of DDR, all columns together.", "given",
       field<&R::hardware, &H::ddr_bytes_per_cycle>()},
      {"hardware.kernels", "", "The latency model that says how long a kernel call takes, see `tessera list kernels`.",
       "given", field<&R::hardware, &H::kernels>()},
      {"hardware.control", "", "Who starts transfers: none (for free), serial, serial+core, control_packets or core.",
       "given", field<&R::hardware, &H::control>()},
      {"hardware.operation_ns", "ns",
       "One operation of a serial controller, from the hardware file; absent: not stated.", "given",
       field<&R::hardware, &H::operation_ns>()},
      {"hardware.energy_calibration", "",
       "What the energy of the run rests on; absent: the hardware states no energy, and no energy is reported.",
       "given", field<&R::hardware, &H::energy_calibration>()},
      {"hardware.calibration", "",
       "Where the hardware was compared with silicon; empty: nowhere, or in other numbers than those of the run.",
       "given", field<&R::hardware, &H::calibration>()},
      {"hardware.changed_from.name", "", "The hardware file that numbers of the run differ from.", "given",
       field<&R::hardware, &H::changed_from, &ChangedFrom::name>()},
      {"hardware.changed_from.calibration", "", "Where that file was compared with silicon; absent: nowhere.", "given",
       field<&R::hardware, &H::changed_from, &ChangedFrom::calibration>()},
      {"hardware.changed_from.keys", "", "The keys in which the run differs from that file.", "compared by value",
       field<&R::hardware, &H::changed_from, &ChangedFrom::keys>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_given_sparsity(RunTable& table) {
  const RunTable lines{
      {"sparsity.block", "channels", "Block of weights that is zero as a whole: output by input channels.", "given",
       field<&R::sparsity, &S::block>()},
      {"sparsity.ratio", "share", "Share of zero blocks that was requested of the layers; absent with a mask file.",
       "given", field<&R::sparsity, &S::ratio>()},
      {"sparsity.pattern", "", "Which blocks are zero, see `tessera list generators`.", "given",
       field<&R::sparsity, &S::pattern>()},
      {"sparsity.seed", "", "Seed of the pattern, or of importance random.", "given", field<&R::sparsity, &S::seed>()},
      {"sparsity.importance", "",
       "What the least important blocks, which are zero, are found by; instead of a pattern.", "given",
       field<&R::sparsity, &S::importance>()},
      {"sparsity.scope", "", "Where the least important blocks were looked for: layer, global, n_m.", "given",
       field<&R::sparsity, &S::scope>()},
      {"sparsity.n_m", "", "Scope n_m: of every m neighbouring blocks n stay.", "given",
       field<&R::sparsity, &S::n_m>()},
      {"sparsity.weights", "", "The file of the weights that importance went by.", "given",
       field<&R::sparsity, &S::weights>()},
      {"sparsity.gradients", "", "The file of the gradients that importance went by.", "given",
       field<&R::sparsity, &S::gradients>()},
      {"sparsity.first_dense", "", "Whether the first convolution stays dense.", "given",
       field<&R::sparsity, &S::first_dense>()},
      {"sparsity.exclude", "", "Layers that stay dense.", "given", field<&R::sparsity, &S::exclude>()},
      {"sparsity.layers", "", "What single layers have otherwise than the rest.", "given", sparsity_layers()},
      {"sparsity.mask_file", "", "The file that says which blocks are zero.", "given",
       field<&R::sparsity, &S::mask_file>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_sparsity(RunTable& table) {
  add_given_sparsity(table);
  const RunTable lines{
      {"sparsity.zero_share",
       "share",
       "Share of the blocks that is zero, counted in the masks over all convolutions and gemms, those kept dense "
       "included.",
       "zero_blocks / blocks",
       field<&R::sparsity, &S::zero_share>(),
       "",
       {"zero_share"}},
      {"sparsity.requested_share",
       "share",
       "What ratio, layers.X.ratio, exclude and first_dense together ask for; zero_share differs by rounding to whole "
       "blocks and by blocks that are kept.",
       "sum over layers of by_layer[].requested_share x blocks / blocks",
       field<&R::sparsity, &S::requested_share>(),
       "",
       {"requested_share"}},
      {"sparsity.blocks", "blocks", "Blocks of all convolutions and gemms; depthwise ones have none.", "counted",
       field<&R::sparsity, &S::blocks>()},
      {"sparsity.zero_blocks", "blocks", "Those of them that are zero.", "counted",
       field<&R::sparsity, &S::zero_blocks>()},
      {"sparsity.kernel_zero_share", "share",
       "Share of the 8x8 blocks that kernels leave out: those in which every mask block is zero.", "counted",
       field<&R::sparsity, &S::kernel_zero_share>()},
      {"sparsity.masked_layers", "layers", "Layers that have a mask; the others are dense.", "counted",
       field<&R::sparsity, &S::masked_layers>()},
      {"sparsity.kept_layers", "layers", "Layers that keep one block because the ratio would have emptied them.",
       "counted", field<&R::sparsity, &S::kept_layers>()},
      {"sparsity.empty_rows",
       "rows of blocks",
       "Groups of block[0] output channels without a single block: they are their bias alone.",
       "counted",
       field<&R::sparsity, &S::empty_rows>(),
       "",
       {"empty_rows"}},
      {"sparsity.marks",
       "",
       "What a reader of the ratio does not expect. kept: see kept_layers. rounded: zero_share is 0.005 or more away "
       "from requested_share. empty_rows: there are some. nothing_zero: no block is zero although a ratio was given.",
       "derived",
       field<&R::sparsity, &S::marks>(),
       "",
       {"mask_marks"}},
      {"sparsity.by_layer", "", "One entry per convolution and gemm (see sparsity.by_layer[].*).", "counted", {}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}
}  // namespace

const RunTable& run_metrics() {
  static const RunTable table = [] {
    RunTable lines{
        {"speedup",
         "ratio",
         "How much faster the network is with its zero blocks left out.",
         "dense.latency_us / sparse.latency_us",
         derived<R>(speedup),
         "speed-up on the array",
         {"speedup"}},
        {"total_speedup", "ratio", "How much faster the network is with its zero blocks left out, dispatch included.",
         "dense.total_us / sparse.total_us", derived<R>(total_speedup), "speed-up with dispatch"},
        {"macs_kept",
         "share",
         "Multiply-accumulates that are left of those of the dense network.",
         "sparse.macs / dense.macs",
         derived<R>(macs_kept),
         "",
         {"macs_kept"}},
        {"batch", "images", "Images that the run computes together, each with an input of its own; absent for one.",
         "given", field<&R::batch>()},
    };
    add_what(lines);
    add_model(lines);
    add_sparsity(lines);
    return lines;
  }();
  return table;
}

const std::vector<Metric<LayerZeros>>& zeros_metrics() {
  using Z = LayerZeros;
  static const std::vector<Metric<Z>> table{
      {"name", "", "The layer as the network file calls it.", "given", field<&Z::name>()},
      {"block", "channels", "Its block: output by input channels.", "given", field<&Z::block>()},
      {"blocks", "blocks", "Blocks of its weights.", "counted", field<&Z::blocks>()},
      {"zero_blocks", "blocks", "Those of them that are zero.", "counted", field<&Z::zero_blocks>()},
      {"zero_share", "share", "Share of its blocks that is zero.", "zero_blocks / blocks", field<&Z::zero_share>()},
      {"requested_share", "share", "Share that config or mask file ask for.", "given", field<&Z::requested_share>()},
      {"rows", "rows of blocks", "Groups of block[0] output channels.", "counted", field<&Z::rows>()},
      {"empty_rows", "rows of blocks", "Those of them without a block: they are their bias alone.", "counted",
       field<&Z::empty_rows>()},
      {"why", "",
       "Why zero_share is not the ratio: first_dense, exclude, layers.ratio, one block kept, rounding, mask_file; "
       "empty: it is.",
       "derived", field<&Z::why>()},
  };
  return table;
}

std::vector<std::pair<const char*, const DensityResult*>> densities(const RunResult& run) {
  std::vector<std::pair<const char*, const DensityResult*>> found;
  if (run.dense) found.emplace_back("dense", &*run.dense);
  if (run.sparse) found.emplace_back("sparse", &*run.sparse);
  return found;
}

}  // namespace tessera::result
