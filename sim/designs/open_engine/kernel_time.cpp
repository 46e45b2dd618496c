#include "sim/designs/open_engine/kernel_time.h"

#include <utility>

#include "sim/base/json_file.h"

namespace tessera::designs::open_engine {
namespace {

constexpr int passes_of_tile = 3 * tile_rows;

int taps_of(Window window) {
  switch (window) {
    case Window::k1:
      return 1;
    case Window::k3s1:
    case Window::k3s2:
      return 9;
    case Window::k5s1:
      return 25;
    case Window::pool:
      break;
  }
  return 0;
}

}  // namespace

Expected<KernelTimes> load_kernel_times(const std::string& file) {
  const Expected<nlohmann::json> document = read_json(file);
  if (!document) return document.failure();
  KernelTimes times;
  Failure failure;
  const std::pair<const char*, double*> fields[] = {{"double_pass_stride_1", &times.double_pass[0]},
                                                    {"double_pass_stride_2", &times.double_pass[1]},
                                                    {"single_pass_stride_1", &times.single_pass[0]},
                                                    {"single_pass_stride_2", &times.single_pass[1]},
                                                    {"tap", &times.tap},
                                                    {"partial_sums", &times.partial_sums},
                                                    {"activation", &times.activation},
                                                    {"upsample", &times.upsample},
                                                    {"residual", &times.residual},
                                                    {"pool", &times.pool},
                                                    {"called_pass", &times.called_pass},
                                                    {"idle", &times.idle},
                                                    {"dispatch_us", &times.dispatch_us},
                                                    {"patch_address_ns", &times.patch_address_ns},
                                                    {"interrupt_ns", &times.interrupt_ns}};
  for (const auto& [key, value] : fields) {
    const auto it = document->find(key);
    if (it != document->end() && it->is_object() && it->contains("value") && (*it)["value"].is_number() &&
        (*it)["value"] >= 0)
      *value = (*it)["value"].get<double>();
    else
      failure.problems.push_back({file, key, it == document->end() ? "is missing" : "is " + it->dump(),
                                  "{\"value\": cycles, \"source\": ...}"});
  }
  if (!failure.problems.empty()) return failure;
  return times;
}

arch::ArraySpec with_controller(arch::ArraySpec array, const KernelTimes& times) {
  array.controller.kind_ns[static_cast<std::size_t>(arch::ControlKind::patch_address)] = times.patch_address_ns;
  array.controller.interrupt_ns = times.interrupt_ns;
  return array;
}

double packet_cycles(const KernelTimes& times, const EngineLayer& layer, const LayerSplit& split, std::size_t k,
                     const Variant& variant, bool computes) {
  if (!computes) return times.idle;
  const Chunk& chunk = split.chunks[k];
  if (chunk.kind == PacketKind::residual) return times.residual;
  if (chunk.kind == PacketKind::pool) return times.pool;
  const std::size_t stride = layer.window == Window::k3s2 ? 1 : 0;
  const double last_pass = variant.older_kernel ? times.double_pass[stride] : times.single_pass[stride];
  const int taps = taps_of(layer.window), blocks = variant.trims ? chunk.real_blocks : read_shape(chunk.kind).fresh;
  double cycles =
      tile_rows * taps * blocks * (2 * times.double_pass[stride] + last_pass) + passes_of_tile * taps * times.tap;
  if (split.accumulates()) cycles += passes_of_tile * times.partial_sums;
  if (variant.older_kernel) cycles += passes_of_tile * times.called_pass;
  if (chunk.kind == PacketKind::up) cycles += times.upsample;
  // The activation comes before a residual is added.
  const bool emits = k + 1 == split.chunks.size() || split.chunks[k + 1].kind == PacketKind::residual;
  if (layer.activation && emits) cycles += times.activation;
  return cycles;
}

}  // namespace tessera::designs::open_engine
