// What of the memories tensors occupy over time. A tensor occupies its pieces from the first slice of the layer that
// makes it to the last slice of those that read it; a byte that two of them share (views, in-place sums) counts once.
// Buffers of weights and of tiles under way are not tensors.
#pragma once
#include <nlohmann/json.hpp>

#include "sim/program/program.h"
#include "sim/report/timeline.h"

namespace tessera::report {

// {times: [cycles, ...], memories: [{name, capacity, bytes: [...]}, ...]}: bytes[i] from times[i] to times[i + 1].
// Memory tiles that hold no tensor are left out. Null for a program that does not say where tensors stand.
nlohmann::json memory_use(const program::Program& program, const arch::ArraySpec& array,
                          const std::vector<LayerSpan>& spans, Millicycles end);

}  // namespace tessera::report
