#include "sim/run/program_memory.h"

#include <algorithm>

#include "sim/lower/program_memory.h"
#include "sim/program/executions.h"

namespace tessera::run {

Expected<program::Program> place_code(program::Program program, const arch::ArraySpec& array,
                                      const cost::LatencyModel& latency_model) {
  const auto code = [&](const program::KernelCall& call, const network::Layer& layer) {
    return latency_model.code(call, layer);
  };
  return lower::place_code(std::move(program), array, code);
}

std::optional<result::ProgramMemory> program_memory(const program::Program& program, const arch::ArraySpec& array) {
  if (program.code.empty()) return std::nullopt;
  result::ProgramMemory memory;
  memory.size = array.tile.program.size;
  memory.swap_us = array.tile.program.swap_cycles / array.clock_hz * 1e6;
  for (const program::CodeImage& image : program.images) {
    Bytes bytes = 0;
    for (const int code : image) bytes += program.code[static_cast<std::size_t>(code)].bytes;
    memory.code = std::max(memory.code, bytes);
  }
  for (const program::EngineProgram& engine : program.engines) {
    const std::vector<std::int64_t> times = program::executions(engine);
    std::int64_t loads = 0;
    for (std::size_t i = 0; i < engine.core.size(); ++i) {
      if (engine.core[i].op == program::CoreOp::load) loads += times[i];
      if (engine.core[i].op == program::CoreOp::kernel) memory.arguments += program::argument_bytes;
    }
    memory.swaps = std::max(memory.swaps, loads - 1);
  }
  return memory;
}

}  // namespace tessera::run
