#include "sim/cli/host_stages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <map>

#include "sim/cli/output.h"
#include "sim/result/json.h"

namespace tessera::cli {
namespace {
using nlohmann::json;

// Of --host: OPERATOR=TIME. What is no time is a problem.
import::HostTimes read_times(const ModelOptions& options, std::vector<Problem>& problems){import::HostTimes times;
for (const std::string& given : options.host) {
  const std::size_t equals = given.find('=');
  const std::string op = given.substr(0, equals), text = equals == std::string::npos ? "" : given.substr(equals + 1);
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  static const std::map<std::string, double> units{{"ns", 1e-3}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}};
  const auto unit = units.find(std::string(at, end));
  if (op.empty() || error != std::errc() || unit == units.end() || !std::isfinite(number) || number < 0)
    problems.push_back({"", "--host", fmt::format("is '{}'", given),
                        "legal: OPERATOR=TIME, the time of one call in ns, us, ms or s, as LSTM=250us"});
  else if (!times.emplace(op, number * unit->second).second)
    problems.push_back({"", "--host", fmt::format("gives {} two times", op), "legal: each operator once"});
}
return times;
}  // namespace

double host_us(const std::vector<ModelStage>& stages) {
  double us = 0;
  for (const ModelStage& stage : stages)
    for (const import::HostCall& call : stage.host) us += call.us;
  return us;
}

// Sum of a density over the stages; none where one lacks it.
std::optional<double> array_us(const std::vector<result::RunResult>& results, bool dense) {
  double us = 0;
  for (const result::RunResult& result : results) {
    const auto& density = dense ? result.dense : result.sparse;
    if (!density) return std::nullopt;
    us += density->latency_us;
  }
  return us;
}

}  // namespace tessera::cli

Expected<std::vector<ModelStage>> open_stages(const std::string& path, const ModelOptions& options,
                                              const std::vector<std::string>& sets) {
  Failure wrong{ExitCode::bad_input, {}};
  const import::HostTimes times = read_times(options, wrong.problems);
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

std::string host_summary(const std::vector<ModelStage>& stages) {
  std::map<std::string, int> calls;
  int parts = 0;
  for (const ModelStage& stage : stages) {
    parts += stage.array ? 1 : 0;
    for (const import::HostCall& call : stage.host) ++calls[call.op];
  }
  std::vector<std::string> list;
  for (const auto& [op, count] : calls) list.push_back(fmt::format("{} of {}", count, op));
  return fmt::format(
      "host: calls: {}; {}, as --host says and not simulated\n"
      "the array computes the network in {} stages and waits for the host between them; tensors pass through DDR\n\n",
      fmt::join(list, ", "), show_time(host_us(stages)), parts);
}

std::string host_lines(const std::vector<import::HostCall>& calls) {
  std::string text;
  for (const import::HostCall& call : calls)
    text += fmt::format("host: node '{}' ({}): {}, reads {} elements{}\n", call.node, call.op, show_time(call.us),
                        with_commas(call.reads),
                        call.makes > 0 ? fmt::format(", makes {}", with_commas(call.makes)) : std::string());
  return text;
}

std::string staged_times(const std::vector<ModelStage>& stages, const std::vector<result::RunResult>& results) {
  std::string text;
  const double host = host_us(stages);
  for (const bool dense : {true, false})
    if (const std::optional<double> array = array_us(results, dense))
      text += fmt::format("in all, {}: {}: array {}, host {} (given)\n", dense ? "dense" : "sparse",
                          show_time(*array + host), show_time(*array), show_time(host));
  return text;
}

json staged_json(const std::vector<ModelStage>& stages, const std::vector<result::RunResult>& results) {
  json object{{"host_us", host_us(stages)}, {"host", json::array()}, {"stages", json::array()}};
  for (std::size_t s = 0; s < stages.size(); ++s)
    for (const import::HostCall& call : stages[s].host)
      object["host"].push_back({{"before_stage", s},
                                {"node", call.node},
                                {"op", call.op},
                                {"us", call.us},
                                {"elements_read", call.reads},
                                {"elements_made", call.makes}});
  for (const result::RunResult& result : results) object["stages"].push_back(result::to_json(result));
  for (const bool dense : {true, false})
    if (const std::optional<double> array = array_us(results, dense))
      object[dense ? "dense" : "sparse"] = {{"array_us", *array}, {"latency_us", *array + host_us(stages)}};
  return object;
}

}  // namespace tessera::cli
