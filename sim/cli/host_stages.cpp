#include "sim/cli/host_stages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <map>

#include "sim/cli/output.h"

namespace tessera::cli {
namespace {

// Aliases: the formatter takes a line that begins with `import` for a module.
using HostTimes = import::HostTimes;

// Of --host: OPERATOR=TIME. What is no time is a problem.
HostTimes read_times(const ModelOptions& options, std::vector<Problem>& problems) {
  static const std::map<std::string, double> units{{"ns", 1e-3}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}};
  HostTimes times;
  for (const std::string& given : options.host) {
    const std::size_t equals = given.find('=');
    const std::string op = given.substr(0, equals), text = equals == std::string::npos ? "" : given.substr(equals + 1);
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    const auto unit = units.find(std::string(at, end));
    if (op.empty() || error != std::errc() || unit == units.end() || !std::isfinite(number) || number < 0)
      problems.push_back({"", "--host", fmt::format("is '{}'", given),
                          "legal: OPERATOR=TIME, the time of one call in ns, us, ms or s, as LSTM=250us"});
    else if (!times.emplace(op, number * unit->second).second)
      problems.push_back({"", "--host", fmt::format("gives {} two times", op), "legal: each operator once"});
  }
  return times;
}

}  // namespace

Expected<std::vector<ModelStage>> open_stages(const std::string& path, const ModelOptions& options,
                                              const std::vector<std::string>& sets) {
  Failure wrong{ExitCode::bad_input, {}};
  const HostTimes times = read_times(options, wrong.problems);
  const import::DimensionSizes sizes = read_sizes(options, wrong.problems);
  if (!wrong.problems.empty()) return wrong;
  Expected<std::vector<import::Stage>> parts = import::import_stages(path, sizes, times);
  if (!parts) return parts.failure();
  std::vector<ModelStage> stages;
  for (import::Stage& part : *parts) {
    ModelStage& stage = stages.emplace_back();
    stage.host = std::move(part.host);
    if (!part.array) continue;
    Expected<ModelRun> run = model_run(std::move(*part.array), options, sets);
    if (!run) return run.failure();
    stage.array = std::move(*run);
  }
  return stages;
}

result::StagedRun staged_run(const std::vector<ModelStage>& stages) {
  result::StagedRun run;
  std::int64_t runs = 0;
  for (const ModelStage& stage : stages) {
    for (const import::HostCall& call : stage.host)
      run.host.push_back({runs, call.node, call.op, call.us, call.reads, call.makes});
    runs += stage.array ? 1 : 0;
  }
  return run;
}

std::string host_summary(const result::StagedRun& run) {
  std::map<std::string, int> calls;
  for (const result::StagedCall& call : run.host) ++calls[call.op];
  std::vector<std::string> list;
  for (const auto& [op, count] : calls) list.push_back(fmt::format("{} x {}", count, op));
  return fmt::format(
      "on the host: {}: {}, given by --host and not simulated\n"
      "the array computes the network in stages and waits for the host between them; tensors pass through DDR\n\n",
      fmt::join(list, ", "), show_time(run.host_us()));
}

std::string host_lines(const std::vector<import::HostCall>& calls) {
  std::string text;
  for (const import::HostCall& call : calls)
    text += fmt::format("host: node '{}' ({}): {} given, reads {} elements{}\n", call.node, call.op, show_time(call.us),
                        with_commas(call.reads),
                        call.makes > 0 ? fmt::format(", makes {}", with_commas(call.makes)) : std::string());
  return text;
}

std::string staged_report(const result::StagedRun& run) {
  const std::optional<result::StagedDensity> dense = run.density(true), sparse = run.density(false);
  std::string text = fmt::format("all stages\n  {:<26}{:>14}{:>14}\n", "", "dense", "sparse");
  for (const auto& m : result::staged_density_metrics()) {
    const auto cell = [&](const std::optional<result::StagedDensity>& density) {
      return density ? shown(m.access.get(*density), m.unit) : "-";
    };
    text += fmt::format("  {:<26}{:>14}{:>14}\n", m.label, cell(dense), cell(sparse));
  }
  return text + "Shares, causes of waiting and estimates of controllers are those of the stages; they have no sum.\n";
}

}  // namespace tessera::cli
