// Micro-benchmarks: one mechanism each, as a program of a few descriptors or instructions where the models have the
// mechanism, as the constant of the hardware or design file where the measurement is of that constant itself.
#include <cmath>
#include <functional>

#include "sim/program/builder.h"
#include "sim/validation/predict.h"
#include "sim/validation/run_program.h"

namespace tessera {
namespace {

struct Context {
  const MeasuredRow& row;
  const GroupDesign& group;
  ArraySpec array;
};
using Predictor = std::function<Expected<Prediction>(const Context&)>;

// Words of the shape: "1024 words x 4 B", "256 words".
Bytes words_of(const MeasuredRow& row) {
  const std::vector<double> numbers = numbers_in(row.shape);
  return numbers.empty() || row.shape.find("words") == std::string::npos ? 0 : static_cast<Bytes>(numbers[0]);
}

// `bytes` from channel to channel in descriptors as long as both ends allow.
void stream(ProgramBuilder& b, EngineId source, EngineId sink, Bytes bytes, Bytes longest) {
  const RouteId route = b.route(source, {sink});
  const auto append = [&](Bytes length, Bytes times) {
    if (length == 0 || times == 0) return;
    for (const EngineId e : {source, sink}) {
      const EngineMap::Info& info = b.map().info(e);
      Transfer t;
      t.memory = info.tile;
      t.route = route;
      t.access = linear(0, length);
      b.transfer(e, t);
      if (times > 1) b.repeat_last(e, 1, static_cast<int>(times));
    }
  };
  append(longest, bytes / longest);
  append(bytes % longest, 1);
}

Expected<Prediction> cycles_of(ProgramBuilder& b, const ArraySpec& array, const std::string& bound_by, double offset = 0) {
  auto run = run_program(b.program(), array, std::vector<Millicycles>(b.program().calls.size()));
  if (!run) return run.failure();
  return Prediction{static_cast<double>(run->total) / 1000 + offset, bound_by, ""};
}

Expected<Prediction> constant(double value, const char* what) { return Prediction{value, what, ""}; }

Expected<Prediction> memtile_to_core(const Context& c) {
  if (words_of(c.row) == 0) return skip("no words in the shape");
  ProgramBuilder b(c.array);
  stream(b, b.map().mem_channel(0, EngineKind::mm2s, 0), b.map().tile_channel(0, 0, EngineKind::s2mm, 0),
         4 * words_of(c.row), c.array.tile.dma.max_length / 4 * 4);
  return cycles_of(b, c.array, "stream");
}

// Host memory to a memory tile or back; `warm`: the channel has moved something before.
Expected<Prediction> shim(const Context& c, bool outbound, bool warm) {
  if (words_of(c.row) == 0) return skip("no words in the shape");
  ArraySpec array = c.array;
  if (warm) array.shim.dma.first_start_cycles = 0, array.shim.dma.mm2s_first_start_cycles = 0;
  ProgramBuilder b(array);
  const EngineId from = outbound ? b.map().shim_channel(0, EngineKind::mm2s, 0) : b.map().mem_channel(0, EngineKind::mm2s, 0);
  const EngineId to = outbound ? b.map().mem_channel(0, EngineKind::s2mm, 0) : b.map().shim_channel(0, EngineKind::s2mm, 0);
  stream(b, from, to, 4 * words_of(c.row), array.memtile.dma.max_length / 4 * 4);
  return cycles_of(b, array, "shim");
}

// Watched at the memory port: the last words stand in the egress FIFO when the last access is done.
Expected<Prediction> port(const Context& c, bool memtile) {
  if (words_of(c.row) == 0) return skip("no words in the shape");
  ProgramBuilder b(c.array);
  const EngineId core_out = b.map().tile_channel(0, 0, EngineKind::mm2s, 0), core_in = b.map().tile_channel(0, 0, EngineKind::s2mm, 0);
  const EngineId mem_out = b.map().mem_channel(0, EngineKind::mm2s, 0), mem_in = b.map().mem_channel(0, EngineKind::s2mm, 0);
  stream(b, memtile ? mem_out : core_out, memtile ? core_in : mem_in, 4 * words_of(c.row), c.array.tile.dma.max_length / 4 * 4);
  const double latency = memtile ? c.group.number("memtile_latency_cycles") : 0;
  ArraySpec array = c.array;
  array.stream.hop_cycles = 0;  // the receiver's delay is not seen here
  return cycles_of(b, array, "stream", latency - c.group.number("egress_words"));
}

// In and out at once through `channels` shim channels, at most `per_column` of each column; bytes per direction of each.
Expected<ProgramRun> passthrough(const ArraySpec& array, int channels, int per_column, Bytes bytes) {
  ProgramBuilder b(array);
  for (int k = 0; k < channels; ++k) {
    const int col = k / per_column, ch = k % per_column, mem = col * array.memtile_rows;
    stream(b, b.map().shim_channel(col, EngineKind::mm2s, ch), b.map().mem_channel(mem, EngineKind::s2mm, ch), bytes, 65536);
    stream(b, b.map().mem_channel(mem, EngineKind::mm2s, ch), b.map().shim_channel(col, EngineKind::s2mm, ch), bytes, 65536);
  }
  return run_program(b.program(), array, {});
}

Expected<Prediction> ddr_rate(const Context& c) {
  const std::vector<double> channels = numbers_in(c.row.workload);
  if (channels.empty() || channels[0] < 1) return skip("no number of shim channels");
  if (channels[0] > 2 * c.array.cols) return skip("more shim channels than the machine has");
  const int n = static_cast<int>(channels[0]);
  const Bytes bytes = Bytes{16} << 20;
  ArraySpec array = c.array;
  array.shim.dma.start_cycles = 0, array.shim.dma.mm2s_start_cycles = 0;  // one task for the whole transfer
  auto run = passthrough(array, n, 2, bytes);
  if (!run) return run.failure();
  return Prediction{static_cast<double>(n * bytes) / to_us(run->total, array.clock_hz) / 1e3, "ddr", ""};
}

Expected<Prediction> ddr_copy(const Context& c) {
  const std::vector<double> numbers = numbers_in(c.row.shape);
  if (numbers.empty()) return skip("no bytes in the shape");
  ArraySpec array = c.array;
  array.shim.dma.start_cycles = 0, array.shim.dma.mm2s_start_cycles = 0;
  auto run = passthrough(array, array.cols, 1, static_cast<Bytes>(numbers[0]) / array.cols);
  if (!run) return run.failure();
  return Prediction{to_us(run->total, array.clock_hz), "ddr", ""};
}

Expected<Prediction> lock_loop(const Context& c) {
  ProgramBuilder b(c.array);
  const EngineId core = b.map().core(0, 0);
  const int pairs = static_cast<int>(c.group.number("lock_operations")) / 2;
  b.lock(b.map().compute_tile(0, 0), 0, 1, LockRole::input_full);
  KernelCall call;
  call.kind = KernelKind::ops;
  b.call(core, call);
  for (int i = 0; i < pairs; ++i) b.acquire(core, 0, 1, -1), b.release(core, 0, 1, -1);
  ArraySpec array = c.array;
  array.tile.call_cycles = 0;  // one loop, no call
  auto run = run_program(b.program(), array, {static_cast<Millicycles>(c.group.number("loop_cycles") * 1000)});
  if (!run) return run.failure();
  return Prediction{static_cast<double>(run->total) / 1000, "core", ""};
}

struct Entry {
  const char* workload;  // a prefix of the row's
  const char* unit;
  Predictor predict;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> table = {
      {"empty harness", "cycles/call", [](const Context& c) { return constant(static_cast<double>(c.array.tile.call_cycles), "core"); }},
      {"stream memtile->core", "cycles", memtile_to_core},
      // A conflict on any port stalls the datapath for a cycle (facts of the source; AM020: losers retry next cycle).
      {"core paired 256-bit loads, different banks", "cycles/iteration",
       [](const Context& c) { return constant(c.group.number("paired_load_loop_cycles"), "core"); }},
      {"core paired 256-bit loads, same bank", "cycles/iteration",
       [](const Context& c) { return constant(c.group.number("paired_load_loop_cycles") + 1, "bank conflict"); }},
      {"DDR passthrough", "GB/s per direction", ddr_rate},
      {"memcpy", "us", ddr_copy},
      {"dispatch, IRON wall", "us", [](const Context& c) { return constant(c.group.number("wall_us"), "dispatch"); }},
      {"dispatch, hw bracket", "us", [](const Context& c) { return constant(c.array.controller.dispatch_us, "dispatch"); }},
      {"dispatch, runlist", "us", [](const Context& c) { return constant(c.group.number("amortised_us"), "dispatch"); }},
      {"shim DMA DDR->array", "cycles", [](const Context& c) { return shim(c, true, true); }},
      {"shim DMA array->DDR", "cycles", [](const Context& c) { return shim(c, false, true); }},
      {"shim MM2S first task", "cycles", [](const Context& c) { return shim(c, true, false); }},
      {"shim S2MM first task", "cycles", [](const Context& c) { return shim(c, false, false); }},
      {"memtile DMA", "cycles", [](const Context& c) { return port(c, true); }},
      {"tile DMA transfer", "cycles", [](const Context& c) { return port(c, false); }},
      {"controller gap between dispatched shim tasks, cold", "cycles",
       [](const Context& c) { return constant(c.group.number("controller_cold_cycles"), "controller"); }},
      {"gap between pipelined task starts", "cycles",
       [](const Context& c) { return constant(static_cast<double>(c.array.controller.token_cycles), "controller"); }},
      {"core loop with lock transactions", "cycles", lock_loop},
  };
  return table;
}

}  // namespace

Expected<Prediction> predict_micro(const MeasuredRow& row, const ValidationSetup& setup, const ArraySpec& array) {
  const Context context{row, setup.groups.at(row.group), array};
  for (const Entry& entry : entries()) {
    if (row.workload.rfind(entry.workload, 0) != 0) continue;
    if (row.unit != entry.unit) return skip("unit " + row.unit + " of workload \"" + row.workload + "\"");
    return entry.predict(context);
  }
  return skip("no model of workload \"" + row.workload + "\"");
}

}  // namespace tessera
