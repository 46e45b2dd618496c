#include "sim/cost/kernel_law.h"

#include "sim/cost/kernel_law_registry.h"

namespace tessera::cost {

// One line per law; each law is a file of its own.
std::map<std::string, const KernelLaw*>& kernel_law_registry() {
  static std::map<std::string, const KernelLaw*> registry = {{"peak", &peak_law({})}};
  return registry;
}

Expected<const KernelLaw*> find_kernel_law(const std::string& name) {
  const auto& registry = kernel_law_registry();
  const auto it = registry.find(name);
  if (it != registry.end()) return it->second;
  std::string legal = "one of";
  for (const auto& known : kernel_law_names()) legal += " " + known;
  const std::string near = nearest_name(name, kernel_law_names());
  if (!near.empty()) legal += "; did you mean " + near + "?";
  return fail(ExitCode::bad_input, {"", "hardware.kernels", "unknown kernel law \"" + name + "\"", legal});
}

std::vector<std::string> kernel_law_names() {
  std::vector<std::string> names;
  for (const auto& [name, law] : kernel_law_registry()) names.push_back(name);
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

Millicycles clear_duration(const program::KernelCall& call, const network::Layer& layer, Bytes store_bytes) {
  return ceil_div(bytes_of(layer.out_type, call.out.elements()), store_bytes) * millicycles_per_cycle;
}

std::vector<Millicycles> kernel_durations(const program::Program& program, const KernelLaw& law) {
  std::vector<Millicycles> durations;
  durations.reserve(program.calls.size());
  static const network::Layer no_layer;
  for (const program::KernelCall& call : program.calls) {
    const network::Layer& layer = call.layer >= 0 && call.layer < static_cast<int>(program.layers.size())
                                      ? program.layers[call.layer].layer
                                      : no_layer;
    durations.push_back(law.duration(call, layer, call.chunk >= 0 ? &program.chunks[call.chunk].size : nullptr));
  }
  return durations;
}

}  // namespace tessera::cost
