#include <fmt/format.h>

#include <functional>
#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/config/hardware.h"
#include "sim/config/named_file.h"
#include "sim/network/network_file.h"
#include "sim/result/catalogue.h"
#include "sim/run/config_folder.h"
#include "sim/schedule/schedule.h"
#include "sim/sparsity/generators.h"

namespace tessera::cli {
namespace {

void list_networks() {
  for (const std::string& name : run::config_names("networks")) {
    const Expected<network::Network> network =
        network::load_network(run::config_folder() + "/networks/" + name + ".json");
    if (!network) {
      fmt::print("  {:<28}cannot be loaded: {}\n", name, describe(network.failure()));
      continue;
    }
    std::int64_t macs = 0, weights = 0;
    for (const network::Layer& layer : network->layers) {
      macs += layer.macs();
      weights += layer.weight_count();
    }
    fmt::print("  {:<28}{:>4} layers  {:>8.3f} G multiply-accumulates  {:>7.2f} M weights\n", name,
               network->layers.size() - 1, static_cast<double>(macs) / 1e9, static_cast<double>(weights) / 1e6);
  }
}

void list_hardware() {
  for (const std::string& name : run::config_names("hardware")) {
    const Expected<arch::ArraySpec> array = config::load_hardware(run::config_folder() + "/hardware/" + name + ".json");
    if (!array) {
      fmt::print("  {:<28}cannot be loaded: {}\n", name, describe(array.failure()));
      continue;
    }
    fmt::print("  {:<28}{}x{} cores, {:.4g} GHz, kernels {}\n", name, array->rows, array->cols, array->clock_hz / 1e9,
               array->kernels);
  }
}

void list_names(const std::vector<std::string>& names) {
  for (const std::string& name : names) fmt::print("  {}\n", name);
}

void list_kernels() {
  for (const std::string& name : run::all_latency_model_names()) {
    const Expected<const cost::LatencyModel*> latency_model = run::open_latency_model(name);
    fmt::print("  {:<28}{}\n", name,
               latency_model ? (*latency_model)->coverage() : "cannot be read: " + describe(latency_model.failure()));
  }
}

void list_generators() {
  for (const sparsity::Generator& generator : sparsity::generators())
    fmt::print("  {:<28}{}\n", generator.name, generator.meaning);
}

void list_counters() {
  for (const result::MetricInfo& counter : result::all_metrics())
    fmt::print("  {:<32}{:<22}{}\n", counter.name, counter.unit, counter.sentence);
}

const std::vector<std::pair<std::string, std::function<void()>>>& sections() {
  static const std::vector<std::pair<std::string, std::function<void()>>> all{
      {"networks", list_networks},     {"hardware", list_hardware},
      {"kernels", list_kernels},       {"policies", [] { list_names(schedule::policy_names()); }},
      {"generators", list_generators}, {"runs", [] { list_names(run::config_names("runs")); }},
      {"counters", list_counters},
  };
  return all;
}

// Sections whose names are those of files.
bool is_of_files(const std::string& section) {
  return section == "networks" || section == "hardware" || section == "runs";
}

}  // namespace

void add_list_command(CLI::App& app, int& exit_code) {
  std::vector<std::string> names;
  for (const auto& section : sections()) names.push_back(section.first);
  auto what = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(
      "list", "Show what there is: networks, hardware, kernels, policies, generators, runs, counters");
  command->add_option("what", *what, "one of them; all by default")->check(CLI::IsMember(names));
  command->callback([what, &exit_code] {
    Failure missing{ExitCode::bad_input, {}};
    for (const auto& [name, print] : sections()) {
      if (!what->empty() && *what != name) continue;
      fmt::print("{}\n", name);
      print();
      if (is_of_files(name) && run::config_names(name).empty())
        missing.problems.push_back(
            {"", name, config::no_names(run::config_folder() + "/" + name), config::names_elsewhere});
    }
    exit_code = missing.problems.empty() ? 0 : report_failure(missing);
  });
}

}  // namespace tessera::cli
