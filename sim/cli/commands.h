// The command line: one file per command, each adds itself to the application and stores the exit code of its work.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace tessera::cli {

// Those of the program, in the order of its help: all of them, or in tessera-first what a first run needs.
void add_commands(CLI::App& app, int& exit_code);

void add_accuracy_command(CLI::App& app, int& exit_code);
void add_run_command(CLI::App& app, int& exit_code);
void add_check_command(CLI::App& app, int& exit_code);
void add_masks_command(CLI::App& app, int& exit_code);
void add_prune_command(CLI::App& app, int& exit_code);
void add_import_command(CLI::App& app, int& exit_code);
void add_list_command(CLI::App& app, int& exit_code);
void add_explain_command(CLI::App& app, int& exit_code);
void add_explain_schedule_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);
void add_replay_command(CLI::App& app, int& exit_code);
void add_report_command(CLI::App& app, int& exit_code);
void add_engine_command(CLI::App& app, int& exit_code);
void add_validate_command(CLI::App& app, int& exit_code);

constexpr const char* set_help =
    "a.b=c: change any key of the config; repeatable; a name with dots stands in quotes, "
    "'schedule.layers.\"block.1\".tile=[8,8,16,16]'; paths start here";

constexpr const char* mapping_help = "follow this mapping (as written by --dump mapping) instead of deciding one";
// The assignment to a config that --mapping FILE stands for.
std::string mapping_set(const std::string& file);

// The words of the command, quoted so that a shell takes them again, for the manifest.
void remember_command(int argc, char** argv);
const std::string& command_line();

}  // namespace tessera::cli
