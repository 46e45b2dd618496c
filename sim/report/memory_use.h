// What of the memories tensors occupy over time. A tensor occupies its pieces from the first slice of the layer that
// makes it to the last slice of those that read it; a byte that two of them share (views, in-place sums) counts once.
// Buffers of weights and of tiles under way are not tensors.
#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/program/program.h"
#include "sim/trace/layer_spans.h"

namespace tessera::report {

struct MemoryUse {
  struct Memory {
    std::string name;
    Bytes capacity = 0;
    std::vector<Bytes> bytes;  // bytes[i] from times[i] to times[i + 1]
  };
  std::vector<Millicycles> times;
  std::vector<Memory> memories;  // memory tiles that hold no tensor are left out
};

// None for a program that does not say where tensors stand.
std::optional<MemoryUse> memory_use(const program::Program& program, const arch::ArraySpec& array,
                                    const std::vector<trace::LayerSpan>& spans, Millicycles end);

// {times: [cycles, ...], memories: [{name, capacity, bytes: [...]}, ...]}, or null.
nlohmann::json memory_view(const std::optional<MemoryUse>& use);

}  // namespace tessera::report
