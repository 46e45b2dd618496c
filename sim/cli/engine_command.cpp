// `tessera engine`: a network on the open engine (sim/designs/open_engine), with and without compute.
#include <fmt/format.h>

#include <memory>

#include "sim/base/json_file.h"
#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/target_file.h"
#include "sim/config/hardware.h"
#include "sim/designs/open_engine/emitter.h"
#include "sim/designs/open_engine/network_reader.h"
#include "sim/designs/open_engine/variant_file.h"
#include "sim/program/text.h"
#include "sim/run/config_folder.h"
#include "sim/run/isolate.h"
#include "sim/validation/run_program.h"
#include "sim/verify/verify.h"

namespace tessera::cli {
namespace {
using nlohmann::json;
namespace engine = designs::open_engine;

struct EngineArguments {
  std::string network, variant = "final", json_file, dump_file;
  std::vector<std::string> sets;
};

struct Loaded {
  engine::EngineNetwork network;
  engine::KernelTimes times;
  engine::Variant variant;
  arch::ArraySpec array;
};

Expected<Loaded> load(const EngineArguments& arguments) {
  const std::string folder = run::config_folder() + "/designs/open_engine/";
  const auto network = engine::read_engine_network(arguments.network);
  const auto times = engine::load_kernel_times(folder + "times.json");
  const auto variant = engine::load_variant(folder + "variants.json", arguments.variant);
  std::vector<std::string> sets{"controller.mechanism=serial"};
  sets.insert(sets.end(), arguments.sets.begin(), arguments.sets.end());
  const auto array = config::load_hardware(run::config_folder() + "/hardware/xdna1_1800mhz.json", sets);
  Failure failure;
  for (const std::string& set : arguments.sets)  // what times.json says in their place
    for (const char* key : {"kernels", "controller.dispatch_us"})
      if (set.substr(0, set.find('=')) == key)
        failure.problems.push_back(
            {"--set", key, "is not used by this engine", "legal: " + folder + "times.json has it"});
  const auto collect = [&](const auto& part) {
    if (part) return;
    failure.problems.insert(failure.problems.end(), part.failure().problems.begin(), part.failure().problems.end());
  };
  collect(network), collect(times), collect(variant), collect(array);
  if (!failure.problems.empty()) return failure;
  if (const auto problem = engine::unfit(*array)) return fail(ExitCode::does_not_fit, *problem);
  return Loaded{*network, *times, *variant, *array};
}

// One run, in a child: its figures as the text of a JSON object.
Expected<std::string> simulated(const Loaded& loaded, bool computes, const std::string& dump_file) {
  engine::EmitOptions options;
  options.variant = loaded.variant;
  options.computes = computes;
  const engine::EngineProgram design = engine::emit(loaded.network, loaded.array, loaded.times, options);
  if (!dump_file.empty())
    if (auto failure = write_file(
            dump_file, [&](std::ostream& out) { out << program::write_program(design.program, loaded.array); }))
      return std::move(*failure);
  if (auto wrong = verify::verify(design.program, loaded.array)) {
    wrong->code = ExitCode::internal;
    return std::move(*wrong);
  }
  const auto run = validation::run_program(design.program, loaded.array, design.durations);
  if (!run) return run.failure();
  const double us = to_us(run->total, loaded.array.clock_hz);
  return json{{"latency_us", us},        {"total_us", us + loaded.times.dispatch_us},     {"tasks", design.tasks},
              {"tokens", design.tokens}, {"instruction_bytes", design.instruction_bytes}, {"ddr_bytes", design.moved}}
      .dump();
}

int run_engine(const EngineArguments& arguments) {
  if (const auto wrong = unwritable_files({arguments.json_file, arguments.dump_file}, {arguments.network});
      !wrong.empty())
    return report_failure({ExitCode::bad_input, wrong});
  const Expected<Loaded> loaded = load(arguments);
  if (!loaded) return report_failure(loaded.failure());
  run::IsolatedTask real([&] { return simulated(*loaded, true, arguments.dump_file); });
  run::IsolatedTask idle([&] { return simulated(*loaded, false, ""); });
  const Expected<std::string> with = real.wait(), without = idle.wait();
  if (!with) return report_failure(with.failure());
  if (!without) return report_failure(without.failure());
  const json r = json::parse(*with), nothing = json::parse(*without);
  fmt::print("{} on the open engine, variant \"{}\": {} layers, {} tasks, {} tokens, {} B of instructions, {} of DDR\n",
             loaded->network.name, arguments.variant, loaded->network.layers.size(),
             with_commas(r["tasks"].get<std::int64_t>()), with_commas(r["tokens"].get<std::int64_t>()),
             with_commas(r["instruction_bytes"].get<std::int64_t>()), show_bytes(r["ddr_bytes"].get<double>()));
  fmt::print("  {:<26}{:>14}{:>16}\n", "", "as it is", "no compute");
  const auto row = [&](const char* label, const char* key) {
    fmt::print("  {:<26}{:>14}{:>16}\n", label, show_time(r[key].get<double>()), show_time(nothing[key].get<double>()));
  };
  row("latency on the array", "latency_us");
  row("with the dispatch", "total_us");
  if (!arguments.json_file.empty())
    if (const auto failure = write_json(arguments.json_file, {{"network", loaded->network.name},
                                                              {"variant", arguments.variant},
                                                              {"compute", r},
                                                              {"no_compute", nothing}}))
      return report_failure(*failure);
  return 0;
}
}  // namespace

void add_engine_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<EngineArguments>();
  CLI::App* command = app.add_subcommand(
      "engine", "Run a network on the open engine, whose transfers one serial controller of XDNA1 starts");
  command->add_option("network", arguments->network, "for example configs/designs/open_engine/yolov8n_640.json")
      ->required();
  command->add_option("--variant", arguments->variant, "of configs/designs/open_engine/variants.json; default: final");
  command->add_option("--set", arguments->sets, "a.b=c: change any key of the hardware; repeatable")
      ->allow_extra_args(false);
  command->add_option("--json", arguments->json_file, "write the figures to this file");
  command->add_option("--dump", arguments->dump_file, "write the program to this file");
  command->callback([arguments, &exit_code] { exit_code = run_engine(*arguments); });
}

}  // namespace tessera::cli
