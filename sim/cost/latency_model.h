// Cycles of one kernel call. A latency model is chosen by name in the hardware file; each latency model is one file
// that registers itself.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/array_spec.h"
#include "sim/base/error.h"
#include "sim/program/program.h"

namespace tessera::cost {

// What the duration of a call rests on.
enum class Footing {
  fitted,        // measured kernels, at a shape between theirs
  extrapolated,  // measured kernels of other shapes
  assumed,       // documents, object code, definitions: no kernel was measured
};
const char* footing_name(Footing f);  // "fitted", "extrapolated", "assumed"
struct Grounds {
  Footing footing = Footing::assumed;
  std::string shape, fitted_to;  // of an extrapolated call: its own shape, and the shapes that were measured
};

class LatencyModel {
 public:
  virtual ~LatencyModel() = default;
  // `layer` is the call's layer; `size` the chunk of a conv (null otherwise).
  virtual Millicycles duration(const program::KernelCall& call, const network::Layer& layer,
                               const sparsity::ChunkSize* size) const = 0;
  // Whether `duration` knows such calls of the layer; asked before anything is scheduled.
  virtual bool covers(program::KernelKind kind, const network::Layer& layer) const = 0;
  // The code that such a call runs, whatever its arguments; nothing where its size is not stated.
  virtual std::optional<program::KernelCode> code(const program::KernelCall& call, const network::Layer& layer) const {
    (void)call, (void)layer;
    return std::nullopt;
  }
  // What it covers, for messages.
  virtual std::string coverage() const = 0;
  virtual Grounds grounds(const program::KernelCall& call, const network::Layer& layer) const = 0;
  // Differs between latency models that charge differently; enters the content hash of a run.
  virtual std::string fingerprint() const = 0;
};

Expected<const LatencyModel*> find_latency_model(const std::string& name);
std::vector<std::string> latency_model_names();

// The latency model `peak`: a core at the rates of the hardware file, no prologue, no epilogue.
const LatencyModel& peak_model(const arch::CoreRates& core);

// Multiply-accumulates of a core per cycle at best, by the type of the factors; 0: no such instruction.
int peak_macs_per_cycle(const arch::CoreRates& core, network::ElementType in);

// Multiply-accumulates of a product of two activations, or of a part of its sums.
std::int64_t product_work(const program::KernelCall& call, const network::Layer& layer);

// Clearing a tile of C, one store per cycle.
Millicycles clear_duration(const program::KernelCall& call, const network::Layer& layer, Bytes store_bytes);

// Duration of every call of a program, indexed like Program::calls.
std::vector<Millicycles> kernel_durations(const program::Program& program, const LatencyModel& latency_model);

}  // namespace tessera::cost
