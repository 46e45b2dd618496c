#include "sim/replay/replay.h"

#include <algorithm>

#include "sim/exec/backend.h"
#include "sim/replay/published_program.h"
#include "sim/replay/replay_program.h"
#include "sim/replay/task_log.h"

namespace tessera::replay {

const char* accounting_label(ReplayAccounting a) { return a == ReplayAccounting::published ? "published" : "physical"; }

namespace {

program::ProgramLayer program_layer(const TraceLayer& l) {
  program::ProgramLayer out;
  out.layer.id = l.id;
  out.layer.name = l.name;
  out.layer.op = l.op;
  out.layer.in = l.input;
  out.layer.out = l.output;
  out.layer.window.kh = l.core_weights.kh;
  out.layer.window.kw = l.core_weights.kw;
  out.mapping = "cols=width rows=channels";
  return out;
}

void measure(const ReplayProgram& program, const TaskLog& log, double clock_hz, result::ReplayResult& replay) {
  Millicycles end = 0;
  for (std::size_t i = 0; i < replay.layers.size(); ++i) {
    result::ReplayedLayer& out = replay.layers[i];
    const LayerTasks& tasks = program.layers[i];
    const auto us = [&](const LaneTasks& lane) {
      end = std::max(end, log.end(lane));
      return to_us(log.busy(lane), clock_hz);
    };
    out.load_us = us(tasks.load);
    out.loadw_us = us(tasks.loadw);
    for (const PassTasks& p : tasks.passes) {
      out.passes.push_back({us(p.loadfm), us(p.loadwm), us(p.comp), us(p.writefm), p.added});
      if (p.added && replay.added_passes) ++*replay.added_passes;
    }
    out.write_us = us(tasks.write);
    out.end_us = to_us(end, clock_hz);
  }
}

}  // namespace

Expected<result::ReplayResult> replay_trace(const ScheduleTrace& trace, const arch::ArraySpec& array,
                                            ReplayAccounting accounting) {
  const bool published = accounting == ReplayAccounting::published;
  auto program = make_replay_program(published ? published_work(trace) : physical_work(trace), array,
                                     published ? 1 : array.memtile.dma.s2mm);
  if (!program) return program.failure();
  program->program.network = trace.network;
  program->program.accounting = accounting_label(accounting);
  for (const TraceLayer& l : trace.layers) {
    auto& layers = program->program.layers;
    if (layers.size() <= static_cast<std::size_t>(l.id)) layers.resize(static_cast<std::size_t>(l.id) + 1);
    layers[static_cast<std::size_t>(l.id)] = program_layer(l);
  }

  TaskLog log(program::EngineMap(array).count());
  exec::SimOptions options;
  options.fidelity = exec::Fidelity::transaction;  // nothing here shares a resource within a transfer
  options.trace = &log;
  auto result = simulate(program->program, array, published_durations(program->program), options);
  if (!result) return result.failure();

  result::ReplayResult found;
  found.accounting = accounting_label(accounting);
  found.array = array.name;
  found.rows = array.rows;
  found.cols = array.cols;
  found.latency_us = to_us(result->total, array.clock_hz);
  if (!published) found.added_passes = 0;
  for (const TraceLayer& l : trace.layers) found.layers.push_back({l.name, 0, 0, 0, 0, {}});
  measure(*program, log, array.clock_hz, found);
  return found;
}

}  // namespace tessera::replay
