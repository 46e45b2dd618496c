// What `run --trace FILE` writes of one density.
#pragma once
#include <string>

#include "sim/run/pipeline.h"
#include "sim/trace/perfetto_trace.h"

namespace tessera::cli {

// The density as a process of the trace, with the memory that its tensors occupy. It took `end`.
std::string density_events(const run::RunConfig& config, const run::Plan& plan, run::Density density,
                           const trace::PerfettoTrace& trace, Millicycles end);

}  // namespace tessera::cli
