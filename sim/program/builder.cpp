#include "sim/program/builder.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "sim/program/registers.h"

namespace tessera::program {

ProgramBuilder::ProgramBuilder(const arch::ArraySpec& a)
    : array_(a),
      map_(a),
      descriptors_(map_.count()),
      descriptor_base_(map_.count()),
      tasks_(map_.count()),
      routes_(map_.count()) {
  program_.array = a.name;
  program_.rows = a.rows;
  program_.cols = a.cols;
  program_.memtile_rows = a.memtile_rows;
  program_.engines.resize(map_.count());
  // Every channel owns an equal share of its tile's descriptors and uses them in turn.
  for (EngineId e = 0; e < map_.count(); ++e) {
    const auto& info = map_.info(e);
    if (!map_.is_channel(e)) continue;
    const arch::DmaSpec& dma = info.tile_kind == TileKind::compute  ? a.tile.dma
                               : info.tile_kind == TileKind::memory ? a.memtile.dma
                                                                    : a.shim.dma;
    const int share = std::max(1, dma.descriptors / (dma.s2mm + dma.mm2s));
    descriptors_[e] = share;
    descriptor_base_[e] = share * (info.kind == EngineKind::s2mm ? info.channel : dma.s2mm + info.channel);
  }
}

RouteId ProgramBuilder::route(EngineId source, std::vector<EngineId> sinks) {
  std::sort(sinks.begin(), sinks.end());
  std::vector<RouteId>& known = routes_[source];
  for (RouteId id : known)
    if (program_.routes[id].sinks == sinks) return id;
  known.push_back(static_cast<RouteId>(program_.routes.size()));
  program_.routes.push_back({source, std::move(sinks)});
  return known.back();
}

void ProgramBuilder::lock(TileId tile, int lock, int value, LockRole role) {
  program_.locks.push_back({tile, static_cast<std::int16_t>(lock), static_cast<std::int16_t>(value), role});
}

std::pair<std::uint32_t, std::uint32_t> ProgramBuilder::add_waits(const std::vector<Wait>& waits) {
  const auto first = static_cast<std::uint32_t>(program_.waits.size());
  program_.waits.insert(program_.waits.end(), waits.begin(), waits.end());
  return {first, static_cast<std::uint32_t>(waits.size())};
}

int ProgramBuilder::transfer(EngineId channel, const Transfer& transfer, const std::vector<Wait>& waits) {
  EngineProgram& engine = program_.engines[channel];
  const auto number = static_cast<std::int32_t>(engine.transfers.size());
  Transfer& t = engine.transfers.emplace_back(transfer);
  std::tie(t.wait0, t.wait_count) = add_waits(waits);
  if (map_.controllers() == 0)
    t.descriptor = static_cast<std::int16_t>(descriptor_base_[channel] + number % descriptors_[channel]);
  engine.steps.push_back({number, 0, 0});
  return ++tasks_[channel];
}

int ProgramBuilder::control(ControlOp op, const std::vector<Wait>& waits) {
  const EngineId controller = map_.controller_of(map_.info(op.channel).tile);
  EngineProgram& engine = program_.engines[controller];
  std::tie(op.wait0, op.wait_count) = add_waits(waits);
  engine.steps.push_back({static_cast<std::int32_t>(engine.control.size()), 0, 0});
  engine.control.push_back(op);
  return ++tasks_[controller];
}

void ProgramBuilder::core_step(EngineId core, const CoreInstr& instr) {
  EngineProgram& engine = program_.engines[core];
  engine.steps.push_back({static_cast<std::int32_t>(engine.core.size()), 0, 0});
  engine.core.push_back(instr);
}

int ProgramBuilder::call(EngineId core, KernelCall call, const std::vector<Wait>& waits) {
  CoreInstr instr;
  instr.op = CoreOp::kernel;
  instr.layer = call.layer;
  instr.call = static_cast<std::int32_t>(program_.calls.size());
  std::tie(instr.wait0, instr.wait_count) = add_waits(waits);
  program_.calls.push_back(std::move(call));
  core_step(core, instr);
  return ++tasks_[core];
}

void ProgramBuilder::acquire(EngineId core, int lock, int value, int layer) {
  CoreInstr instr;
  instr.op = CoreOp::acquire;
  instr.lock = {static_cast<std::int16_t>(lock), static_cast<std::int16_t>(value)};
  instr.layer = static_cast<std::int16_t>(layer);
  core_step(core, instr);
}

void ProgramBuilder::release(EngineId core, int lock, int value, int layer) {
  CoreInstr instr;
  instr.op = CoreOp::release;
  instr.lock = {static_cast<std::int16_t>(lock), static_cast<std::int16_t>(value)};
  instr.layer = static_cast<std::int16_t>(layer);
  core_step(core, instr);
}

int ProgramBuilder::tasks_between(EngineId engine, std::size_t at, std::size_t end) const {
  const EngineProgram& program = program_.engines[engine];
  const bool core = map_.info(engine).kind == EngineKind::core;
  int tasks = 0;
  while (at < end) {
    const Step& step = program.steps[at++];
    if (step.index >= 0) {
      if (!core || program.core[step.index].op == CoreOp::kernel) ++tasks;
      continue;
    }
    const std::size_t body = at + static_cast<std::size_t>(step.body);
    tasks += step.repeat * tasks_between(engine, at, body);
    at = body;
  }
  return tasks;
}

// One descriptor for each set of registers, the next that no other has; a channel that needs more than there are names
// those that do not exist.
void ProgramBuilder::number_configured() {
  std::vector<std::vector<char>> taken(map_.tile_count());
  std::vector<char> pushed(map_.count());
  for (const EngineProgram& engine : program_.engines)
    for (const ControlOp& op : engine.control)
      if (op.channel >= 0) pushed[op.channel] = 1;
  for (EngineId e = 0; e < map_.first_controller(); ++e) {
    const EngineMap::Info& info = map_.info(e);
    std::vector<char>& used = taken[info.tile];
    if (!map_.is_channel(e) || !pushed[e]) continue;
    for (const Transfer& t : program_.engines[e].transfers) {
      used.resize(std::max<std::size_t>(used.size(), t.descriptor + 1));
      used[t.descriptor] = 1;
    }
  }
  for (EngineId e = 0; e < map_.first_controller(); ++e) {
    const auto waits = [](const Transfer& t) { return t.wait_count > 0; };
    auto& transfers = program_.engines[e].transfers;
    // What waits will be started by tasks.
    if (!map_.is_channel(e) || pushed[e] || std::any_of(transfers.begin(), transfers.end(), waits)) continue;
    const EngineMap::Info& info = map_.info(e);
    std::vector<char>& used = taken[info.tile];
    const DescriptorRange range = descriptors_of(info, array_);
    used.resize(std::max<std::size_t>(used.size(), range.last));
    std::map<Registers, std::int16_t> known;
    for (Transfer& t : transfers) {
      const auto [at, fresh] = known.emplace(registers_of(t, info.kind == EngineKind::mm2s), 0);
      if (fresh) {
        int next = range.first;
        while (next < range.last && used[next]) ++next;
        if (next < range.last) used[next] = 1;
        at->second = static_cast<std::int16_t>(next);
      }
      t.descriptor = at->second;
    }
  }
}

Program ProgramBuilder::finish() {
  if (map_.controllers() > 0) number_configured();
  return std::move(program_);
}

void ProgramBuilder::repeat_last(EngineId engine, int steps, int times) {
  auto& list = program_.engines[engine].steps;
  const auto first = list.end() - steps;
  tasks_[engine] += tasks_between(engine, list.size() - static_cast<std::size_t>(steps), list.size()) * (times - 1);
  list.insert(first, Step{-1, times, steps});
}

}  // namespace tessera::program
