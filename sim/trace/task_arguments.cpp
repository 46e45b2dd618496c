#include "sim/trace/task_arguments.h"

#include <fmt/format.h>

#include "sim/trace/event_writer.h"

namespace tessera::trace {
namespace {

// "h 0-7 w 0-14 c 0-64" in the tensor that the layer makes.
std::string tile_text(const program::Region& r, const ops::Lattice& lattice = {}) {
  const auto side = [](int lo, int hi, int step) {
    return step == 1 ? fmt::format("{}-{}", lo, hi)
                     : fmt::format("{}-{} every {}", lo * step, (hi - 1) * step + 1, step);
  };
  return fmt::format(R"("tile":"h {} w {} c {}-{}")", side(r.h0, r.h1, lattice.h), side(r.w0, r.w1, lattice.w), r.c0,
                     r.c1);
}

std::string joined(const std::string& a, const std::string& b) { return a.empty() || b.empty() ? a + b : a + "," + b; }

}  // namespace

Bytes bytes_of(const Task& task, const program::Program& program) {
  return program.engines[static_cast<std::size_t>(task.engine)]
      .transfers[static_cast<std::size_t>(task.index)]
      .access.memory_bytes();
}

TaskArguments::TaskArguments(const program::Program& program, const program::EngineMap& map)
    : program_(program), map_(map) {
  for (const program::ProgramLayer& placed : program.layers) {
    names_.push_back(short_name(placed.layer.name, placed.layer.id));
    quoted_names_.push_back(json_string(names_.back()));
    mappings_.push_back(placed.mapping.empty() ? "" : "\"mapping\":" + json_string(placed.mapping));
  }
}

const std::string& TaskArguments::layer_name(int id) const { return names_[static_cast<std::size_t>(id)]; }

std::string TaskArguments::layer(int id) const {
  return id < 0 ? "" : "\"layer\":" + quoted_names_[static_cast<std::size_t>(id)];
}

std::string TaskArguments::of_layer(int id) const {
  const network::Layer& layer = program_.layers[static_cast<std::size_t>(id)].layer;
  const std::string whole = layer.name == layer_name(id) ? "" : "\"whole name\":" + json_string(layer.name);
  const std::string operation = fmt::format(R"("operator":"{}")", layer.is_gemm ? "gemm" : op_name(layer.op));
  return joined(joined(operation, mappings_[static_cast<std::size_t>(id)]), whole);
}

std::string TaskArguments::of_call(const program::KernelCall& call) const {
  const std::string tile = program_.tensors ? tile_text(call.out) : "";
  const std::string mapping = call.layer < 0 ? "" : mappings_[static_cast<std::size_t>(call.layer)];
  const std::string weights =
      call.chunk < 0
          ? ""
          : fmt::format(R"("weight bytes":{})", program_.chunks[static_cast<std::size_t>(call.chunk)].size.total());
  return joined(joined(tile, mapping), weights);
}

std::string TaskArguments::of_transfer(const program::Transfer& t) const {
  std::string moved = fmt::format(R"("bytes":{})", t.access.memory_bytes());
  if (t.payload == program::Payload::activations || t.payload == program::Payload::result) {
    if (t.tensor >= 0 && t.tensor != t.layer)
      moved = joined(moved, "\"tensor\":" + quoted_names_[static_cast<std::size_t>(t.tensor)]);
    moved = joined(moved, tile_text(t.region, t.lattice));
  }
  return moved;
}

std::string TaskArguments::of_operation(const program::ControlOp& op) const {
  if (op.kind == program::ControlKind::write_switch)
    return fmt::format(R"("switch":"{}","registers":{})", map_.tile_name(op.tile), int{op.words});
  return fmt::format(R"("channel":"{}")", map_.name(op.channel));
}

std::string TaskArguments::of(const Task& task) const {
  const program::EngineProgram& engine = program_.engines[static_cast<std::size_t>(task.engine)];
  const auto index = static_cast<std::size_t>(task.index);
  switch (map_.info(task.engine).kind) {
    case program::EngineKind::core:
      return joined(layer(task.layer), of_call(program_.calls[static_cast<std::size_t>(engine.core[index].call)]));
    case program::EngineKind::controller:
      return joined(layer(task.layer), of_operation(engine.control[index]));
    case program::EngineKind::s2mm:
    case program::EngineKind::mm2s:
      break;
  }
  return joined(layer(task.layer), of_transfer(engine.transfers[index]));
}

std::string TaskArguments::of(const Charge& charge) const { return layer(charge.layer); }

}  // namespace tessera::trace
