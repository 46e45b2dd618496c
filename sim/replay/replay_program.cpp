#include "sim/replay/replay_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/program/builder.h"

namespace tessera::replay {
namespace {

// Buffers of a core: 16 KB of weights and their descriptor, input, output.
constexpr std::int64_t weight_buffer = 0, input_buffer = 16384 + 192, output_buffer = 49152;
constexpr Bytes output_share = 16384;

// Areas of a memory tile: activations from DDR or to the cores, weights, output on its way to DDR.
struct Area {
  std::int64_t base = 0;
  Bytes size = 0;
};

program::Transfer move(program::TileId memory, std::int64_t base, Bytes bytes, program::RouteId route, int layer) {
  program::Transfer t;
  t.access = program::linear(base, bytes);
  t.memory = memory;
  t.route = route;
  t.layer = static_cast<std::int16_t>(layer);
  return t;
}

class Emitter {
 public:
  Emitter(const arch::ArraySpec& array, int writeback_channels)
      : array_(array), builder_(array), map_(builder_.map()), writeback_(writeback_channels) {
    const Bytes eighth = array.memtile.memory.size / 8 / 16 * 16;
    input_ = {0, 3 * eighth};
    weights_ = {3 * eighth, 2 * eighth};
    output_ = {5 * eighth, 3 * eighth};
  }

  LayerTasks layer(const LayerWork& work) {
    LayerTasks tasks;
    layer_ = work.layer;
    std::vector<program::Wait> loaded;
    tasks.load = from_ddr(work.load, 0, loaded);
    tasks.loadw = from_ddr(work.loadw, 1, loaded);
    if (!loaded.empty()) done_ = loaded;
    for (const PassWork& p : work.passes) tasks.passes.push_back(pass(p));
    tasks.write = to_ddr(work.write);
    return tasks;
  }

  program::Program finish() {
    program::Program program = builder_.finish();
    program.tensors = false;
    program.ddr_bytes = ddr_;
    return program;
  }

 private:
  program::EngineId mem(int col, program::EngineKind dir, int ch) const {
    return map_.mem_channel(col * array_.memtile_rows, dir, ch);
  }
  program::TileId mem_tile(int col) const { return map_.memory_tile(col * array_.memtile_rows); }

  // `times` tasks of a channel, the first of which has to wait.
  TaskSpan repeat(program::EngineId channel, const program::Transfer& t, int times,
                  const std::vector<program::Wait>& waits) {
    TaskSpan span{channel, builder_.tasks(channel), 0};
    builder_.transfer(channel, t, waits);
    if (times > 1) {
      builder_.transfer(channel, t);
      if (times > 2) builder_.repeat_last(channel, 1, times - 1);
    }
    span.last = builder_.tasks(channel);
    return span;
  }

  // A long transfer as descriptors of legal length on both ends; only the source waits.
  TaskSpan stream(program::EngineId source, program::EngineId sink, program::TileId tile, const Area& area,
                  bool to_tile, Bytes bytes) {
    const program::RouteId route = builder_.route(source, {sink});
    const Bytes most = std::min({array_.memtile.dma.max_length, array_.shim.dma.max_length, area.size}) / 4 * 4;
    TaskSpan span{source, builder_.tasks(source), 0};
    for (Bytes done = 0; done < bytes;) {
      const Bytes length = std::min(most, bytes - done);
      const std::int64_t at = area.base + done % (area.size / most * most);
      const program::Transfer here = move(tile, at, length, route, layer_),
                              there = move(tile, ddr_, length, route, layer_);
      builder_.transfer(source, to_tile ? there : here, done == 0 ? done_ : std::vector<program::Wait>{});
      builder_.transfer(sink, to_tile ? here : there);
      done += length;
      ddr_ += length;
    }
    span.last = builder_.tasks(source);
    return span;
  }

  LaneTasks from_ddr(Bytes bytes, int channel, std::vector<program::Wait>& loaded) {
    LaneTasks lane;
    for (int c = 0; bytes > 0 && c < array_.cols; ++c) {
      const program::EngineId source = map_.shim_channel(c, program::EngineKind::mm2s, channel);
      const program::EngineId sink = mem(c, program::EngineKind::s2mm, channel);
      lane.push_back(stream(source, sink, mem_tile(c), channel == 0 ? input_ : weights_, true, bytes));
      loaded.push_back({sink, builder_.tasks(sink)});
    }
    return lane;
  }

  LaneTasks to_ddr(Bytes bytes) {
    LaneTasks lane;
    std::vector<program::Wait> written;
    for (int c = 0; bytes > 0 && c < array_.cols; ++c) {
      const program::EngineId source = mem(c, program::EngineKind::mm2s, array_.memtile.dma.mm2s - 1);
      const program::EngineId sink = map_.shim_channel(c, program::EngineKind::s2mm, 0);
      lane.push_back(stream(source, sink, mem_tile(c), output_, false, bytes));
      written.push_back({sink, builder_.tasks(sink)});
    }
    if (!written.empty()) done_ = written;
    return lane;
  }

  PassTasks pass(const PassWork& p) {
    PassTasks tasks;
    tasks.added = p.added;
    if (p.weights > 0) tasks.loadwm = weights(p.weights);
    const std::vector<program::Wait> start = done_;
    std::vector<program::Wait> all;
    for (const auto stage : {&Emitter::loadfm, &Emitter::comp, &Emitter::writefm}) {
      const std::vector<program::Wait> through = (this->*stage)(p, tasks, p.overlapped ? start : done_);
      all.insert(all.end(), through.begin(), through.end());
      if (!p.overlapped && !through.empty()) done_ = through;
    }
    if (p.overlapped && !all.empty()) done_ = all;
    return tasks;
  }

  // Row r's weights come from the memory tile of column r mod columns.
  LaneTasks weights(Bytes bytes) {
    LaneTasks lane;
    std::vector<program::Wait> arrived;
    for (int r = 0; r < array_.rows; ++r) {
      const int column = r % array_.cols;
      const program::EngineId source = mem(column, program::EngineKind::mm2s, 1 + r / array_.cols);
      std::vector<program::EngineId> sinks;
      for (int c = 0; c < array_.cols; ++c) sinks.push_back(map_.tile_channel(r, c, program::EngineKind::s2mm, 1));
      const program::RouteId route = builder_.route(source, sinks);
      lane.push_back(repeat(source, move(mem_tile(column), weights_.base, bytes, route, layer_), 1, done_));
      for (int c = 0; c < array_.cols; ++c)
        builder_.transfer(sinks[c], move(map_.compute_tile(r, c), weight_buffer, bytes, route, layer_));
      for (const program::EngineId far : {sinks.front(), sinks.back()}) arrived.push_back({far, builder_.tasks(far)});
    }
    done_ = arrived;
    return lane;
  }

  std::vector<program::Wait> loadfm(const PassWork& p, PassTasks& tasks, const std::vector<program::Wait>& start) {
    std::vector<program::Wait> arrived;
    if (p.input == 0) return arrived;
    for (int c = 0; c < array_.cols; ++c) {
      const program::EngineId source = mem(c, program::EngineKind::mm2s, 0);
      std::vector<program::EngineId> sinks;
      for (int r = 0; r < array_.rows; ++r) sinks.push_back(map_.tile_channel(r, c, program::EngineKind::s2mm, 0));
      const program::RouteId route = builder_.route(source, sinks);
      tasks.loadfm.push_back(
          repeat(source, move(mem_tile(c), input_.base, p.input, route, layer_), p.iterations, start));
      for (int r = 0; r < array_.rows; ++r)
        repeat(sinks[r], move(map_.compute_tile(r, c), input_buffer, p.input, route, layer_), p.iterations, {});
      for (const program::EngineId far : {sinks.front(), sinks.back()}) arrived.push_back({far, builder_.tasks(far)});
    }
    return arrived;
  }

  std::vector<program::Wait> comp(const PassWork& p, PassTasks& tasks, const std::vector<program::Wait>& start) {
    std::vector<program::Wait> computed;
    if (p.operations == 0) return computed;
    program::KernelCall call;
    call.kind = program::KernelKind::ops;
    call.layer = static_cast<std::int16_t>(layer_);
    call.operations = p.operations;
    call.in = static_cast<std::int32_t>(input_buffer);
    call.weights = static_cast<std::int32_t>(weight_buffer);
    call.result = static_cast<std::int32_t>(output_buffer);
    for (int r = 0; r < array_.rows; ++r)
      for (int c = 0; c < array_.cols; ++c) {
        const program::EngineId core = map_.core(r, c);
        TaskSpan span{core, builder_.tasks(core), 0};
        builder_.call(core, call, start);
        if (p.iterations > 1) builder_.call(core, call);
        if (p.iterations > 2) builder_.repeat_last(core, 1, p.iterations - 1);
        span.last = builder_.tasks(core);
        tasks.comp.push_back(span);
        computed.push_back({core, span.last});
      }
    return computed;
  }

  // A column's output, in equal shares of its cores as far as words go. Cores that share an inbound channel take turns.
  std::vector<program::Wait> writefm(const PassWork& p, PassTasks& tasks, const std::vector<program::Wait>& start) {
    std::vector<program::Wait> written;
    if (p.output == 0) return written;
    const Bytes words = ceil_div(p.output, 4);
    for (int c = 0; c < array_.cols; ++c)
      for (int ch = 0; ch < writeback_; ++ch) {
        const program::EngineId sink = mem(c, program::EngineKind::s2mm, first_writeback() + ch);
        TaskSpan span{sink, builder_.tasks(sink), 0};
        int senders = 0;
        for (int r = ch; r < array_.rows; r += writeback_) {
          const Bytes share = (words * (r + 1) / array_.rows - words * r / array_.rows) * 4;
          if (share == 0) continue;
          const program::EngineId source = map_.tile_channel(r, c, program::EngineKind::mm2s, 0);
          const program::RouteId route = builder_.route(source, {sink});
          repeat(source, move(map_.compute_tile(r, c), output_buffer, share, route, layer_), p.iterations, start);
          builder_.transfer(sink, move(mem_tile(c), output_.base + ch * output_share, share, route, layer_));
          ++senders;
        }
        if (senders == 0) continue;
        if (p.iterations > 1) builder_.repeat_last(sink, senders, p.iterations);
        span.last = builder_.tasks(sink);
        tasks.writefm.push_back(span);
        written.push_back({sink, span.last});
      }
    return written;
  }

  // Channels 0 and 1 take LOAD and LOADW; write-back uses what is left unless it needs them all.
  int first_writeback() const { return writeback_ + 2 <= array_.memtile.dma.s2mm ? 2 : 0; }

  const arch::ArraySpec& array_;
  program::ProgramBuilder builder_;
  const program::EngineMap& map_;
  int writeback_;
  Area input_, weights_, output_;
  int layer_ = 0;
  Bytes ddr_ = 0;
  std::vector<program::Wait> done_;  // what the next stage has to wait for
};

}  // namespace

Expected<ReplayProgram> make_replay_program(const std::vector<LayerWork>& work, const arch::ArraySpec& array,
                                            int writeback_channels) {
  const int weight_channels = static_cast<int>(ceil_div(array.rows, array.cols));
  if (weight_channels + 2 > array.memtile.dma.mm2s)
    return fail(ExitCode::does_not_fit, {"", "array",
                                         fmt::format("{} rows on {} columns need {} weight channels per memory tile",
                                                     array.rows, array.cols, weight_channels),
                                         fmt::format("at most {}: one channel each stays for activations and for DDR",
                                                     array.memtile.dma.mm2s - 2)});
  writeback_channels = std::min(writeback_channels, std::min(array.memtile.dma.s2mm, array.rows));
  Emitter emitter(array, writeback_channels);
  ReplayProgram out;
  for (const LayerWork& layer : work) out.layers.push_back(emitter.layer(layer));
  out.program = emitter.finish();
  return out;
}

}  // namespace tessera::replay
