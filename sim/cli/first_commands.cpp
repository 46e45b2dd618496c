#include "sim/cli/commands.h"

namespace tessera::cli {

void add_commands(CLI::App& app, int& exit_code) {
  add_run_command(app, exit_code);
  add_check_command(app, exit_code);
  add_list_command(app, exit_code);
  add_explain_command(app, exit_code);
  add_explain_schedule_command(app, exit_code);
  add_verify_command(app, exit_code);
  add_report_command(app, exit_code);
}

}  // namespace tessera::cli
