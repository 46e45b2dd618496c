// The SystemC implementation of sim/exec/backend.h.
#include "sim/exec/backend.h"

#include <cstdlib>
#include <memory>
#include <systemc>

#include "models/array.h"
#include "models/deadlock_detector.h"
#include "models/functional/functional_plane.h"
#include "models/load_check.h"
#include "models/sim_time.h"

// Debian's libsystemc carries a main that wants this; ours is never entered through it.
int sc_main(int, char**) { return 0; }

namespace tessera::models {

namespace {

Expected<exec::SimResult> run_array(RunState& run) {
  Array array("array", run);
  const DeadlockDetector deadlock_detector("deadlock_detector", run, array);
  sc_core::sc_start();
  const Millicycles total = now();
  if (auto failure = deadlock_detector.verdict()) return std::move(*failure);
  for (Engine* e : array.engines()) e->close(total);
  run.result.total = total;
  return std::move(run.result);
}

}  // namespace
}  // namespace tessera::models

namespace tessera::exec {

Expected<SimResult> simulate(const program::Program& program, const arch::ArraySpec& array,
                             const std::vector<Millicycles>& durations, const SimOptions& options,
                             const DdrImage& image) {
  if (auto failure = models::load_check(program, array, durations)) return std::move(*failure);
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  models::RunState run(program, array, durations, options);
  std::unique_ptr<models::FunctionalPlane> data;
  if (options.functional) data = std::make_unique<models::FunctionalPlane>(program, array, run.map, image);
  run.data = data.get();
  try {
    auto result = models::run_array(run);
    if (result && data != nullptr) data->deliver(options, *result);
    return result;
  } catch (const sc_core::sc_report& report) {
    return fail(ExitCode::internal,
                {"", report.get_process_name() == nullptr ? "array" : report.get_process_name(), report.what(), ""});
  }
}

}  // namespace tessera::exec
