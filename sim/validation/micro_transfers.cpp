// Micro-benchmarks that move data, as programs of a few descriptors.
#include <map>
#include <optional>

#include "sim/program/builder.h"
#include "sim/validation/micro_rows.h"
#include "sim/validation/run_program.h"
#include "sim/validation/units.h"

namespace tessera::validation::micro {
namespace {

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
  Quantities o;
  o.cycles = static_cast<double>(run->total) / 1000 + offset;
  o.us = stated_us(c.row, o.cycles);
  return in_unit(c.row, o, bound_by);
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

// A transfer of whole descriptors from host memory, cut into `tasks` tasks.
void fill(program::ProgramBuilder& b, program::EngineId from, const std::vector<program::EngineId>& to, Bytes bytes,
          int tasks) {
  const program::RouteId route = b.route(from, to);
  const Bytes each = bytes / tasks / 4 * 4;
  const auto move = [&](program::EngineId e, Bytes length, Bytes times) {
    if (length == 0 || times == 0) return;
    program::Transfer t;
    t.memory = b.map().info(e).tile;
    t.route = route;
    t.access = program::linear(0, length);
    b.transfer(e, t);
    if (times > 1) b.repeat_last(e, 1, static_cast<int>(times));
  };
  move(from, each, tasks);
  constexpr Bytes buffer = 6400;
  for (const program::EngineId e : to) move(e, buffer, each * tasks / buffer), move(e, each * tasks % buffer, 1);
}

}  // namespace

Expected<Prediction> memtile_to_core(const Context& c) {
  const auto bytes = size_in(c.row.shape);
  if (!bytes) return no_size(c.row);
  program::ProgramBuilder b(c.array);
  stream(b, b.map().mem_channel(0, program::EngineKind::mm2s, 0),
         b.map().tile_channel(0, 0, program::EngineKind::s2mm, 0), *bytes, c.array.tile.dma.max_length / 4 * 4);
  return cycles_of(c, b, c.array, "stream");
}

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

Expected<Prediction> fills(const Context& c, int columns, bool drains, bool to_cores) {
  static const std::regex tasked("(.*), ([1-9][0-9]{0,5}) tasks?"), both("(.*) in, (.*) out");
  std::smatch found;
  if (!std::regex_match(c.row.shape, found, drains ? both : tasked))
    return skip("shape \"" + c.row.shape + "\" of a fill is not understood");
  const auto in = size_in(found[1]), out = drains ? size_in(found[2]) : std::optional<Bytes>(0);
  const int tasks = drains ? columns : std::stoi(found[2]);
  if (!in || !out) return no_size(c.row);
  if (columns < 1 || columns > c.array.cols) return skip("more columns than the machine has");
  if (tasks % columns != 0) return skip("tasks that are no multiple of the columns");
  program::ProgramBuilder b(c.array);
  for (int col = 0; col < columns; ++col) {
    const int mem = col * c.array.memtile_rows;
    std::vector<program::EngineId> to = {b.map().mem_channel(mem, program::EngineKind::s2mm, 0)};
    if (to_cores) {
      to.clear();
      for (int row = 0; row < c.array.rows; ++row)
        to.push_back(b.map().tile_channel(row, col, program::EngineKind::s2mm, 1));
    }
    fill(b, b.map().shim_channel(col, program::EngineKind::mm2s, to_cores ? 1 : 0), to, *in / columns / 4 * 4,
         tasks / columns);
    if (drains)
      stream(b, b.map().mem_channel(mem, program::EngineKind::mm2s, 0),
             b.map().shim_channel(col, program::EngineKind::s2mm, 0), *out / columns / 4 * 4, 6400);
  }
  auto run = run_program(b.program(), c.array, {});
  if (!run) return run.failure();
  Quantities o;
  o.us = to_us(run->total, c.array.clock_hz) + c.dispatch_us;
  return in_unit(c.row, o, "ddr");
}

Expected<Prediction> round_trip(const Context& c) {
  if (!c.row.shape.empty()) return skip("shape \"" + c.row.shape + "\" of a round trip is not understood");
  const Bytes in = std::stoi(c.words[1]), out = std::stoi(c.words[2]);
  if (in % 4 != 0 || out % 4 != 0 || in == 0 || out == 0) return skip("objects of no whole words");
  constexpr int objects = 1000;
  program::ProgramBuilder b(c.array);
  stream(b, b.map().shim_channel(0, program::EngineKind::mm2s, 0),
         b.map().tile_channel(0, 0, program::EngineKind::s2mm, 0), objects * in, in);
  stream(b, b.map().tile_channel(0, 0, program::EngineKind::mm2s, 0),
         b.map().shim_channel(0, program::EngineKind::s2mm, 0), objects * out, out);
  auto run = run_program(b.program(), without_task_costs(c.array), {});
  if (!run) return run.failure();
  Quantities o;
  o.us = to_us(run->total, c.array.clock_hz);
  o.bytes_in = static_cast<double>(objects * in);
  return in_unit(c.row, o, "stream");
}

Expected<Prediction> mixed_copy(const Context& c) {
  if (!c.row.shape.empty()) return skip("shape \"" + c.row.shape + "\" of a copy is not understood");
  const Bytes bytes = Bytes{4} << 20;
  auto run = passthrough(without_task_costs(c.array), 2 * c.array.cols, 2, bytes);
  if (!run) return run.failure();
  Quantities o;
  o.us = to_us(run->total, c.array.clock_hz);
  o.bytes_mixed = 4.0 * c.array.cols * static_cast<double>(bytes);
  return in_unit(c.row, o, "ddr");
}

}  // namespace tessera::validation::micro
