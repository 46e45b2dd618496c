// `tessera engine`: a network on the open engine (sim/designs/open_engine), with and without compute.
#include <fmt/format.h>

#include <memory>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/target_file.h"
#include "sim/config/hardware.h"
#include "sim/designs/open_engine/emitter.h"
#include "sim/designs/open_engine/network_reader.h"
#include "sim/designs/open_engine/variant_file.h"
#include "sim/program/text.h"
#include "sim/result/engine_result.h"
#include "sim/run/config_folder.h"
#include "sim/run/isolate.h"
#include "sim/validation/run_program.h"
#include "sim/verify/verify.h"

namespace tessera::cli {
namespace {
using result::EngineFigures;
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
    for (const char* key :
         {"kernels", "controller.dispatch_us", "controller.patch_address_ns", "controller.interrupt_ns"})
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
  return Loaded{*network, *times, *variant, engine::with_controller(*array, *times)};
}

// One run, in a child: its figures, packed.
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
  return pack(EngineFigures{us, us + loaded.times.dispatch_us, design.tasks, design.tokens, design.instruction_bytes,
                            design.moved});
}

int run_engine(const EngineArguments& arguments) {
  const Expected<Loaded> loaded = load(arguments);
  if (const auto wrong = unwritable_files({arguments.dump_file}, {arguments.network}, arguments.json_file);
      !wrong.empty())
    return report_failure({ExitCode::bad_input, wrong});
  if (!loaded) return report_failure(loaded.failure());
  run::IsolatedTask real([&] { return simulated(*loaded, true, arguments.dump_file); });
  run::IsolatedTask idle([&] { return simulated(*loaded, false, ""); });
  const Expected<std::string> with = real.wait(), without = idle.wait();
  if (!with) return report_failure(with.failure());
  if (!without) return report_failure(without.failure());
  const result::EngineResult result{loaded->network.name, arguments.variant, result::unpack_engine(*with),
                                    result::unpack_engine(*without)};
  const EngineFigures& figures = result.compute;
  fmt::print("{} on the open engine, variant \"{}\": {} layers, {} tasks, {} tokens, {} B of instructions, {} of DDR\n",
             loaded->network.name, arguments.variant, loaded->network.layers.size(), with_commas(figures.tasks),
             with_commas(figures.tokens), with_commas(figures.instruction_bytes),
             show_bytes(static_cast<double>(figures.ddr_bytes)));
  fmt::print("  {:<26}{:>14}{:>16}\n", "", "as it is", "no compute");
  for (const result::Metric<EngineFigures>& m : result::engine_figure_metrics())
    if (!m.label.empty())
      fmt::print("  {:<26}{:>14}{:>16}\n", m.label, result::shown(m.access.get(figures), m.unit),
                 result::shown(m.access.get(result.no_compute), m.unit));
  if (!arguments.json_file.empty())
    if (const auto failure = write_text(arguments.json_file, result::json_text(result)))
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
