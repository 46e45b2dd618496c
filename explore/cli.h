// The explorer's commands: sweep (with status, collect, retry), pareto, plot. Each adds itself to the application and
// stores the exit code of its work.
#pragma once
#include <CLI/CLI.hpp>

namespace tessera::explore {

void add_sweep_command(CLI::App& app, int& exit_code);
void add_pareto_command(CLI::App& app, int& exit_code);
void add_plot_command(CLI::App& app, int& exit_code);

}  // namespace tessera::explore
