#include "sim/result/energy_metrics.h"
#include "sim/result/metric.h"
#include "sim/result/time_metrics.h"

namespace tessera::result {
namespace {
using LayerTable = std::vector<Metric<LayerResult>>;
using L = LayerResult;

Value layer_weights_of(const L& l) { return l.weight_bytes ? Value(l.weight_bytes->total()) : Value(); }

void add_columns(LayerTable& table) {
  const LayerTable lines{
      {"name",
       "",
       "The layer as the network file calls it; column `layer` of layers.csv.",
       "given",
       field<&L::name>(),
       "",
       {"layer"}},
      {"op",
       "",
       "What the layer computes: input, conv2d, gemm, maxpool, avgpool, add or concat.",
       "given",
       field<&L::op>(),
       "",
       {"op"}},
      {"zero_share",
       "share",
       "Share of the layer's mask blocks that is zero; of the sparse run.",
       "zero blocks / blocks",
       field<&L::zero_share>(),
       "",
       {"zero_share"}},
      {"start_us",
       "us",
       "Start of the first activation transfer or kernel call of the layer.",
       "observed",
       field<&L::start_us>(),
       "",
       {"start_us"}},
      {"end_us", "us", "End of the last task of the layer.", "observed", field<&L::end_us>(), "", {"end_us"}},
      {"compute_bound_us",
       "us",
       "Kernel work of the layer spread evenly over all cores; from start_us to end_us it never takes less.",
       "kernel cycles / (cores x clock_hz)",
       field<&L::bounds, &LayerBounds::compute_us>(),
       "",
       {"compute_bound_us"}},
      {"alone_bound_us",
       "us",
       "The least that the layer takes under any mapping with the array for itself: weights come from DDR and are not "
       "fetched ahead, no other layer runs beside it. In the network it can take less.",
       "min over mappings of max(compute, bytes / rate per class of channel, compulsory DDR bytes / rate)",
       field<&L::bounds, &LayerBounds::alone_us>(),
       "",
       {"alone_bound_us"}},
      {"alone_bound_by",
       "",
       "Which of these binds: compute, input, output, weights or ddr.",
       "argmax of alone_bound_us",
       field<&L::bounds, &LayerBounds::alone_by>(),
       "",
       {"alone_bound_by"}},
      {"macs",
       "multiply-accumulates",
       "Multiply-accumulates of the layer's present blocks, padding not counted.",
       "out.h x out.w x kh x kw x (weights in present 8x8 blocks per tap)",
       field<&L::macs>(),
       "",
       {"macs"}},
      {"core_busy_share",
       "share",
       "The same of the time that cores were at the layer.",
       "time.busy / sum of layers[].time",
       field<&L::core_busy_share>(),
       "",
       {"core_busy_share"}},
      {"mac_utilization",
       "share",
       "The same over the time that cores were at the layer.",
       "macs / (peak per cycle x sum of layers[].time)",
       field<&L::mac_utilization>(),
       "",
       {"mac_utilization"}},
      {"mapping",
       "",
       "What the schedule chose. cols, rows: the axis of the output that columns and rows of the array split. "
       "tile=HxWxC/I: rows, columns and channels of the output that a core computes at a time, from I input channels "
       "a call. weights-stationary: weights stay in the core while the map passes, not the other way round. "
       "chunks-staged: "
       "an input in DDR passes the memory tile I channels at a time. input-slots=N: buffers for input tiles, if more "
       "than two. sharding=width: the output is spread over the memory tiles by its width, not its height. "
       "depth-tiles=N: "
       "walked together with its neighbours in N tiles of rows, or alone in N groups of images. for N layers, computed "
       "with L, fused into L: computed "
       "as one. Policy object_fifo: buffers=A,B,C of a core for input, weights and output; keeps=input or weights: "
       "what stays in the cores as long as it is used; core N: the cores that a stage of a bottleneck runs on. "
       "zeros-kept: zero blocks are moved and computed like others.",
       "given",
       field<&L::mapping>(),
       "",
       {"mapping"}},
      {"zeros_kept", "", "True where zero blocks are moved and computed like others; absent elsewhere.", "given",
       field<&L::zeros_kept>()},
      {"ddr_read_bytes",
       "B",
       "Bytes read from DDR for the layer.",
       "sum over its shim MM2S descriptors",
       field<&L::ddr_read>(),
       "",
       {"ddr_read_bytes"}},
      {"ddr_write_bytes",
       "B",
       "Bytes written to DDR by the layer.",
       "sum over its shim S2MM descriptors",
       field<&L::ddr_write>(),
       "",
       {"ddr_write_bytes"}},
      {"imbalance_unassigned",
       "ratio",
       "The same before assignment: in the network's own channel order.",
       "8x8 blocks of the fullest row / average row",
       field<&L::imbalance_unassigned>(),
       "",
       {"imbalance_unassigned"}},
      {"imbalance",
       "ratio",
       "How unevenly the present blocks fall on the rows of the array once channels are assigned; 1 is balanced.",
       "8x8 blocks of the fullest row / average row, were the rows to split the output channels as stored",
       field<&L::imbalance>(),
       "",
       {"imbalance"}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

Value layer_energy_uj(const L& l) { return l.energy ? Value(l.energy->total() / pj_per_uj) : Value(); }
Value layer_mw(const L& l) {
  return l.energy && l.span_us() > 0 ? Value(l.energy->total() / l.span_us() / 1e3) : Value();
}

void add_energy(LayerTable& table) {
  const LayerTable lines{
      {"energy.total_uj",
       "uJ",
       "Energy of the layer: its transfers, its kernel calls, and cores while they are at it.",
       "sum of its causes",
       derived<L>(layer_energy_uj),
       "",
       {"energy_uj"}},
      {"energy.average_mw", "mW", "The same over the time from start_us to end_us, in which other layers run as well.",
       "energy.total_uj / (end_us - start_us) x 1000", derived<L>(layer_mw)},
      {"memtile_read_bytes", "B", "Bytes that channels of memory tiles read from them for the layer.",
       "sum over its memory-tile MM2S descriptors", field<&L::counts, &Counts::memtile_read>()},
      {"memtile_write_bytes", "B", "Bytes that they wrote to them.", "sum over its memory-tile S2MM descriptors",
       field<&L::counts, &Counts::memtile_write>()},
      {"core_read_bytes", "B", "Bytes that DMA channels read from core memories for the layer.",
       "sum over its compute-tile MM2S descriptors", field<&L::counts, &Counts::core_read>()},
      {"core_write_bytes", "B", "Bytes that they wrote to core memories.", "sum over its compute-tile S2MM descriptors",
       field<&L::counts, &Counts::core_write>()},
      {"kernel_read_bytes", "B", "Operands that the layer's kernel calls read, each byte once per call.",
       "sum over its calls", field<&L::counts, &Counts::kernel_read>()},
      {"kernel_write_bytes", "B", "Results and sums that they write.", "sum over its calls",
       field<&L::counts, &Counts::kernel_write>()},
      {"stream_hop_bytes", "B", "Bytes on streams for the layer times the links that they pass.",
       "sum over its MM2S descriptors of bytes x links of the route", field<&L::counts, &Counts::hop_bytes>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
  add_energy_causes(table);
}

void add_others(LayerTable& table) {
  const LayerTable lines{
      {"alone_bound_mapping", "", "The mapping that attains alone_bound_us.", "argmin of alone_bound_us",
       field<&L::bounds, &LayerBounds::alone_mapping>()},
      {"control.operations", "operations",
       "What controllers do for the layer, cores in their own tiles apart; absent where transfers are started for "
       "free.",
       "counted", field<&L::control, &LayerControl::operations>()},
      {"control.descriptors", "descriptors", "Descriptors among them that are written.", "counted",
       field<&L::control, &LayerControl::descriptors>()},
      {"control.core_operations", "operations",
       "What cores do for the layer in their own tiles; absent where they do not.", "counted",
       field<&L::control, &LayerControl::core_operations>()},
      {"control.us", "us", "Time that the operations take, all controllers together, without waiting.",
       "sum over its operations of the time of each", field<&L::control, &LayerControl::us>()},
      {"input_columns", "columns",
       "Columns of the network's input that stand side by side as one pixel, so that its channels fill more of a block "
       "of 8; the host lays the input out so.",
       "absent where every column is a pixel", field<&L::input_columns>()},
      {"extrapolated", "", "The extrapolated kernel calls of the layer with the most time, and the measured shapes.",
       "absent where no call is extrapolated", field<&L::extrapolated>()},
      {"weight_bytes",
       "B",
       "Weights of the layer as they stand in DDR, each chunk once.",
       "data + index + bias + multipliers + padding",
       {}},
      {"weight_bytes.total", "B", "All of it: values, indices, biases, multipliers and padding.",
       "data + index + bias + multipliers + padding", derived<L>(layer_weights_of)},
      {"weight_bytes.index", "B", "Which blocks are present: counts and columns; none where all are.",
       "2 B per index row and present index unit, rounded up to 4 B per chunk",
       field<&L::weight_bytes, &WeightBytes::index>()},
      {"weight_bytes.blocks", "8x8 blocks", "Weight blocks that are present.", "counted",
       field<&L::weight_bytes, &WeightBytes::blocks>()},
      {"weight_bytes.data", "B", "Values of the present blocks.", "blocks x taps x 64; of a product k x n elements",
       field<&L::weight_bytes, &WeightBytes::data>()},
      {"weight_bytes.bias", "B", "One int32 per output channel.", "4 x channels",
       field<&L::weight_bytes, &WeightBytes::bias>()},
      {"weight_bytes.multipliers", "B",
       "One int32 per output channel of layers with a scale per channel; absent without.", "4 x channels",
       field<&L::weight_bytes, &WeightBytes::multipliers>()},
      {"weight_bytes.padding", "B",
       "Zeros that make the chunks of a layer equally long, which saves descriptors; absent without.", "counted",
       field<&L::weight_bytes, &WeightBytes::padding>()},
      {"time",
       "core cycles",
       "Time of all cores at this layer, by cause (see time.*); without idle time.",
       "sum over its tasks on cores",
       {}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}
}  // namespace

const LayerTable& layer_metrics() {
  static const LayerTable table = [] {
    LayerTable lines;
    add_columns(lines);
    add_time(lines, true);
    add_energy(lines);
    add_others(lines);
    return lines;
  }();
  return table;
}

}  // namespace tessera::result
