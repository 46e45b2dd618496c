#include "sim/designs/open_engine/emitter.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "sim/designs/object_fifo/ring.h"
#include "sim/designs/open_engine/issue.h"
#include "sim/program/builder.h"

namespace tessera::designs::open_engine {
namespace {

using namespace designs::object_fifo;
using program::ControlKind;
using program::EngineId;
using program::EngineKind;
using program::LockRole;

constexpr int ring_buffers = 2;            // of every ring but that of the weights
constexpr int operations_per_cycle = 256;  // of KernelKind::ops
constexpr Bytes stack_bytes = 2048;

// Bytes of the controller's stream: its head, a task, a token. Source: exact on every published stream.
constexpr Bytes stream_head = 16, stream_task = 120, stream_token = 44;

class Emitter {
 public:
  Emitter(const EngineNetwork& engine, const arch::ArraySpec& array, const KernelTimes& times,
          const EmitOptions& options)
      : engine_(engine),
        times_(times),
        options_(options),
        max_wrap_(array.shim.dma.max_wrap),
        b_(array),
        addresses_(place(engine)) {
    program::Program& p = b_.program();
    p.network = engine.name;
    p.tensors = false;
    p.ddr_bytes = round_up(addresses_.end, 4);
    for (std::size_t i = 0; i < engine.maps.size(); ++i)
      if (tiles_overlap(engine.maps[i]))
        p.written_alike.push_back(
            {addresses_.maps[i], i + 1 < engine.maps.size() ? addresses_.maps[i + 1] : addresses_.weights.front()});
    for (auto& column : free_)
      for (int d = 0; d < array.shim.dma.descriptors; ++d) column.insert(d);
  }

  EngineProgram run() {
    std::vector<LayerSplit> splits;
    for (const EngineLayer& layer : engine_.layers) splits.push_back(split_layer(engine_, layer, options_.variant));
    for (int col = 0; col < columns; ++col) {
      std::int64_t rounds = 0, objects = 0;
      for (const LayerSplit& split : splits)
        for (const auto& run : split.runs[col]) {
          rounds += static_cast<std::int64_t>(run.size());
          objects += static_cast<std::int64_t>(run.size() * split.chunks.size());
        }
      wire_activations(col, objects);
      wire_outputs(col, rounds);
      wire_weights(col);
    }
    for (std::size_t i = 0; i < splits.size(); ++i) {
      for (int col = 0; col < columns; ++col)
        for (int row = 0; row < cores; ++row) core_layer(row, col, engine_.layers[i], splits[i]);
      issue_layer(engine_.layers[i], splits[i]);
    }
    weight_rings();
    out_.instruction_bytes = stream_head + stream_task * out_.tasks + stream_token * out_.tokens;
    out_.program = b_.finish();
    return std::move(out_);
  }

 private:
  const program::EngineMap& map() const { return b_.map(); }
  Ring memtile_ring(int col, std::int64_t base, int part, Bytes bytes, int lock) const {
    return {map().memory_tile(col), base + part * ring_buffers * bytes, bytes, ring_buffers, lock + 2 * part};
  }
  Ring activations(int col, int part) const { return memtile_ring(col, 0, part, activation_bytes, 0); }
  Ring outputs(int col, int part) const {
    return memtile_ring(col, cores * ring_buffers * activation_bytes, part, output_bytes, 2 * cores);
  }
  Ring core_activations(int row, int col) const {
    return {map().compute_tile(row, col), stack_bytes, activation_bytes, ring_buffers, 0};
  }
  Ring core_weights(int row, int col) const {
    return {map().compute_tile(row, col), core_activations(row, col).end(), weight_bytes,
            options_.variant.weight_buffers, 2};
  }
  Ring core_outputs(int row, int col) const {
    return {map().compute_tile(row, col), core_weights(row, col).end(), output_bytes, ring_buffers, 4};
  }

  // An object of four packets is split by the memory tile, a quarter to each core of the column.
  void wire_activations(int col, std::int64_t objects) {
    const EngineId shim = map().shim_channel(col, EngineKind::mm2s, 0);
    const EngineId in = map().mem_channel(col, EngineKind::s2mm, 0);
    const auto route = fill_route_[col] = b_.route(shim, {in});
    for (int r = 0; r < cores; ++r) {
      declare(b_, activations(col, r), LockRole::staging_full, LockRole::staging_empty);
      declare(b_, core_activations(r, col), LockRole::input_full, LockRole::input_empty);
      pass(b_,
           {map().mem_channel(col, EngineKind::mm2s, r),
            activations(col, r),
            {map().tile_channel(r, col, EngineKind::s2mm, 0)},
            {core_activations(r, col)}},
           objects, -1);
    }
    rotate(b_, in, ring_buffers, objects, [&](int buffer) {
      for (int r = 0; r < cores; ++r) b_.transfer(in, filling(activations(col, r), buffer, route, -1));
    });
  }

  // The memory tile joins what the four cores of a round put out.
  void wire_outputs(int col, std::int64_t rounds) {
    const EngineId out = map().mem_channel(col, EngineKind::mm2s, cores);
    const EngineId shim = map().shim_channel(col, EngineKind::s2mm, 0);
    const auto route = drain_route_[col] = b_.route(out, {shim});
    for (int r = 0; r < cores; ++r) {
      declare(b_, outputs(col, r), LockRole::output_full, LockRole::output_empty);
      declare(b_, core_outputs(r, col), LockRole::output_full, LockRole::output_empty);
      pass(b_,
           {map().tile_channel(r, col, EngineKind::mm2s, 0),
            core_outputs(r, col),
            {map().mem_channel(col, EngineKind::s2mm, 1 + r)},
            {outputs(col, r)}},
           rounds, -1);
    }
    rotate(b_, out, ring_buffers, rounds, [&](int buffer) {
      for (int r = 0; r < cores; ++r) b_.transfer(out, draining(outputs(col, r), buffer, route, -1));
    });
  }

  // Weight packets are broadcast from the shim to the four cores of a column.
  void wire_weights(int col) {
    std::vector<EngineId> sinks;
    for (int r = 0; r < cores; ++r) {
      declare(b_, core_weights(r, col), LockRole::weights_full, LockRole::weights_empty);
      sinks.push_back(map().tile_channel(r, col, EngineKind::s2mm, 1));
    }
    weight_route_[col] = b_.route(map().shim_channel(col, EngineKind::mm2s, 1), sinks);
  }
  void weight_rings() {
    for (int col = 0; col < columns; ++col)
      for (int r = 0; r < cores; ++r) {
        const EngineId in = map().tile_channel(r, col, EngineKind::s2mm, 1);
        rotate(b_, in, options_.variant.weight_buffers, weight_packets_[col],
               [&](int buffer) { b_.transfer(in, filling(core_weights(r, col), buffer, weight_route_[col], -1)); });
      }
  }

  // Takes a packet of weights and serves with it what its header says: all tiles of its group, or one chunk of one
  // tile.
  void core_layer(int row, int col, const EngineLayer& layer, const LayerSplit& split) {
    const EngineId core = map().core(row, col);
    int group = -1;  // whose packet is held
    for (const auto& run : split.runs[col])
      for (const Round& round : run)
        for (std::size_t k = 0; k < split.chunks.size(); ++k) {
          if (split.accumulates() || round.group != group) {
            if (group >= 0) b_.release(core, core_weights(row, col).full + 1, 1, -1);
            b_.acquire(core, core_weights(row, col).full, 1, -1);
            if (row == 0) ++weight_packets_[col];
          }
          group = round.group;
          process(core, row, col, layer, split, k);
        }
    if (group >= 0) b_.release(core, core_weights(row, col).full + 1, 1, -1);
  }

  void process(EngineId core, int row, int col, const EngineLayer& layer, const LayerSplit& split, std::size_t k) {
    const Ring in = core_activations(row, col), out = core_outputs(row, col);
    const bool emits = k + 1 == split.chunks.size();
    b_.acquire(core, in.full, 1, -1);
    if (emits) b_.acquire(core, out.full + 1, 1, -1);
    const double cycles = packet_cycles(times_, layer, split, k, options_.variant, options_.computes);
    program::KernelCall call;
    call.kind = program::KernelKind::ops;
    call.operations = std::llround(cycles * operations_per_cycle);
    b_.call(core, call);
    out_.durations.push_back(std::llround(cycles * millicycles_per_cycle));
    b_.release(core, in.full + 1, 1, -1);
    if (emits) b_.release(core, out.full, 1, -1);
  }

  EngineId channel(int col, Stream stream) const {
    return stream == Stream::drains ? map().shim_channel(col, EngineKind::s2mm, 0)
                                    : map().shim_channel(col, EngineKind::mm2s, stream == Stream::fills ? 0 : 1);
  }
  program::RouteId route(int col, Stream stream) const {
    return (stream == Stream::drains ? drain_route_ : stream == Stream::fills ? fill_route_ : weight_route_)[col];
  }

  // A task of a channel that is under way.
  struct Started {
    int executed;    // transfers of the channel once it is complete
    int descriptor;  // that it uses
  };

  void issue_layer(const EngineLayer& layer, const LayerSplit& split) {
    const auto tasks = shim_tasks(engine_, layer, split, addresses_, options_.variant);
    std::vector<std::array<std::vector<Started>, streams>> started(columns);
    std::vector<std::array<int, streams>> freed(columns);
    const Issue issue = issue_order(tasks, options_.variant);
    out_.tokens += issue.tokens;
    for (const IssueStep& step : issue.steps) {
      const auto s = static_cast<std::size_t>(step.stream);
      auto& list = started[step.column][s];
      if (step.what == IssueStep::What::start) {
        list.push_back(start(tasks[step.column][step.task], step));
        continue;
      }
      program::ControlOp op;
      op.kind = ControlKind::await_token;
      op.channel = channel(step.column, step.stream);
      b_.control(op, {{op.channel, list[step.completed - 1].executed}});
      for (int& i = freed[step.column][s]; i < step.completed; ++i) free_[step.column].insert(list[i].descriptor);
    }
  }

  // Written into the lowest descriptor that is free; every turn of the task is a transfer of its own.
  Started start(const ShimTask& task, const IssueStep& step) {
    const EngineId ch = channel(step.column, step.stream);
    const Pattern& pattern = task.pattern;
    const int turns = pattern.executions();
    program::ControlOp op;
    op.channel = ch;
    op.descriptor = static_cast<std::int16_t>(*free_[step.column].begin());
    free_[step.column].erase(free_[step.column].begin());
    op.kind = ControlKind::write_descriptor;
    op.transfer = static_cast<std::int32_t>(b_.program().engines[ch].transfers.size());
    op.iterations = static_cast<std::int16_t>(turns);
    op.iteration_step = turns > 1 ? pattern.dim(Pattern::most_dims - 1).step : 0;
    b_.control(op);
    b_.control(plain(op, ControlKind::patch_address));
    if (step.token) b_.control(plain(op, ControlKind::write_register));
    op = plain(op, ControlKind::push_task);
    op.transfers = turns;
    op.repeat = static_cast<std::int16_t>(turns);
    op.token = step.token;
    const int pushed = b_.control(op);
    ++out_.tasks;
    program::Transfer t;
    t.route = route(step.column, step.stream);
    t.descriptor = op.descriptor;
    t.access = access_of(pattern);
    int executed = 0;
    for (int turn = 0; turn < turns; ++turn) {
      t.access.base = pattern.base() + turn * (turns > 1 ? pattern.dim(Pattern::most_dims - 1).step : 0);
      out_.moved += t.access.memory_bytes();
      executed =
          turn == 0 ? b_.transfer(ch, t, {{map().controller_of(map().info(ch).tile), pushed}}) : b_.transfer(ch, t);
    }
    return {executed, op.descriptor};
  }
  // One turn of the pattern. A run that no count of words can hold stands in two dimensions.
  program::Access access_of(const Pattern& pattern) const {
    program::Access a;
    a.rank = 0;
    const auto add = [&](std::int64_t count, std::int64_t step) { a.dims[a.rank++] = program::repeated(count, step); };
    int dims = 0;  // beyond the run, that are taken
    for (int d = 1; d < std::min(pattern.rank(), Pattern::most_dims - 1); ++d) dims += pattern.dim(d).count > 1 ? 1 : 0;
    std::int64_t run = pattern.dim(0).count, parts = 1;
    while (dims > 0 && (run % parts != 0 || run / parts % 4 != 0 || run / parts / 4 > max_wrap_)) ++parts;
    add(run / parts, 1);
    if (parts > 1) add(parts, run / parts);
    for (int d = 1; d < std::min(pattern.rank(), Pattern::most_dims - 1); ++d)
      if (pattern.dim(d).count > 1) add(pattern.dim(d).count, pattern.dim(d).step);
    return a;
  }
  static program::ControlOp plain(const program::ControlOp& of, ControlKind kind) {
    program::ControlOp op;
    op.kind = kind;
    op.channel = of.channel;
    op.descriptor = of.descriptor;
    return op;
  }

  const EngineNetwork& engine_;
  const KernelTimes& times_;
  const EmitOptions& options_;
  const int max_wrap_;
  program::ProgramBuilder b_;
  const Addresses addresses_;
  EngineProgram out_;
  std::array<program::RouteId, columns> fill_route_{}, drain_route_{}, weight_route_{};
  std::array<std::int64_t, columns> weight_packets_{};
  std::array<std::set<int>, columns> free_;  // descriptors of each shim
};

}  // namespace

std::optional<Problem> unfit(const arch::ArraySpec& array) {
  if (array.rows != cores || array.cols != columns || array.memtile_rows != 1)
    return Problem{"", "hardware",
                   fmt::format("is {}x{} with {} memory tiles per column", array.rows, array.cols, array.memtile_rows),
                   fmt::format("the open engine has {}x{} cores and one memory tile per column", cores, columns)};
  if (array.controller.mechanism != arch::ControlMechanism::serial)
    return Problem{"", "hardware.controller.mechanism", "is not serial", "the open engine has one serial controller"};
  return std::nullopt;
}

EngineProgram emit(const EngineNetwork& engine, const arch::ArraySpec& array, const KernelTimes& times,
                   const EmitOptions& options) {
  return Emitter(engine, array, times, options).run();
}

}  // namespace tessera::designs::open_engine
