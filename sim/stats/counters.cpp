#include "sim/stats/counters.h"

namespace tessera::stats {

const std::vector<Counter>& counters() {
  static const std::vector<Counter> table{
      {"speedup", "ratio", "How much faster the network is with its zero blocks left out.",
       "dense.latency_us / sparse.latency_us"},
      {"cycles", "cycles", "Simulated time from the first task to the end of the last one, in cycles of the array.",
       "latency_us x clock_hz / 1e6"},
      {"latency_us", "us", "Simulated time of one inference on the array, without the dispatch from the host.",
       "cycles / clock_hz x 1e6"},
      {"bound_us", "us", "No schedule of the network beats it on this array with these kernels.",
       "max(compute_bound_us, ddr_bound_us)"},
      {"compute_bound_us", "us", "All kernel work spread evenly over all cores.", "sum of layers[].compute_bound_us"},
      {"ddr_bound_us", "us",
       "What every schedule moves through DDR: present weight blocks and biases once, the elements of the network's "
       "input "
       "that some window covers, and its outputs.",
       "max(bytes read / read rate, bytes written / write rate)"},
      {"alone_bound_us", "us",
       "The least that the layers take one after another, each alone on the array. A run can take less: layers "
       "overlap.",
       "sum of layers[].alone_bound_us"},
      {"dispatch_us", "us", "One dispatch from the host, from the hardware file; never inside latency_us.", "given"},
      {"total_us", "us", "What one inference takes from the host: latency on the array and one dispatch.",
       "latency_us + dispatch_us"},
      {"total_speedup", "ratio", "How much faster the network is with its zero blocks left out, dispatch included.",
       "dense.total_us / sparse.total_us"},
      {"kernel_footing", "share", "What the time in kernel calls rests on.", "fitted + extrapolated + assumed = 1"},
      {"kernel_footing.fitted", "share", "Kernels that were measured, at shapes between the measured ones.",
       "time of such calls / time of all calls"},
      {"kernel_footing.extrapolated", "share", "Kernels that were measured at other shapes only.",
       "time of such calls / time of all calls"},
      {"kernel_footing.assumed", "share", "Kernels that were not measured: from documents, object code or definition.",
       "time of such calls / time of all calls"},
      {"extrapolated", "", "The extrapolated kernel calls with the most time, and the shapes that were measured.",
       "absent where no call is extrapolated"},
      {"layers[].extrapolated", "", "The same of one layer.", "absent where no call is extrapolated"},
      {"control.transfers", "transfers", "Transfers of the program: each is started by somebody, here for free.",
       "counted; a loop counts as often as it turns"},
      {"control.descriptors", "descriptors", "Descriptors that these need, those that agree in every register once.",
       "counted per tile"},
      {"control.descriptors_written", "descriptors",
       "Those beyond what the tiles hold at a time: to be written while the program runs.",
       "sum over tiles of max(0, descriptors - hardware descriptors)"},
      {"control.serial_us", "us",
       "How long one serial controller writes descriptors at the least: each once, starts and waits for free. Not in "
       "latency_us.",
       "control.descriptors_written x controller.operation_ns / 1000"},
      {"macs", "multiply-accumulates", "Multiply-accumulates of the blocks that are present, padding not counted.",
       "sum over layers of out.h x out.w x kh x kw x (weights in present 8x8 blocks per tap)"},
      {"core_busy_share", "share", "Share of the time of all cores that was spent inside kernel calls.",
       "time.busy / (cores x cycles)"},
      {"mac_utilization", "share",
       "Multiply-accumulates over what all cores could do in the same time at 256 (int8), 128 (bf16) or 64 (int16) a "
       "cycle.",
       "macs / (peak per cycle x cores x cycles)"},
      {"ddr_read_bytes", "B", "Bytes read from DDR by the shim channels.", "sum over shim MM2S descriptors"},
      {"ddr_write_bytes", "B", "Bytes written to DDR by the shim channels.", "sum over shim S2MM descriptors"},
      {"memtile_read_bytes", "B", "Bytes that the channels of memory tiles read from them.",
       "sum over memory-tile MM2S descriptors"},
      {"memtile_write_bytes", "B", "Bytes that the channels of memory tiles wrote to them.",
       "sum over memory-tile S2MM descriptors"},
      {"core_read_bytes", "B", "Bytes that DMA channels read from core memories.",
       "sum over compute-tile MM2S descriptors"},
      {"core_write_bytes", "B", "Bytes that DMA channels wrote to core memories; a broadcast counts once per core.",
       "sum over compute-tile S2MM descriptors"},
      {"events", "events", "Events of the simulation: what the host had to do, nothing of the array.", "counted"},
      {"program_hash", "", "Content of the program that ran: equal hashes ran the same instructions.",
       "FNV-1a of the program"},
      {"weight_bytes", "B", "Weights as they stand in DDR, each chunk once.", "data + index + bias + multipliers"},
      {"weight_bytes.blocks", "8x8 blocks", "Weight blocks that are present.", "counted"},
      {"weight_bytes.data", "B", "Values of the present blocks.", "blocks x taps x 64; of a product k x n elements"},
      {"weight_bytes.index", "B", "Which blocks are present: counts and columns; none where all are.",
       "2 B per index row and present index unit, rounded up to 4 B per chunk"},
      {"weight_bytes.bias", "B", "One int32 per output channel.", "4 x channels"},
      {"weight_bytes.multipliers", "B",
       "One int32 per output channel of layers with a scale per channel; absent without.", "4 x channels"},
      {"weight_bytes.total", "B", "All of it.", "data + index + bias + multipliers"},
      {"density", "", "Which of the two runs a line of layers.csv is of: dense or sparse.", "given"},
      {"layers[].name", "", "The layer as the network file calls it; column `layer` of layers.csv.", "given"},
      {"layers[].op", "", "What the layer computes: input, conv2d, gemm, maxpool, avgpool, add or concat.", "given"},
      {"layers[].start_us", "us", "Start of the first activation transfer or kernel call of the layer.", "observed"},
      {"layers[].end_us", "us", "End of the last task of the layer.", "observed"},
      {"layers[].macs", "multiply-accumulates",
       "Multiply-accumulates of the layer's present blocks, padding not counted.",
       "out.h x out.w x kh x kw x (weights in present 8x8 blocks per tap)"},
      {"layers[].zero_share", "share", "Share of the layer's mask blocks that is zero; of the sparse run.",
       "zero blocks / blocks"},
      {"layers[].ddr_read_bytes", "B", "Bytes read from DDR for the layer.", "sum over its shim MM2S descriptors"},
      {"layers[].ddr_write_bytes", "B", "Bytes written to DDR by the layer.", "sum over its shim S2MM descriptors"},
      {"layers[].time", "core cycles", "Time of all cores at this layer, by cause (see time.*); without idle time.",
       "sum over its tasks on cores"},
      {"layers[].core_busy_share", "share", "The same of the time that cores were at the layer.",
       "time.busy / sum of layers[].time"},
      {"layers[].mac_utilization", "share", "The same over the time that cores were at the layer.",
       "macs / (peak per cycle x sum of layers[].time)"},
      {"layers[].compute_bound_us", "us",
       "Kernel work of the layer spread evenly over all cores; from start_us to end_us it never takes less.",
       "kernel cycles / (cores x clock_hz)"},
      {"layers[].alone_bound_us", "us",
       "The least that the layer takes under any mapping with the array for itself: weights come from DDR and are not "
       "fetched "
       "ahead, no other layer runs beside it. In the network it can take less.",
       "min over mappings of max(compute, bytes / rate per class of channel, compulsory DDR bytes / rate)"},
      {"layers[].alone_bound_by", "", "Which of these binds: compute, input, output, weights or ddr.",
       "argmax of alone_bound_us"},
      {"layers[].alone_bound_mapping", "", "The mapping that attains alone_bound_us.", "argmin of alone_bound_us"},
      {"layers[].mapping", "",
       "What the schedule chose. cols, rows: the axis of the output that columns and rows of the array split. "
       "tile=HxWxC/I: rows, columns and channels of the output that a core computes at a time, from I input channels a "
       "call. "
       "weights-outer: weights stay in the core while the map passes, not the other way round. chunks-staged: an input "
       "in DDR "
       "passes the memory tile I channels at a time. input-slots=N: buffers for input tiles, if more than two. "
       "bands=width: "
       "the output is spread over the memory tiles by its width, not its height. depth-tiles=N: walked together with "
       "its "
       "neighbours in N tiles of rows. for N layers, computed with L, fused into L: computed as one. Policy "
       "object_fifo: buffers=A,B,C "
       "of a core for input, weights and output; keeps=input or weights: what stays in the cores as long as it is "
       "used; core N: "
       "the cores that a stage of a bottleneck runs on.",
       "given"},
      {"layers[].imbalance", "ratio",
       "How unevenly the present blocks fall on the rows of the array once channels are assigned; 1 is balanced.",
       "8x8 blocks of the fullest row / average row, were the rows to split the output channels as stored"},
      {"layers[].imbalance_unassigned", "ratio", "The same before assignment: in the network's own channel order.",
       "8x8 blocks of the fullest row / average row"},
      {"time.busy", "core cycles", "Cores inside kernel calls. All parts of `time` sum to cores x cycles.", "observed"},
      {"time.wait_input", "core cycles", "Cores waiting for activations to arrive.", "blocked on an input_full lock"},
      {"time.wait_weights", "core cycles", "Cores waiting for weights to arrive.", "blocked on a weights_full lock"},
      {"time.wait_operand", "core cycles", "Cores waiting for the second operand of an addition.",
       "blocked on an operand_full lock"},
      {"time.wait_output", "core cycles", "Cores waiting for room to write their result.",
       "blocked on an output_empty lock"},
      {"time.wait_staging", "core cycles", "Waiting for a staging buffer of a memory tile.",
       "blocked on a staging lock"},
      {"time.wait_token", "core cycles", "Waiting for tasks of other engines to complete.", "blocked on a Wait"},
      {"time.wait_stream", "core cycles", "Waiting for a stream link, the other end of a route, or DDR.",
       "reserved by others"},
      {"time.bank_conflict", "core cycles", "Cores stalled because a DMA channel used the same memory bank.",
       "conflict_share x DMA bank accesses during the call"},
      {"time.overhead", "core cycles", "Fixed costs: locks, call, descriptor start, chaining.",
       "given by the hardware"},
      {"time.idle", "core cycles", "Nothing left to do, or not started yet.", "the rest"},
      {"layers", "", "One entry per layer that runs on cores, in the network's order (see layers[].*).", "given"},
      {"name", "", "The run: key `name` of its config, else the name of the file.", "given"},
      {"network", "", "The network as its file calls it.", "given"},
      {"accounting", "",
       "physical: the model of the machine; published: the arithmetic of earlier estimates on theirs.", "given"},
      {"fidelity", "", "What moves at a time inside the array: a burst, or the whole descriptor (transaction).",
       "given"},
      {"policy", "", "Who decided mappings and tiles, see `tessera list policies`; absent with a program.", "given"},
      {"hardware.name", "", "The array as its file calls it.", "given"},
      {"hardware.rows", "rows", "Rows of compute tiles.", "given"},
      {"hardware.cols", "columns", "Columns of the array.", "given"},
      {"hardware.memtile_rows", "memory tiles", "Memory tiles per column.", "given"},
      {"hardware.clock_hz", "Hz", "Clock of the array.", "given"},
      {"hardware.calibration", "",
       "Where the hardware was compared with silicon; empty: nowhere, or in other numbers than those of the run.",
       "given"},
      {"changed_from.name", "", "The hardware file that numbers of the run differ from.", "given"},
      {"changed_from.calibration", "", "Where that file was compared with silicon; absent: nowhere.", "given"},
      {"changed_from.keys", "", "The keys in which the run differs from that file.", "compared by value"},
      {"hardware.operation_ns", "ns",
       "One operation of a serial controller, from the hardware file; absent: not stated.", "given"},
      {"hardware.kernels", "", "The law that says how long a kernel call takes, see `tessera list kernels`.", "given"},
      {"sparsity.block", "channels", "Block of weights that is zero as a whole: output by input channels.", "given"},
      {"sparsity.ratio", "share", "Share of zero blocks that was requested of the layers; absent with a mask file.",
       "given"},
      {"sparsity.pattern", "", "Which blocks are zero, see `tessera list generators`.", "given"},
      {"sparsity.seed", "", "Seed of the pattern, or of importance random.", "given"},
      {"sparsity.importance", "",
       "What the least important blocks, which are zero, are found by; instead of a pattern.", "given"},
      {"sparsity.scope", "", "Where the least important blocks were looked for: layer, global, n_m.", "given"},
      {"sparsity.n_m", "", "Scope n_m: of every m neighbouring blocks n stay.", "given"},
      {"sparsity.weights", "", "The file of the weights that importance went by.", "given"},
      {"sparsity.gradients", "", "The file of the gradients that importance went by.", "given"},
      {"sparsity.first_dense", "", "Whether the first convolution stays dense.", "given"},
      {"sparsity.exclude", "", "Layers that stay dense.", "given"},
      {"sparsity.layers", "", "What single layers have otherwise than the rest.", "given"},
      {"sparsity.mask_file", "", "The file that says which blocks are zero.", "given"},
      {"sparsity.zero_share", "share",
       "Share of the blocks that is zero, counted in the masks over all layers with weights, those kept dense "
       "included.",
       "zero_blocks / blocks"},
      {"sparsity.requested_share", "share",
       "What ratio, layers.X.ratio, exclude and first_dense together ask for; zero_share differs by rounding to whole "
       "blocks and by blocks that are kept.",
       "sum over layers of by_layer[].requested_share x blocks / blocks"},
      {"sparsity.blocks", "blocks", "Blocks of all layers with weights.", "counted"},
      {"sparsity.zero_blocks", "blocks", "Those of them that are zero.", "counted"},
      {"sparsity.kernel_zero_share", "share",
       "Share of the 8x8 blocks that kernels leave out: those in which every mask block is zero.", "counted"},
      {"sparsity.masked_layers", "layers", "Layers that have a mask; the others are dense.", "counted"},
      {"sparsity.kept_layers", "layers", "Layers that keep one block because the ratio would have emptied them.",
       "counted"},
      {"sparsity.empty_rows", "rows of blocks",
       "Groups of block[0] output channels without a single block: they are their bias alone.", "counted"},
      {"sparsity.marks", "",
       "What a reader of the ratio does not expect. kept: see kept_layers. rounded: zero_share is 0.005 or more away "
       "from "
       "requested_share. empty_rows: there are some. nothing_zero: no block is zero although a ratio was given.",
       "derived"},
      {"sparsity.by_layer", "",
       "Per layer with weights: block, blocks, zero_blocks, zero_share, requested_share, rows, empty_rows, and why "
       "zero_share is not the ratio (first_dense, exclude, layers.ratio, one block kept, rounding, mask_file); empty: "
       "it is.",
       "counted"},
      {"program.file", "", "The program that was run instead of a schedule.", "given"},
      {"program.hash", "", "Its content: equal hashes ran the same instructions.", "FNV-1a of the program"},
      {"functional.layers_checked", "layers", "Layers whose output was compared with the reference.", "counted"},
      {"functional.elements_checked", "elements", "Elements that were compared.", "counted"},
      {"functional.mismatches", "", "Elements that are wrong, missing or repeated, and layers that nothing shows.",
       "counted"},
      {"functional.first", "", "The first of these: layer, element, expected, got, last writer.", "observed"},
      {"functional.errors", "", "What the machine objected to: unwritten bytes read, live bytes overwritten.",
       "observed"},
  };
  return table;
}

const Counter* find_counter(const std::string& name) {
  if (name == "layer") return find_counter("layers[].name");
  for (const Counter& counter : counters()) {
    if (name == counter.name) return &counter;
  }
  for (const Counter& counter : counters()) {
    const std::string whole = counter.name;
    const std::string::size_type dot = whole.rfind('.');
    if (dot != std::string::npos && whole.substr(dot + 1) == name) return &counter;
  }
  // The parts of a layer mean what those of the whole run do.
  const std::string layer = "layers[].";
  for (const char* part : {"time.", "weight_bytes"})
    if (name.rfind(layer + part, 0) == 0) return find_counter(name.substr(layer.size()));
  // Columns of the layer table carry the unit.
  const std::string unit = "_cycles";
  if (name.size() > unit.size() && name.compare(name.size() - unit.size(), unit.size(), unit) == 0)
    return find_counter("time." + name.substr(0, name.size() - unit.size()));
  return nullptr;
}

}  // namespace tessera::stats
