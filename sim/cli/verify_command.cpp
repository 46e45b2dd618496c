#include <fmt/format.h>

#include <memory>

#include "sim/base/json_file.h"
#include "sim/base/phase.h"
#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/config/hardware.h"
#include "sim/program/hash.h"
#include "sim/program/text.h"
#include "sim/run/config_folder.h"
#include "sim/verify/verify.h"

namespace tessera::cli {
namespace {

int verify_file(const std::string& file, const std::string& hardware, const std::vector<std::string>& sets) {
  const Expected<std::string> machine = run::hardware_file(hardware);
  if (!machine) return report_failure(at_option("--hardware", machine.failure()));
  const Expected<arch::ArraySpec> array = config::load_hardware(*machine, sets);
  if (!array) return report_failure(array.failure());
  const Expected<std::string> text = read_text(file);
  if (!text) return report_failure(text.failure());
  std::optional<ProgressLine> line(file);
  enter_phase("reading the program");
  const Expected<program::Program> program = program::parse_program(*text, *array, file);
  enter_phase("verifying");
  std::optional<Failure> wrong;
  if (program) wrong = verify::verify(*program, *array);
  line.reset();
  if (!program) return report_failure(program.failure());
  if (wrong) {
    for (Problem& problem : wrong->problems) problem.file = file;
    return report_failure(*wrong);
  }
  fmt::print("{}: {} on {} {}x{} is legal; {} kernel calls, hash {}\n", file, program->network, array->name,
             array->rows, array->cols, with_commas(static_cast<std::int64_t>(program->calls.size())),
             program::hash_text(program_hash(*program)));
  return 0;
}
}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    std::string program, hardware;
    std::vector<std::string> sets;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("verify", "Judge a program as written by `run --dump program`: every rule it breaks");
  command->add_option("program", arguments->program, "text of a program")->required();
  command->add_option("--hardware", arguments->hardware, "hardware by name, for example aie2, or path")->required();
  command->add_option("--set", arguments->sets, "a.b=c: change any key of the hardware, for example rows=8; repeatable")
      ->allow_extra_args(false);
  command->callback(
      [arguments, &exit_code] { exit_code = verify_file(arguments->program, arguments->hardware, arguments->sets); });
}

}  // namespace tessera::cli
