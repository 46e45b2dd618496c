// Micro-benchmarks: one mechanism each, as a program of a few descriptors or instructions where the models have the
// mechanism, as the constant of the hardware or design file where the measurement is of that constant itself.
//
// A workload is known by its whole text, and so is the shape: words that are not understood may change what was
// measured.
#include <functional>
#include <map>
#include <optional>
#include <regex>

#include "sim/program/builder.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera::validation {
namespace {

struct Context {
  const MeasuredRow& row;
  const GroupDesign& group;
  arch::ArraySpec array;
  std::smatch words;  // what the pattern of the workload took out of it
};
using Predictor = std::function<Expected<Prediction>(const Context&)>;

constexpr Bytes longest_transfer = Bytes{4} << 30, smallest_copy = Bytes{16} << 20;

// "1024 words x 4 B", "256 words", "16 MiB", "67108864 B each way"; nothing for any other text.
std::optional<Bytes> size_in(const std::string& text, const std::string& suffix = "") {
  static const std::regex form("([0-9]+(?:\\.[0-9]+)?) ?(words? x 4 B|words?|B|bytes?|KB|KiB|MB|MiB|GB|GiB)((?: .*)?)");
  std::smatch found;
  if (!std::regex_match(text, found, form) || found[3] != suffix) return std::nullopt;
  static const std::map<std::string, double> of = {{"KB", 1e3},   {"MB", 1e6},      {"GB", 1e9},
                                                   {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
  const std::string unit = found[2];
  const auto scale = of.find(unit);
  const double each = unit[0] == 'w' ? 4 : scale == of.end() ? 1 : scale->second;
  const double bytes = std::stod(found[1]) * each;
  if (bytes < 4 || bytes > static_cast<double>(longest_transfer)) return std::nullopt;
  const auto whole = static_cast<Bytes>(bytes);
  return whole % 4 == 0 ? std::optional(whole) : std::nullopt;
}

Prediction no_size(const MeasuredRow& row) {
  return skip("shape \"" + row.shape + "\" is no number of whole words up to 4 GiB");
}

Prediction in_cycles(const Context& c, double cycles, const std::string& bound_by, const std::string& per = "") {
  Quantities o;
  o.cycles = cycles;
  o.us = stated_us(c.row, cycles);
  o.per = per;
  return in_unit(c.row, o, bound_by);
}

// `bytes` from channel to channel in descriptors as long as both ends allow.
void stream(program::ProgramBuilder& b, program::EngineId source, program::EngineId sink, Bytes bytes, Bytes longest) {
  const program::RouteId route = b.route(source, {sink});
  const auto append = [&](Bytes length, Bytes times) {
    if (length == 0 || times == 0) return;
    for (const program::EngineId e : {source, sink}) {
      const program::EngineMap::Info& info = b.map().info(e);
      program::Transfer t;
      t.memory = info.tile;
      t.route = route;
      t.access = program::linear(0, length);
      b.transfer(e, t);
      if (times > 1) b.repeat_last(e, 1, static_cast<int>(times));
    }
  };
  append(longest, bytes / longest);
  append(bytes % longest, 1);
}

Expected<Prediction> cycles_of(const Context& c, program::ProgramBuilder& b, const arch::ArraySpec& array,
                               const std::string& bound_by, double offset = 0) {
  auto run = run_program(b.program(), array, std::vector<Millicycles>(b.program().calls.size()));
  if (!run) return run.failure();
  return in_cycles(c, static_cast<double>(run->total) / 1000 + offset, bound_by);
}

// A constant of the hardware or of the group; 0: it has none.
Expected<Prediction> constant(const Context& c, double cycles, double us, const char* bound_by,
                              const std::string& per = "") {
  if (!c.row.shape.empty())
    return skip("shape \"" + c.row.shape + "\" of workload \"" + c.row.workload + "\" is not understood");
  if (cycles <= 0 && us <= 0)
    return skip("group " + c.row.group + " has no constant for workload \"" + c.row.workload + "\"");
  if (us <= 0) return in_cycles(c, cycles, bound_by, per);
  Quantities o;
  o.us = us;
  return in_unit(c.row, o, bound_by);
}
Expected<Prediction> constant_cycles(const Context& c, double cycles, const char* bound_by,
                                     const std::string& per = "") {
  return constant(c, cycles, 0, bound_by, per);
}
Expected<Prediction> constant_us(const Context& c, double us) { return constant(c, 0, us, "dispatch"); }

Expected<Prediction> paired_loads(const Context& c) {
  const double loop = c.group.number("paired_load_loop_cycles");
  if (loop == 0 || c.words[1] == "different banks") return constant_cycles(c, loop, "core", "iteration");
  return constant_cycles(c, loop + c.group.number("bank_conflict_cycles"), "bank conflict", "iteration");
}

Expected<Prediction> memtile_to_core(const Context& c) {
  const auto bytes = size_in(c.row.shape);
  if (!bytes) return no_size(c.row);
  program::ProgramBuilder b(c.array);
  stream(b, b.map().mem_channel(0, program::EngineKind::mm2s, 0),
         b.map().tile_channel(0, 0, program::EngineKind::s2mm, 0), *bytes, c.array.tile.dma.max_length / 4 * 4);
  return cycles_of(c, b, c.array, "stream");
}

// Host memory to a memory tile or back; `warm`: the channel has moved something before.
Expected<Prediction> shim(const Context& c, bool outbound, bool warm) {
  const auto bytes = size_in(c.row.shape);
  if (!bytes) return no_size(c.row);
  arch::ArraySpec array = c.array;
  if (warm) array.shim.dma.first_start_cycles = 0, array.shim.dma.mm2s_first_start_cycles = 0;
  program::ProgramBuilder b(array);
  const program::EngineId from = outbound ? b.map().shim_channel(0, program::EngineKind::mm2s, 0)
                                          : b.map().mem_channel(0, program::EngineKind::mm2s, 0);
  const program::EngineId to = outbound ? b.map().mem_channel(0, program::EngineKind::s2mm, 0)
                                        : b.map().shim_channel(0, program::EngineKind::s2mm, 0);
  stream(b, from, to, *bytes, array.memtile.dma.max_length / 4 * 4);
  return cycles_of(c, b, array, "shim");
}

// Watched at the memory port: the last words stand in the egress FIFO when the last access is done.
Expected<Prediction> port(const Context& c, bool memtile) {
  const auto bytes = size_in(c.row.shape);
  if (!bytes) return no_size(c.row);
  const double egress = c.group.number("egress_words");
  if (egress == 0) return skip("what the traces of group " + c.row.group + " watch is not known");
  if (static_cast<double>(*bytes) <= 4 * egress) return skip("a transfer that the egress FIFO holds");
  program::ProgramBuilder b(c.array);
  const program::EngineId core_out = b.map().tile_channel(0, 0, program::EngineKind::mm2s, 0),
                          core_in = b.map().tile_channel(0, 0, program::EngineKind::s2mm, 0);
  const program::EngineId mem_out = b.map().mem_channel(0, program::EngineKind::mm2s, 0),
                          mem_in = b.map().mem_channel(0, program::EngineKind::s2mm, 0);
  stream(b, memtile ? mem_out : core_out, memtile ? core_in : mem_in, *bytes, c.array.tile.dma.max_length / 4 * 4);
  const double latency = memtile ? c.group.number("memtile_latency_cycles") : 0;
  arch::ArraySpec array = c.array;
  array.stream.hop_cycles = 0;  // the receiver's delay is not seen here
  return cycles_of(c, b, array, "stream", latency - egress);
}

// In and out at once through `channels` shim channels, at most `per_column` of each column; bytes per direction of
// each.
Expected<ProgramRun> passthrough(const arch::ArraySpec& array, int channels, int per_column, Bytes bytes) {
  program::ProgramBuilder b(array);
  for (int k = 0; k < channels; ++k) {
    const int col = k / per_column, ch = k % per_column, mem = col * array.memtile_rows;
    stream(b, b.map().shim_channel(col, program::EngineKind::mm2s, ch),
           b.map().mem_channel(mem, program::EngineKind::s2mm, ch), bytes, 65536);
    stream(b, b.map().mem_channel(mem, program::EngineKind::mm2s, ch),
           b.map().shim_channel(col, program::EngineKind::s2mm, ch), bytes, 65536);
  }
  return run_program(b.program(), array, {});
}

Prediction moved(const Context& c, const ProgramRun& run, Bytes bytes) {
  Quantities o;
  o.us = to_us(run.total, c.array.clock_hz);
  o.bytes = static_cast<double>(bytes);
  return in_unit(c.row, o, "ddr");
}

// One task for the whole transfer.
arch::ArraySpec without_task_costs(arch::ArraySpec array) {
  array.shim.dma.start_cycles = 0, array.shim.dma.mm2s_start_cycles = 0;
  return array;
}

Expected<Prediction> ddr_rate(const Context& c) {
  if (!c.row.shape.empty()) return skip("shape \"" + c.row.shape + "\" of a passthrough is not understood");
  const int channels = std::stoi(c.words[1]);
  if (channels < 1 || channels > 2 * c.array.cols) return skip("more shim channels than the machine has");
  const Bytes bytes = Bytes{16} << 20;
  auto run = passthrough(without_task_costs(c.array), channels, 2, bytes);
  if (!run) return run.failure();
  return moved(c, *run, channels * bytes);
}

Expected<Prediction> ddr_copy(const Context& c) {
  const auto in = size_in(c.words[1]), out = size_in(c.words[2]);
  if (!in || in != out)
    return skip("a copy of \"" + c.words[1].str() + "\" to \"" + c.words[2].str() + "\" is not understood");
  // The shape may say the same in bytes, rounded in neither.
  if (!c.row.shape.empty() && size_in(c.row.shape, " each way") != in)
    return skip("shape \"" + c.row.shape + "\" is not the size of the workload");
  const int columns = std::stoi(c.words[3]);
  if (columns < 1 || columns > c.array.cols) return skip("more columns than the machine has");
  auto run = passthrough(without_task_costs(c.array), columns, 1, *in / columns / 4 * 4);
  if (!run) return run.failure();
  Prediction p = moved(c, *run, *in);
  if (*in < smallest_copy) p.beyond = "copies below 16 MiB: what the design needs to start is not known";
  return p;
}

Expected<Prediction> lock_loop(const Context& c) {
  if (!c.row.shape.empty()) return skip("shape \"" + c.row.shape + "\" of a loop is not understood");
  if (c.group.number("loop_cycles") == 0) return skip("the loop of group " + c.row.group + " is not known");
  program::ProgramBuilder b(c.array);
  const program::EngineId core = b.map().core(0, 0);
  const int pairs = static_cast<int>(c.group.number("lock_operations")) / 2;
  b.lock(b.map().compute_tile(0, 0), 0, 1, program::LockRole::input_full);
  program::KernelCall call;
  call.kind = program::KernelKind::ops;
  b.call(core, call);
  for (int i = 0; i < pairs; ++i) b.acquire(core, 0, 1, -1), b.release(core, 0, 1, -1);
  arch::ArraySpec array = c.array;
  array.tile.call_cycles = 0;  // one loop, no call
  auto run = run_program(b.program(), array, {static_cast<Millicycles>(c.group.number("loop_cycles") * 1000)});
  if (!run) return run.failure();
  return in_cycles(c, static_cast<double>(run->total) / 1000, "core");
}

struct Entry {
  const char* workload;  // a regular expression for all of it
  Predictor predict;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table = {
      {"empty harness",
       [](const Context& c) {
         return constant_cycles(c, static_cast<double>(c.array.tile.call_cycles), "core", "call");
       }},
      {"stream memtile->core", memtile_to_core},
      // A conflict on any port stalls the datapath (facts of the source; AM020: losers retry next cycle).
      {"core paired 256-bit loads, (different banks|same bank)", paired_loads},
      {"DDR passthrough, ([0-9]{1,3})(?: shim)? channels?", ddr_rate},
      {"memcpy ([^ ]+ [^ ]+) in \\+ ([^ ]+ [^ ]+) out, ([0-9]{1,3}) columns?", ddr_copy},
      {"dispatch, IRON wall", [](const Context& c) { return constant_us(c, c.group.number("wall_us")); }},
      {"dispatch, hw bracket", [](const Context& c) { return constant_us(c, c.array.controller.dispatch_us); }},
      {"dispatch, runlist of 64, amortised",
       [](const Context& c) { return constant_us(c, c.group.number("amortised_us")); }},
      {"shim DMA DDR->array", [](const Context& c) { return shim(c, true, true); }},
      {"shim DMA array->DDR", [](const Context& c) { return shim(c, false, true); }},
      {"shim MM2S first task", [](const Context& c) { return shim(c, true, false); }},
      {"shim S2MM first task", [](const Context& c) { return shim(c, false, false); }},
      {"memtile DMA (?:contiguous|strided)", [](const Context& c) { return port(c, true); }},
      {"tile DMA transfer", [](const Context& c) { return port(c, false); }},
      {"controller gap between dispatched shim tasks, cold",
       [](const Context& c) { return constant_cycles(c, c.group.number("controller_cold_cycles"), "controller"); }},
      {"gap between pipelined task starts",
       [](const Context& c) { return constant_cycles(c, c.array.controller.token_cycles, "controller"); }},
      {"core loop with lock transactions", lock_loop},
  };
  return table;
}

}  // namespace

Expected<Prediction> predict_micro(const MeasuredRow& row, const ValidationSetup& setup, const arch::ArraySpec& array) {
  if (setup.groups.at(row.group).machine != "XDNA1") return skip("fixed costs are calibrated on XDNA1 only");
  const bool more = row.m != 0 || row.k != 0 || row.n != 0;
  if (more || !(row.in_type + row.out_type + row.core_tile).empty())
    return skip("sizes, types or a core tile of a micro-benchmark are not understood");
  Context context{row, setup.groups.at(row.group), array, {}};
  for (const Entry& entry : entries())
    if (std::regex_match(row.workload, context.words, std::regex(entry.workload))) return entry.predict(context);
  return skip("no model of workload \"" + row.workload + "\"");
}

}  // namespace tessera::validation
