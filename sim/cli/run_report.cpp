#include "sim/cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "sim/cli/output.h"
#include "sim/cli/sparsity_report.h"

namespace tessera::cli {
namespace {
using nlohmann::json;
using Show = std::function<std::string(const json&)>;

double span(const json& layer) { return layer["end_us"].get<double>() - layer["start_us"].get<double>(); }
std::string percent(const json& r, const char* key) {
  return r.contains(key) ? fmt::format("{:.1f} %", r[key].get<double>() * 100) : "-";
}

std::string row(const json& result, const std::string& label, const Show& show) {
  const auto cell = [&](const char* density) { return result[density].is_null() ? "-" : show(result[density]); };
  return fmt::format("  {:<26}{:>14}{:>14}\n", label, cell("dense"), cell("sparse"));
}

std::string time_of(const json& r, const char* key) { return r.contains(key) ? show_time(r[key].get<double>()) : "-"; }
std::string time_row(const json& result, const std::string& label, const char* key) {
  return row(result, label, [&](const json& r) { return time_of(r, key); });
}
std::string bytes_row(const json& result, const std::string& label, const char* key) {
  return row(result, label, [&](const json& r) { return show_bytes(r[key].get<double>()); });
}

// Whether silicon was asked, and in what the run differs from the file that it was asked about.
std::string calibration(const json& hardware) {
  const std::string where = hardware["calibration"].get<std::string>();
  if (!where.empty()) return "hardware calibrated on silicon (" + where + ")";
  if (!hardware.contains("changed_from")) return "hardware not calibrated";
  const json& from = hardware["changed_from"];
  const std::size_t count = from["keys"].size();
  constexpr std::size_t shown = 4;
  std::string keys;
  for (std::size_t i = 0; i < std::min(count, shown); ++i)
    keys += (i > 0 ? ", " : "") + from["keys"][i].get<std::string>();
  if (count > shown) keys += fmt::format(" and {} others", count - shown);
  const std::string silicon = from.contains("calibration")
                                  ? ", which silicon was compared with (" + from["calibration"].get<std::string>() + ")"
                                  : "";
  return fmt::format("hardware not calibrated: {} differ{} from {}{}", keys, count == 1 ? "s" : "",
                     from["name"].get<std::string>(), silicon);
}

// What the kernel times rest on; of two densities, the one with more that was not measured.
std::string kernels(const json& result) {
  if (result["hardware"]["kernels"] == "peak") return "ideal kernels, 256 int8 multiply-accumulates per cycle and core";
  const json* least = nullptr;
  for (const char* density : {"dense", "sparse"}) {
    const json& r = result[density];
    if (r.is_null() || !r.contains("kernel_footing")) continue;
    if (least == nullptr || r["kernel_footing"]["fitted"] < (*least)["kernel_footing"]["fitted"]) least = &r;
  }
  if (least == nullptr) return "kernels of " + result["hardware"]["kernels"].get<std::string>();
  const auto percent = [&](const char* key) { return (*least)["kernel_footing"][key].get<double>() * 100; };
  if (percent("extrapolated") + percent("assumed") == 0) return "kernels fitted to measured ones";
  std::string text = fmt::format("kernel time: {:.3g} % at shapes that were measured", percent("fitted"));
  if (percent("extrapolated") > 0) text += fmt::format(", {:.3g} % extrapolated", percent("extrapolated"));
  if (percent("assumed") > 0) text += fmt::format(", {:.3g} % not measured", percent("assumed"));
  if (least->contains("extrapolated")) text += "\nextrapolated: " + (*least)["extrapolated"].get<std::string>();
  return text;
}

// Who starts the transfers, which the latency takes as free.
std::string control_note(const json& result) {
  std::string times;
  for (const char* density : {"dense", "sparse"}) {
    const json& r = result[density];
    if (r.is_null() || !r.contains("control") || !r["control"].contains("serial_us")) continue;
    times +=
        fmt::format("{}{} {}", times.empty() ? "" : ", ", show_time(r["control"]["serial_us"].get<double>()), density);
  }
  if (times.empty()) return "";
  return fmt::format(
      "Transfers are started for free here; silicon would need a controller. One serial controller at {:.4g} ns per\n"
      "operation would take at least {}, each descriptor written once.\n",
      result["hardware"]["operation_ns"].get<double>(), times);
}

// Of a program that was brought: its hash, and the zero blocks that its masks have.
std::string program_lines(const json& program) {
  const std::string hash = fmt::format("hash of the program: {}\n", program["hash"].get<std::string>());
  if (!program.contains("masked_blocks")) return hash;  // of a result that is older than these
  const auto all = program["masked_blocks"].get<std::int64_t>(), zero = program["zero_blocks"].get<std::int64_t>();
  const std::string share = all == 0    ? "zero blocks: not known, the program has no masks"
                            : zero == 0 ? "no block is zero by the masks of the program"
                                        : fmt::format("{:.4g} % of all 8x8 blocks are zero by the masks of the program",
                                                      100.0 * static_cast<double>(zero) / static_cast<double>(all));
  return hash + share + "\n";
}

std::string heading(const json& result) {
  const json& hardware = result["hardware"];
  const bool brought = result.contains("program");
  const std::string made_by = brought ? "program of " + result["program"]["file"].get<std::string>()
                                      : "policy " + result["policy"].get<std::string>();
  const std::string masks = brought ? program_lines(result["program"]) : sparsity_report(result["sparsity"]);
  return fmt::format(
      "{} on {} {}x{}, {:.4g} GHz, kernels {}, {}, {} accounting, fidelity {}\n"
      "{}\n{}\n"
      "{}",
      result["network"].get<std::string>(), hardware["name"].get<std::string>(), hardware["rows"].get<int>(),
      hardware["cols"].get<int>(), hardware["clock_hz"].get<double>() / 1e9, hardware["kernels"].get<std::string>(),
      made_by, result["accounting"].get<std::string>(), result["fidelity"].get<std::string>(), calibration(hardware),
      kernels(result), masks);
}

// The largest cause of lost core time of a layer.
std::string waits_for(const json& layer) {
  std::string most = "-";
  double longest = 0;
  for (const auto& [cause, cycles] : layer["time"].items()) {
    if (cause == "busy" || cause == "idle" || cycles.get<double>() <= longest) continue;
    longest = cycles.get<double>();
    most = cause;
  }
  return most;
}

std::string slowest_layers(const json& result, const char* density, std::size_t count) {
  std::vector<const json*> layers;
  for (const json& layer : result[density]["layers"]) {
    if (!is_fused(layer)) layers.push_back(&layer);
  }
  const auto longer = [](const json* a, const json* b) { return span(*a) > span(*b); };
  std::stable_sort(layers.begin(), layers.end(), longer);
  if (layers.size() > count) layers.resize(count);
  std::string text =
      fmt::format("\nslowest layers, {} (of {})\n  {:<24}{:>11}{:>11}  {:<9}{:<15}{}\n", density,
                  result[density]["layers"].size(), "layer", "time", "alone >=", "by", "cores lose to", "mapping");
  for (const json* layer : layers) {
    text += fmt::format("  {:<24}{:>11}{:>11}  {:<9}{:<15}{}\n", (*layer)["name"].get<std::string>(),
                        show_time(span(*layer)), time_of(*layer, "alone_bound_us"), layer->value("alone_bound_by", "-"),
                        waits_for(*layer), (*layer)["mapping"].get<std::string>());
  }
  return text;
}
}  // namespace

bool is_fused(const json& layer) { return layer["mapping"].get<std::string>().rfind("fused into ", 0) == 0; }

std::string run_report(const json& result) {
  std::string text = heading(result);
  text += fmt::format("\n  {:<26}{:>14}{:>14}\n", "", "dense", "sparse");
  text += time_row(result, "latency on the array", "latency_us");
  text += time_row(result, "dispatch from the host", "dispatch_us");
  text += time_row(result, "both together", "total_us");
  if (!result["speedup"].is_null()) {
    const auto speedup = [&](const char* label, const char* key) {
      return fmt::format("  {:<26}{:>28}\n", label, fmt::format("{:.3f}", result[key].get<double>()));
    };
    text += speedup("speed-up on the array", "speedup");
    text += speedup("speed-up with dispatch", "total_speedup");
  }
  text += time_row(result, "no schedule beats", "bound_us");
  text += time_row(result, "  compute", "compute_bound_us");
  text += time_row(result, "  DDR", "ddr_bound_us");
  text += time_row(result, "layers alone, at least", "alone_bound_us");
  text += row(result, "cycles", [](const json& r) { return with_commas(std::llround(r["cycles"].get<double>())); });
  text += row(result, "multiply-accumulates",
              [](const json& r) { return fmt::format("{:.3f} G", r["macs"].get<double>() / 1e9); });
  text += row(result, "cores in kernel calls", [](const json& r) { return percent(r, "core_busy_share"); });
  text += row(result, "share of peak MACs", [](const json& r) { return percent(r, "mac_utilization"); });
  text += bytes_row(result, "DDR read", "ddr_read_bytes");
  text += bytes_row(result, "DDR written", "ddr_write_bytes");
  text += bytes_row(result, "memory tiles read", "memtile_read_bytes");
  text += bytes_row(result, "memory tiles written", "memtile_write_bytes");
  text += bytes_row(result, "cores read", "core_read_bytes");
  text += bytes_row(result, "cores written", "core_write_bytes");
  const auto weights = [](const char* key) {
    return [key](const json& r) {
      return r.contains("weight_bytes") ? show_bytes(r["weight_bytes"][key].get<double>()) : "-";
    };
  };
  text += row(result, "weights in DDR", weights("total"));
  text += row(result, "  of them indices", weights("index"));
  const auto control = [](const char* key) {
    return [key](const json& r) {
      return r.contains("control") ? with_commas(r["control"][key].get<std::int64_t>()) : "-";
    };
  };
  text += row(result, "transfers, started free", control("transfers"));
  text += row(result, "descriptors that differ", control("descriptors"));
  text += control_note(result);
  for (const char* density : {"dense", "sparse"}) {
    if (!result[density].is_null()) text += slowest_layers(result, density, 5);
  }
  return text;
}

}  // namespace tessera::cli
