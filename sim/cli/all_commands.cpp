#include "explore/cli.h"
#include "sim/cli/commands.h"

namespace tessera::cli {

void add_commands(CLI::App& app, int& exit_code) {
  add_run_command(app, exit_code);
  add_check_command(app, exit_code);
  add_import_command(app, exit_code);
  add_accuracy_command(app, exit_code);
  add_prune_command(app, exit_code);
  add_masks_command(app, exit_code);
  add_list_command(app, exit_code);
  add_explain_command(app, exit_code);
  add_explain_schedule_command(app, exit_code);
  add_verify_command(app, exit_code);
  add_engine_command(app, exit_code);
  add_report_command(app, exit_code);
  add_validate_command(app, exit_code);
  explore::add_sweep_command(app, exit_code);
  explore::add_pareto_command(app, exit_code);
  explore::add_plot_command(app, exit_code);
  add_replay_command(app, exit_code);
}

}  // namespace tessera::cli
