#include "sim/cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "sim/cli/output.h"
#include "sim/cli/sparsity_report.h"
#include "sim/result/metric.h"

namespace tessera::cli {
namespace {
using result::DensityResult;
using result::LayerResult;
using result::RunResult;

// Whether silicon was asked, and in what the run differs from the file that it was asked about.
std::string calibration(const result::HardwareResult& hardware) {
  if (!hardware.calibration.empty()) return "hardware calibrated on silicon (" + hardware.calibration + ")";
  if (!hardware.changed_from) return "hardware not calibrated";
  const result::ChangedFrom& from = *hardware.changed_from;
  const std::size_t count = from.keys.size();
  constexpr std::size_t most = 4;
  std::string keys;
  for (std::size_t i = 0; i < std::min(count, most); ++i) keys += (i > 0 ? ", " : "") + from.keys[i];
  if (count > most) keys += fmt::format(" and {} others", count - most);
  const std::string silicon = from.calibration ? ", which silicon was compared with (" + *from.calibration + ")" : "";
  return fmt::format("hardware not calibrated: {} differ{} from {}{}", keys, count == 1 ? "s" : "", from.name, silicon);
}

// What the kernel times rest on; of two densities, the one with more that was not measured.
std::string kernels(const RunResult& run) {
  if (run.hardware.kernels == "peak") return "ideal kernels, every multiply-accumulate at the peak of the cores";
  const DensityResult* least = nullptr;
  for (const auto& [name, density] : densities(run)) {
    if (!density->footing) continue;
    if (least == nullptr || density->footing->fitted < least->footing->fitted) least = density;
  }
  if (least == nullptr) return "kernels of " + run.hardware.kernels;
  const double fitted = least->footing->fitted * 100, extrapolated = least->footing->extrapolated * 100,
               assumed = least->footing->assumed * 100;
  if (extrapolated + assumed == 0) return "kernels fitted to measured ones";
  std::string text = fmt::format("kernel time: {:.3g} % at shapes that were measured", fitted);
  if (extrapolated > 0) text += fmt::format(", {:.3g} % extrapolated", extrapolated);
  if (assumed > 0) text += fmt::format(", {:.3g} % not measured", assumed);
  if (least->extrapolated) text += "\nextrapolated: " + *least->extrapolated;
  return text;
}

// What controllers have to do, or would have to where transfers are started for free.
std::string control_rows(const RunResult& run) {
  using Work = result::ControlWork;
  struct Row {
    const char* label;
    std::optional<std::int64_t> Work::*operations;
    std::optional<double> Work::*bound_us;
  };
  static const Row lines[] = {{"controllers", &Work::operations, &Work::bound_us},
                              {"one serial controller", &Work::serial_operations, &Work::serial_bound_us}};
  std::string text;
  for (const Row& line : lines) {
    bool any = false;
    const auto cell = [&](const std::optional<DensityResult>& density) -> std::string {
      if (!density || !density->control || !((*density->control).*line.operations)) return "-";
      any = true;
      return fmt::format("{} ops, {}", with_commas(*((*density->control).*line.operations)),
                         show_time(((*density->control).*line.bound_us).value_or(0)));
    };
    const std::string dense = cell(run.dense), sparse = cell(run.sparse);
    if (any) text += fmt::format("  {:<24}{:>26}{:>26}\n", line.label, dense, sparse);
  }
  return text;
}

// Who starts the transfers, which the latency takes as free where nobody does.
std::string control_note(const RunResult& run) {
  if (run.hardware.control != "none") return "Busy at least, without waiting:\n" + control_rows(run);
  std::string times;
  for (const auto& [name, density] : densities(run)) {
    if (!density->control || !density->control->serial_us) continue;
    times += fmt::format("{}{} {}", times.empty() ? "" : ", ", show_time(*density->control->serial_us), name);
  }
  const std::string rows = control_rows(run);
  if (times.empty() && rows.empty()) return "";
  std::string text = "Transfers are started for free here; silicon would need a controller.";
  if (!times.empty())
    text += fmt::format(
        " One serial controller at {:.4g} ns per\noperation would take at least {}, each descriptor written once.",
        run.hardware.operation_ns.value_or(0), times);
  return text + "\n" + (rows.empty() ? "" : "Busy at least, were this schedule given to:\n" + rows);
}

// Layers that are computed with their zero blocks.
std::string zeros_note(const RunResult& run) {
  if (!run.sparse) return "";
  const auto& layers = run.sparse->layers;
  const auto kept = std::count_if(layers.begin(), layers.end(),
                                  [](const result::LayerResult& l) { return l.zeros_kept.value_or(false); });
  if (kept == 0) return "";
  return fmt::format("{} layer{} zero blocks, which are moved and computed like others\n", kept,
                     kept == 1 ? " keeps its" : "s keep their");
}

// What the host does to the input before.
std::string input_note(const RunResult& run) {
  std::string text;
  for (const result::LayerResult& layer : (run.dense ? run.dense : run.sparse)->layers)
    if (layer.input_columns)
      text += fmt::format("input laid out by the host for {}: {} columns side by side as one pixel\n", layer.name,
                          *layer.input_columns);
  return text;
}

// How much of the program memory of a core the kernels fill, in the fuller density.
std::string code_note(const RunResult& run) {
  const result::ProgramMemory* most = nullptr;
  for (const auto& [name, density] : densities(run)) {
    const auto& memory = density->program_memory;
    if (memory && (most == nullptr || std::pair(memory->swaps, memory->code) > std::pair(most->swaps, most->code)))
      most = &*memory;
  }
  if (most == nullptr) return "";
  const auto loads = [](const std::optional<DensityResult>& density) {
    return density && density->program_memory ? std::optional(density->program_memory->swaps) : std::nullopt;
  };
  const auto dense = loads(run.dense), sparse = loads(run.sparse);
  const std::string apart =
      dense && sparse && *dense != *sparse
          ? fmt::format("; {} times dense and {} sparse, which is part of the speed-up and not of the zeros", *dense,
                        *sparse)
          : "";
  const std::string swaps =
      most->swaps == 0 ? "loaded once, with the design"
      : most->swaps == 1
          ? fmt::format("other code is loaded once while it runs, for {:.0f} us", most->swap_us)
          : fmt::format("other code is loaded {} times while it runs, for {:.0f} us each", most->swaps, most->swap_us);
  return fmt::format("program memory of a core: {} of {} B, {}{}\n", with_commas(most->code), with_commas(most->size),
                     swaps, apart);
}

// Where streams have no links for themselves all the time, in the density with more of that.
std::string routing_note(const RunResult& run) {
  const result::Routing* most = nullptr;
  for (const auto& [name, density] : densities(run)) {
    const auto& r = density->routing;
    const auto rank = [](const result::Routing& of) { return std::tuple(of.overfull_sets, of.shared_links, of.sets); };
    if (r && (most == nullptr || rank(*r) > rank(*most))) most = &*r;
  }
  if (most == nullptr || (most->shared_links == 0 && most->sets == 1 && most->overfull_sets == 0)) return "";
  std::string text = "stream switches: ";
  if (most->shared_links > 0)
    text += fmt::format("up to {} of {} links are shared by streams", most->shared_links, most->links);
  if (most->sets > 1)
    text +=
        fmt::format("{}written {} times between layers, {} registers in {} blocks", most->shared_links > 0 ? "; " : "",
                    most->sets - 1, with_commas(most->port_writes), with_commas(most->write_blocks));
  text += "\n";
  if (most->overfull_sets > 0)
    text += fmt::format("no way through the switches was found for {} of {} sets of routes ({})\n", most->overfull_sets,
                        most->sets, most->overfull.value_or(""));
  if (most->impossible_sets > 0)
    text += fmt::format("cannot be built, whichever way streams take: {} of these sets ({})\n", most->impossible_sets,
                        most->impossible.value_or(""));
  return text;
}

// Of an external program: its hash, and the zero blocks that its masks have.
std::string program_lines(const result::ProgramFile& program) {
  const std::string share =
      program.masked_blocks == 0 ? "zero blocks: not known, the program has no masks"
      : program.zero_blocks == 0
          ? "no block is zero by the masks of the program"
          : fmt::format("{:.4g} % of all 8x8 blocks are zero by the masks of the program",
                        100.0 * static_cast<double>(program.zero_blocks) / static_cast<double>(program.masked_blocks));
  return fmt::format("hash of the program: {}\n{}\n", program.hash, share);
}

// What the energy rests on.
std::string energy_note(const RunResult& run) {
  return run.hardware.energy_calibration
             ? "Energy is " + *run.hardware.energy_calibration + ": counts times the table of the hardware file.\n"
             : "";
}

std::string heading(const RunResult& run) {
  const result::HardwareResult& hardware = run.hardware;
  const std::string made_by = run.program ? "program of " + run.program->file : "policy " + run.policy.value_or("");
  const std::string masks = run.program ? program_lines(*run.program) : sparsity_report(*run.sparsity);
  const std::string batch = run.batch ? fmt::format("batch of {} images\n", *run.batch) : "";
  return fmt::format(
      "{} on {} {}x{}, {:.4g} GHz, kernels {}, {}, {} accounting, fidelity {}\n{}"
      "{}\n{}\n"
      "{}{}",
      run.network, hardware.name, hardware.rows, hardware.cols, hardware.clock_hz / 1e9, hardware.kernels, made_by,
      run.accounting, run.fidelity, batch, calibration(hardware), kernels(run),
      hardware.control == "none" ? "" : "control mechanism: " + hardware.control + "\n",
      input_note(run) + code_note(run) + routing_note(run) + masks + zeros_note(run));
}

// The largest cause of lost core time of a layer.
std::string waits_for(const LayerResult& layer) {
  std::string most = "-";
  Millicycles longest = 0;
  for (const exec::Cause cause : exec::causes_by_name()) {
    const Millicycles time = layer.time[static_cast<std::size_t>(cause)];
    if (cause == exec::Cause::busy || cause == exec::Cause::idle || time <= longest) continue;
    longest = time;
    most = cause_name(cause);
  }
  return most;
}

std::string slowest_layers(const char* name, const DensityResult& density, std::size_t count) {
  std::vector<const LayerResult*> layers;
  for (const LayerResult& layer : density.layers) {
    if (!layer.fused()) layers.push_back(&layer);
  }
  const auto longer = [](const LayerResult* a, const LayerResult* b) { return a->span_us() > b->span_us(); };
  std::stable_sort(layers.begin(), layers.end(), longer);
  if (layers.size() > count) layers.resize(count);
  std::string text = fmt::format("\nslowest layers, {} (of {})\n  {:<24}{:>11}{:>11}  {:<9}{:<15}{}\n", name,
                                 density.layers.size(), "layer", "time", "alone >=", "by", "cores lose to", "mapping");
  for (const LayerResult* layer : layers) {
    text += fmt::format("  {:<24}{:>11}{:>11}  {:<9}{:<15}{}\n", layer->name, show_time(layer->span_us()),
                        layer->bounds ? show_time(layer->bounds->alone_us) : "-",
                        layer->bounds ? layer->bounds->alone_by : "-", waits_for(*layer), layer->mapping);
  }
  return text;
}

// Lines of the tables of metrics that have a label, the speed-ups behind the times that they compare.
std::string numbers(const RunResult& run) {
  std::string text = fmt::format("\n  {:<26}{:>14}{:>14}\n", "", "dense", "sparse");
  for (const auto& m : result::density_metrics()) {
    if (m.label.empty()) continue;
    const auto cell = [&](const std::optional<DensityResult>& density) {
      return density ? shown(m.access.get(*density), m.unit) : "-";
    };
    const auto known = [&](const auto& density) { return density && has_value(m.access.get(*density)); };
    if (known(run.dense) || known(run.sparse))
      text += fmt::format("  {:<26}{:>14}{:>14}\n", m.label, cell(run.dense), cell(run.sparse));
    if (m.name != "total_us") continue;
    for (const auto& both : result::run_metrics())
      if (!both.label.empty() && has_value(both.access.get(run)))
        text += fmt::format("  {:<26}{:>28}\n", both.label, shown(both.access.get(run), both.unit));
  }
  return text;
}
}  // namespace

std::string run_report(const RunResult& run) {
  std::string text = heading(run) + numbers(run) + energy_note(run) + control_note(run);
  for (const auto& [name, density] : densities(run)) text += slowest_layers(name, *density, 5);
  return text;
}

}  // namespace tessera::cli
