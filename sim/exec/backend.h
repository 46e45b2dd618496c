// What executes a program: the SystemC array of models/ implements this. Everything a backend may know is here.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"
#include "sim/trace/trace_sink.h"

namespace tessera::exec {

enum class Fidelity { burst, transaction };

// Why an engine was not working. `busy` is work; the causes are exclusive and sum to the total time exactly.
enum class Cause : std::uint8_t {
  busy,
  wait_input,
  wait_weights,
  wait_operand,
  wait_output,
  wait_staging,
  wait_token,
  wait_control,
  wait_stream,
  bank_conflict,
  overhead,
  idle,
  count
};
constexpr int cause_count = static_cast<int>(Cause::count);
const char* cause_name(Cause c);
std::vector<Cause> causes_by_name();  // of two that take equally long, the first of these is named

using CauseTimes = std::array<Millicycles, cause_count>;

struct LayerTimes {
  Millicycles start = -1, end = -1;  // first activation transfer or kernel call to the last task of the layer
  CauseTimes cores{};                // summed over all cores, while each was at this layer
  Bytes ddr_read = 0, ddr_write = 0;
};

struct MemoryTraffic {
  Bytes ddr_read = 0, ddr_write = 0, memtile_read = 0, memtile_write = 0, core_read = 0, core_write = 0;  // by DMA
};

struct FunctionalError {
  std::string text;  // layer, address, both parties
};

// One tensor as it arrived at its placement during the run.
struct CapturedTensor {
  int tensor = -1;
  std::vector<std::int8_t> values;   // [h][w][stored c]
  std::vector<std::uint8_t> writes;  // times each element was written
  std::vector<std::int32_t> writer;  // per element: engine that wrote it
};

struct SimOptions {
  Fidelity fidelity = Fidelity::burst;
  bool functional = false;
  trace::TraceSink* trace = nullptr;
  std::int64_t host_address = 0;  // functional only: what SimResult::host shows of DDR at the end
  Bytes host_bytes = 0;
};

// Initial bytes of DDR for a functional run: (address, bytes) pairs.
struct DdrImage {
  std::vector<std::pair<std::int64_t, std::vector<std::uint8_t>>> parts;
};

struct SimResult {
  Millicycles total = 0;
  std::vector<LayerTimes> layers;   // by LayerId
  std::vector<CauseTimes> engines;  // by EngineId; each sums to `total`
  MemoryTraffic traffic;
  std::uint64_t events = 0;
  std::vector<CapturedTensor> captured;  // functional only
  std::vector<FunctionalError> errors;   // functional only; empty is right
  std::vector<std::uint8_t> host;        // functional only: the bytes of SimOptions::host_address
};

// Runs `program` on `array`. `durations` is indexed like program.calls. A deadlock is a Failure with
// ExitCode::deadlock whose problems list the cycle of waits. May be called once per process with SystemC.
Expected<SimResult> simulate(const program::Program& program, const arch::ArraySpec& array,
                             const std::vector<Millicycles>& durations, const SimOptions& options,
                             const DdrImage& image = {});

}  // namespace tessera::exec
