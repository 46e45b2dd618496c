#include "sim/cost/latency_model.h"

#include "sim/cost/latency_model_registry.h"

namespace tessera::cost {

// One line per latency model; each latency model is a file of its own.
std::map<std::string, const LatencyModel*>& latency_model_registry() {
  static std::map<std::string, const LatencyModel*> registry = {{"peak", &peak_model({})}};
  return registry;
}

Expected<const LatencyModel*> find_latency_model(const std::string& name) {
  const auto& registry = latency_model_registry();
  const auto it = registry.find(name);
  if (it != registry.end()) return it->second;
  std::string legal = "one of";
  for (const auto& known : latency_model_names()) legal += " " + known;
  const std::string near = nearest_name(name, latency_model_names());
  if (!near.empty()) legal += "; did you mean " + near + "?";
  return fail(ExitCode::bad_input, {"", "hardware.kernels", "unknown kernel latency model \"" + name + "\"", legal});
}

std::vector<std::string> latency_model_names() {
  std::vector<std::string> names;
  for (const auto& [name, latency_model] : latency_model_registry()) names.push_back(name);
  return names;
}

const char* footing_name(Footing f) {
  static const char* const names[] = {"fitted", "extrapolated", "assumed"};
  return names[static_cast<int>(f)];
}

int peak_macs_per_cycle(const arch::CoreRates& core, network::ElementType in) {
  switch (in) {
    case network::ElementType::i8:
      return core.i8_macs;
    case network::ElementType::i16:
      return core.i16_macs;
    case network::ElementType::bf16:
      return core.bf16_macs;
    case network::ElementType::bfp16:
      return core.bfp16_macs;
    default:
      return 0;
  }
}

std::int64_t product_work(const program::KernelCall& call, const network::Layer& layer) {
  return call.first && call.last ? work(layer, call.out) : ops::work_of_part(call.out, call.in_c);
}

Millicycles clear_duration(const program::KernelCall& call, const network::Layer& layer, Bytes store_bytes) {
  return ceil_div(bytes_of(layer.out_type, call.out.elements()), store_bytes) * millicycles_per_cycle;
}

std::vector<Millicycles> kernel_durations(const program::Program& program, const LatencyModel& latency_model) {
  std::vector<Millicycles> durations;
  durations.reserve(program.calls.size());
  static const network::Layer no_layer;
  for (const program::KernelCall& call : program.calls) {
    const network::Layer& layer = call.layer >= 0 && call.layer < static_cast<int>(program.layers.size())
                                      ? program.layers[call.layer].layer
                                      : no_layer;
    durations.push_back(
        latency_model.duration(call, layer, call.chunk >= 0 ? &program.chunks[call.chunk].size : nullptr));
  }
  return durations;
}

}  // namespace tessera::cost
