#include <algorithm>

#include "sim/result/energy_metrics.h"
#include "sim/result/metric.h"
#include "sim/result/routing_metrics.h"
#include "sim/result/time_metrics.h"

namespace tessera::result {
namespace {
using DensityTable = std::vector<Metric<DensityResult>>;
using D = DensityResult;
using T = exec::MemoryTraffic;

Value bound_of(const D& d) { return d.bounds ? Value(d.bounds->bound_us()) : Value(); }
Value weights_of(const D& d) { return d.weight_bytes ? Value(d.weight_bytes->total()) : Value(); }

Value zeros_kept_layers(const D& d) {
  return Value(static_cast<std::int64_t>(std::count_if(
      d.layers.begin(), d.layers.end(), [](const LayerResult& l) { return l.zeros_kept.value_or(false); })));
}

Access<D> total_cycles() {
  return {Kind::number, [](const D& d) { return cycles(d.total); },
          [](D& d, const Value& v) { d.total = millicycles(v); }};
}

void add_latency(DensityTable& table) {
  const DensityTable lines{
      {"latency_us",
       "us",
       "Simulated time of one inference on the array, or of a batch, without the dispatch from the host.",
       "cycles / clock_hz x 1e6",
       field<&D::latency_us>(),
       "latency on the array",
       {"latency_us", true}},
      {"dispatch_us", "us", "One dispatch from the host, from the hardware file; never inside latency_us.", "given",
       field<&D::dispatch_us>(), "dispatch from the host"},
      {"total_us", "us", "What one inference takes from the host: latency on the array and one dispatch.",
       "latency_us + dispatch_us", derived<D>([](const D& d) { return Value(d.total_us()); }), "both together"},
      {"bound_us",
       "us",
       "No schedule of the network beats it on this array with these kernels.",
       "max(compute_bound_us, ddr_bound_us)",
       derived<D>(bound_of),
       "no schedule beats",
       {"bound_us"}},
      {"compute_bound_us",
       "us",
       "All kernel work spread evenly over all cores.",
       "sum of layers[].compute_bound_us",
       field<&D::bounds, &RunBounds::compute_us>(),
       "  compute",
       {"compute_bound_us"}},
      {"ddr_bound_us",
       "us",
       "What every schedule moves through DDR: present weight blocks and biases once, the elements of the network's "
       "input that some window covers, and its outputs.",
       "max(bytes read / read rate, bytes written / write rate)",
       field<&D::bounds, &RunBounds::ddr_us>(),
       "  DDR",
       {"ddr_bound_us"}},
      {"control_bound_us",
       "us",
       "The controller with most to do is busy that long for this program without waiting; absent where transfers are "
       "started for free. Unlike the bounds above it belongs to the program: another one may need fewer operations.",
       "sum over its operations of the time of each",
       field<&D::control, &ControlWork::bound_us>(),
       "  control of this program",
       {"control_bound_us"}},
      {"alone_bound_us",
       "us",
       "The least that the layers take one after another, each alone on the array. A run can take less: layers "
       "overlap.",
       "sum of layers[].alone_bound_us",
       field<&D::bounds, &RunBounds::alone_us>(),
       "layers alone, at least",
       {"alone_bound_us", true}},
      {"cycles",
       "cycles",
       "Simulated time from the first task to the end of the last one, in cycles of the array.",
       "latency_us x clock_hz / 1e6",
       total_cycles(),
       "cycles",
       {"cycles", true}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

Value images_per_second(const D& d) {
  return d.images.empty() || d.latency_us <= 0 ? Value()
                                               : Value(static_cast<double>(d.images.size()) * 1e6 / d.latency_us);
}
Value image_latency(const D& d) {
  if (d.images.empty()) return {};
  double longest = 0;
  for (const ImageResult& image : d.images) longest = std::max(longest, image.latency_us());
  return longest;
}

void add_batch(DensityTable& table) {
  const DensityTable lines{
      {"images_per_second",
       "images/s",
       "Images of the batch in the time that it takes on the array, without the dispatch; absent for one image.",
       "batch / latency_us x 1e6",
       derived<D>(images_per_second),
       "images per second",
       {"images_per_second", true}},
      {"image_latency_us",
       "us",
       "The longest that one image of the batch is on the array while others are; absent for one image.",
       "max of images[].latency_us",
       derived<D>(image_latency),
       "latency of an image",
       {"image_latency_us", true}},
      {"images", "", "One entry per image of the batch (see images[].*); absent for one image.", "simulated", {}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_work(DensityTable& table) {
  const DensityTable lines{
      {"macs",
       "multiply-accumulates",
       "Multiply-accumulates of the blocks that are present, of all blocks in layers that keep their zeros; padding "
       "not "
       "counted.",
       "sum over layers of out.h x out.w x kh x kw x (weights in present 8x8 blocks per tap)",
       field<&D::macs>(),
       "multiply-accumulates",
       {"macs"}},
      {"zeros_kept_layers", "layers",
       "Layers whose zero blocks are moved and computed like the others, because skipping them would take longer "
       "(schedule.layers.NAME.zeros); \"zeros-kept\" in their mapping.",
       "counted", derived<D>(zeros_kept_layers)},
      {"core_busy_share",
       "share",
       "Share of the time of all cores that was spent inside kernel calls.",
       "time.busy / (cores x cycles)",
       field<&D::core_busy_share>(),
       "cores in kernel calls",
       {"core_busy_share"}},
      {"mac_utilization",
       "share",
       "Multiply-accumulates over what all cores could do in the same time at 256 (int8), 128 (bf16) or 64 (int16) a "
       "cycle.",
       "macs / (peak per cycle x cores x cycles)",
       field<&D::mac_utilization>(),
       "share of peak MACs",
       {"mac_utilization"}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_traffic(DensityTable& table) {
  const DensityTable lines{
      {"ddr_read_bytes",
       "B",
       "Bytes read from DDR by the shim channels.",
       "sum over shim MM2S descriptors",
       field<&D::traffic, &T::ddr_read>(),
       "DDR read",
       {"ddr_read_bytes"}},
      {"ddr_write_bytes",
       "B",
       "Bytes written to DDR by the shim channels.",
       "sum over shim S2MM descriptors",
       field<&D::traffic, &T::ddr_write>(),
       "DDR written",
       {"ddr_write_bytes"}},
      {"memtile_read_bytes", "B", "Bytes that the channels of memory tiles read from them.",
       "sum over memory-tile MM2S descriptors", field<&D::traffic, &T::memtile_read>(), "memory tiles read"},
      {"memtile_write_bytes", "B", "Bytes that the channels of memory tiles wrote to them.",
       "sum over memory-tile S2MM descriptors", field<&D::traffic, &T::memtile_write>(), "memory tiles written"},
      {"core_read_bytes", "B", "Bytes that DMA channels read from core memories.",
       "sum over compute-tile MM2S descriptors", field<&D::traffic, &T::core_read>(), "cores read"},
      {"core_write_bytes", "B", "Bytes that DMA channels wrote to core memories; a broadcast counts once per core.",
       "sum over compute-tile S2MM descriptors", field<&D::traffic, &T::core_write>(), "cores written"},
      {"weight_bytes",
       "B",
       "Weights as they stand in DDR, each chunk once.",
       "data + index + bias + multipliers + padding",
       {}},
      {"weight_bytes.total",
       "B",
       "All of it: values, indices, biases, multipliers and padding.",
       "data + index + bias + multipliers + padding",
       derived<D>(weights_of),
       "weights in DDR",
       {"weight_bytes", true}},
      {"weight_bytes.index",
       "B",
       "Which blocks are present: counts and columns; none where all are.",
       "2 B per index row and present index unit, rounded up to 4 B per chunk",
       field<&D::weight_bytes, &WeightBytes::index>(),
       "  of them indices",
       {"index_bytes"}},
      {"weight_bytes.blocks", "8x8 blocks", "Weight blocks that are present.", "counted",
       field<&D::weight_bytes, &WeightBytes::blocks>()},
      {"weight_bytes.data", "B", "Values of the present blocks.", "blocks x taps x 64; of a product k x n elements",
       field<&D::weight_bytes, &WeightBytes::data>()},
      {"weight_bytes.bias", "B", "One int32 per output channel.", "4 x channels",
       field<&D::weight_bytes, &WeightBytes::bias>()},
      {"weight_bytes.multipliers", "B",
       "One int32 per output channel of layers with a scale per channel; absent without.", "4 x channels",
       field<&D::weight_bytes, &WeightBytes::multipliers>()},
      {"weight_bytes.padding", "B",
       "Zeros that make the chunks of a layer equally long, which saves descriptors; absent without.", "counted",
       field<&D::weight_bytes, &WeightBytes::padding>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

Value energy_uj(const D& d) { return d.energy ? Value(d.energy->total() / pj_per_uj) : Value(); }
Value average_mw(const D& d) {
  return d.energy && d.latency_us > 0 ? Value(d.energy->total() / d.latency_us / 1e3) : Value();
}

void add_energy(DensityTable& table) {
  const DensityTable lines{
      {"energy.total_uj",
       "uJ",
       "Energy of one inference on the array and in host memory, without the dispatch.",
       "sum of energy.*_uj over the causes",
       derived<D>(energy_uj),
       "energy",
       {"energy_uj", true}},
      {"energy.average_mw",
       "mW",
       "Average power while the network runs.",
       "energy.total_uj / latency_us x 1000",
       derived<D>(average_mw),
       "average power",
       {"average_mw", true}},
      {"energy.no_layer_uj", "uJ",
       "Part of the total that belongs to no layer: cores that are idle, inputs on their way.",
       "energy.total_uj - sum of layers[].energy.total_uj", field<&D::no_layer_uj>()},
      {"kernel_read_bytes", "B", "Operands that kernel calls read in core memories, each byte once per call.",
       "sum over calls of inputs, weights and sums", field<&D::counts, &Counts::kernel_read>()},
      {"kernel_write_bytes", "B", "Results and sums that kernel calls write to core memories.", "sum over calls",
       field<&D::counts, &Counts::kernel_write>()},
      {"stream_hop_bytes", "B",
       "Bytes on streams times the links between switches that they pass; a multicast passes "
       "each link once.",
       "sum over MM2S descriptors of bytes x links of the route", field<&D::counts, &Counts::hop_bytes>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
  add_energy_causes(table);
}

void add_control(DensityTable& table) {
  const DensityTable lines{
      {"control.transfers", "transfers",
       "Transfers of the program: each is started by somebody; for free where hardware.control is none.",
       "counted; a loop counts as often as it turns", field<&D::control, &ControlWork::transfers>(),
       "transfers started"},
      {"control.descriptors", "descriptors", "Descriptors that these need, those that agree in every register once.",
       "counted per tile", field<&D::control, &ControlWork::descriptors>(), "descriptors that differ"},
      {"control.descriptors_written", "descriptors",
       "Those beyond what the tiles hold at a time: to be written while the program runs.",
       "sum over tiles of max(0, descriptors - hardware descriptors)", field<&D::control, &ControlWork::written>()},
      {"control.serial_us", "us",
       "How long one serial controller writes descriptors at the least: each once, starts and waits for free. Not in "
       "latency_us.",
       "control.descriptors_written x controller.operation_ns / 1000", field<&D::control, &ControlWork::serial_us>()},
      {"control.operations",
       "operations",
       "What the firmware does, or control packets; absent where transfers are started for free.",
       "counted, without what cores do in their own tiles",
       field<&D::control, &ControlWork::operations>(),
       "",
       {"control_operations"}},
      {"control.compute_tile_operations", "operations", "Those for descriptors, tasks and tokens of compute tiles.",
       "counted", field<&D::control, &ControlWork::compute_tile_operations>()},
      {"control.memory_tile_operations", "operations", "Those of memory tiles.", "counted",
       field<&D::control, &ControlWork::memory_tile_operations>()},
      {"control.shim_operations", "operations", "Those of shim tiles.", "counted",
       field<&D::control, &ControlWork::shim_operations>()},
      {"control.switch_operations", "operations",
       "Those for stream switches: blocks of registers that are written between sets of routes, and what controllers "
       "of other columns wait for that.",
       "counted", field<&D::control, &ControlWork::switch_operations>()},
      {"control.switch_registers", "registers", "Registers that these write.", "counted",
       field<&D::control, &ControlWork::switch_registers>()},
      {"control.core_operations", "operations",
       "What cores do for the channels of their own tiles, all cores together; absent where others do it.", "counted",
       field<&D::control, &ControlWork::core_operations>()},
      {"control.bound_us", "us", "The same as control_bound_us.", "operations x the time of each",
       field<&D::control, &ControlWork::bound_us>()},
      {"control.estimates.serial.operations", "operations",
       "What one serial controller would have to do for this program; not simulated.", "counted",
       field<&D::control, &ControlWork::serial_operations>()},
      {"control.estimates.serial.bound_us", "us", "The same: time that the busiest would need, without waiting.",
       "operations x the time of each", field<&D::control, &ControlWork::serial_bound_us>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_program_memory(DensityTable& table) {
  const DensityTable lines{
      {"program_memory",
       "",
       "Code of kernels in the cores; absent where the kernels do not state how large it is.",
       "see program_memory.*",
       {}},
      {"program_memory.size", "B", "Program memory of one core.", "tile.program.size of the hardware file",
       field<&D::program_memory, &ProgramMemory::size>()},
      {"program_memory.code", "B",
       "Code that stands in one core at once, in the core with most: kernels as the library states them.",
       "sum over its kernels of their code", field<&D::program_memory, &ProgramMemory::code>()},
      {"program_memory.swaps", "loads",
       "Times that a core loads other code while the program runs, for tile.program.swap_us each: part of "
       "wait_control. "
       "Of the core with most.",
       "counted, without the code that comes with the design", field<&D::program_memory, &ProgramMemory::swaps>()},
      {"program_memory.swap_us", "us", "One such load; cores that load together wait together.",
       "tile.program.swap_us of the hardware file", field<&D::program_memory, &ProgramMemory::swap_us>()},
      {"program_memory.arguments", "B",
       "Arguments of all kernel calls of all cores: data, as calls with arguments of their own do not fit as code. "
       "Only "
       "counted: that they travel takes no time here.",
       "40 B per call in the lists of the cores; a call in a loop counts once",
       field<&D::program_memory, &ProgramMemory::arguments>()},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}

void add_grounds(DensityTable& table) {
  const DensityTable lines{
      {"kernel_footing", "share", "What the time in kernel calls rests on.", "fitted + extrapolated + assumed = 1", {}},
      {"kernel_footing.fitted", "share", "Kernels that were measured, at shapes between the measured ones.",
       "time of such calls / time of all calls", field<&D::footing, &KernelFooting::fitted>()},
      {"kernel_footing.extrapolated", "share", "Kernels that were measured at other shapes only.",
       "time of such calls / time of all calls", field<&D::footing, &KernelFooting::extrapolated>()},
      {"kernel_footing.assumed", "share", "Kernels that were not measured: from documents, object code or definition.",
       "time of such calls / time of all calls", field<&D::footing, &KernelFooting::assumed>()},
      {"extrapolated", "", "The extrapolated kernel calls with the most time, and the shapes that were measured.",
       "absent where no call is extrapolated", field<&D::extrapolated>()},
      {"events", "events", "Events of the simulation: what the host had to do, nothing of the array.", "counted",
       field<&D::events>()},
      {"program_hash", "", "Content of the program that ran: equal hashes ran the same instructions.",
       "FNV-1a of the program", field<&D::program_hash>()},
      {"functional.layers_checked", "layers", "Layers whose output was compared with the reference.", "counted",
       field<&D::functional, &FunctionalCheck::layers_checked>()},
      {"functional.elements_checked", "elements", "Elements that were compared.", "counted",
       field<&D::functional, &FunctionalCheck::elements_checked>()},
      {"functional.mismatches", "", "Elements that are wrong, missing or repeated, and layers that nothing shows.",
       "counted", field<&D::functional, &FunctionalCheck::mismatches>()},
      {"functional.first", "", "The first of these: layer, element, expected, got, last writer.", "observed",
       field<&D::functional, &FunctionalCheck::first>()},
      {"functional.errors", "", "What the machine objected to: unwritten bytes read, live bytes overwritten.",
       "observed", field<&D::functional, &FunctionalCheck::errors>()},
      {"layers", "", "One entry per layer that runs on cores, in the network's order (see layers[].*).", "given", {}},
  };
  table.insert(table.end(), lines.begin(), lines.end());
}
}  // namespace

const DensityTable& density_metrics() {
  static const DensityTable table = [] {
    DensityTable lines;
    add_latency(lines);
    add_batch(lines);
    add_work(lines);
    add_traffic(lines);
    add_energy(lines);
    add_program_memory(lines);
    add_routing(lines);
    add_control(lines);
    add_time(lines, false);
    add_grounds(lines);
    return lines;
  }();
  return table;
}

const std::vector<Metric<ImageResult>>& image_metrics() {
  using I = ImageResult;
  static const std::vector<Metric<I>> table{
      {"start_us", "us", "When its first transfer or kernel call begins; weights that are brought before do not count.",
       "simulated", field<&I::start_us>()},
      {"end_us", "us", "When its last one is complete.", "simulated", field<&I::end_us>()},
      {"latency_us", "us", "What the image takes while others are computed too.", "end_us - start_us",
       derived<I>([](const I& i) { return Value(i.latency_us()); })},
  };
  return table;
}

}  // namespace tessera::result
