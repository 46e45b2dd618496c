#include "sim/validation/run_program.h"

#include <algorithm>
#include <map>

namespace tessera::validation {
namespace {

class KernelSpans : public trace::TraceSink {
 public:
  explicit KernelSpans(const program::EngineMap& map) : map_(map) {}
  void task(const trace::Task& task) override {
    if (map_.info(task.engine).kind != program::EngineKind::core || task.what == clearing_) return;
    const auto it = spans_.emplace(task.engine, std::pair{task.begin, task.end}).first;
    it->second = {std::min(it->second.first, task.begin), std::max(it->second.second, task.end)};
  }
  Millicycles longest() const {
    Millicycles most = 0;
    for (const auto& [engine, span] : spans_) most = std::max(most, span.second - span.first);
    return most;
  }

 private:
  const program::EngineMap& map_;
  const std::string clearing_ = kernel_name(program::KernelKind::clear);  // instruments watch the kernel proper
  std::map<int, std::pair<Millicycles, Millicycles>> spans_;
};

Millicycles time(const exec::CauseTimes& t, exec::Cause c) { return t[static_cast<std::size_t>(c)]; }

// What would have to be faster for the busiest core to end sooner: its kernels, unless it waited for more than a tenth
// of the time; then what it waited for most, and for data whether host memory or streams were slow.
std::string bound_of(const exec::SimResult& r, const program::EngineMap& map) {
  const exec::CauseTimes* core = nullptr;
  Millicycles shim_busy = 0;
  for (program::EngineId e = 0; e < map.count(); ++e) {
    const exec::CauseTimes& t = r.engines[static_cast<std::size_t>(e)];
    if (map.info(e).kind == program::EngineKind::core &&
        (core == nullptr || time(t, exec::Cause::busy) > time(*core, exec::Cause::busy)))
      core = &t;
    if (map.info(e).tile_kind == program::TileKind::shim && map.info(e).kind != program::EngineKind::controller)
      shim_busy = std::max(shim_busy, r.total - time(t, exec::Cause::idle) - time(t, exec::Cause::wait_token) -
                                          time(t, exec::Cause::wait_control));
  }
  if (core == nullptr || time(*core, exec::Cause::busy) == 0) return "stream";
  const Millicycles input = time(*core, exec::Cause::wait_input) + time(*core, exec::Cause::wait_weights) +
                            time(*core, exec::Cause::wait_operand);
  const Millicycles output = time(*core, exec::Cause::wait_output);
  if (10 * (input + output) <= r.total) return "compute";
  if (output > input) return "output";
  return 10 * shim_busy >= 9 * r.total ? "ddr" : "input stream";
}

}  // namespace

Expected<ProgramRun> run_program(const program::Program& program, const arch::ArraySpec& array,
                                 const std::vector<Millicycles>& durations) {
  const program::EngineMap map(array);
  KernelSpans spans(map);
  exec::SimOptions options;
  options.fidelity = exec::Fidelity::transaction;
  options.trace = &spans;
  auto result = simulate(program, array, durations, options);
  if (!result) return result.failure();
  return ProgramRun{result->total, spans.longest(), bound_of(*result, map)};
}

}  // namespace tessera::validation
