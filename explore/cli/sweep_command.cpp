#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "explore/cli.h"
#include "explore/cli/plan_report.h"
#include "explore/cli/report.h"
#include "explore/pipeline_runner.h"
#include "explore/pool/stop_signal.h"
#include "explore/search/search.h"
#include "explore/slurm/cluster_sweep.h"
#include "explore/sweep/check_sweep.h"
#include "sim/base/installation.h"
#include "sim/base/message.h"

namespace tessera::explore {
namespace {

namespace fs = std::filesystem;

struct SweepArguments {
  std::string file, out, launch, launcher = "local";
  int workers = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  int chunk_index = 0;
  bool plan = false;
  SlurmOptions slurm;
};

SweepOptions options_of(const SweepArguments& a, const std::string& folder) {
  return {fs::absolute(folder).lexically_normal().string(), a.workers, build_hash(), stderr, ::isatty(2) == 1};
}

// Points whose masks are not what their ratio says.
void report_marks(const std::map<std::string, int>& marks) {
  static const std::map<std::string, const char*> meanings = {
      {"kept", "a layer keeps one block that the ratio would take"},
      {"rounded", "rounding moves the share of zero blocks by 0.005 or more"},
      {"empty_rows", "output channels without a weight"},
      {"nothing_zero", "no block is zero although a ratio was given"}};
  for (const auto& [mark, points] : marks) {
    const auto meaning = meanings.find(mark);
    fmt::print("{} point{} marked {}{}\n", points, points == 1 ? "" : "s", mark,
               meaning == meanings.end() ? "" : std::string(": ") + meaning->second);
  }
}

int report_end(const Expected<SweepEnd>& end, const std::string& folder) {
  if (!end) return report(end.failure());
  fmt::print("{}\n", counts_text(end->counts));
  fmt::print("{}/table.csv\n", folder);
  report_marks(end->marks);
  if (end->interrupted) {
    message(stderr, "interrupted: what is finished is kept, the same command goes on\n");
    return 1;
  }
  int all = 0, failed = 0;
  for (const auto& [state, n] : end->counts.runs) {
    all += n;
    if (worth_retrying(state)) failed += n;
  }
  const auto invalid = end->counts.runs.find(status::invalid);
  if (invalid != end->counts.runs.end() && invalid->second == all) {
    message(stderr, "every point is refused; column `reason` of the table says why\n");
    return static_cast<int>(ExitCode::bad_input);
  }
  if (failed == 0) return 0;
  message(stderr, "{} runs failed, column `reason` of the table says why; tessera sweep retry {}\n", failed, folder);
  return 1;
}

int report_submission(const Expected<Submission>& submission, const std::string& folder) {
  if (!submission) return report(submission.failure());
  if (submission->runs == 0) {
    fmt::print("nothing to submit; tessera sweep status {}\n", folder);
  } else {
    fmt::print("job {}: {} runs in {} tasks of up to {}\n", submission->job, submission->runs, submission->tasks,
               submission->chunk);
    fmt::print("tessera sweep status {0}; when it is done: tessera sweep collect {0}\n", folder);
  }
  return 0;
}

int sweep(const SweepArguments& a) {
  const auto sweep = load_sweep(a.file);
  if (!sweep) return report(sweep.failure());
  const std::string folder = a.out.empty() ? "results/sweeps/" + sweep->name : a.out;
  const PointRunner runner = pipeline_runner(sweep->base, fs::path(a.file).parent_path().string());
  if (const auto wrong = check_sweep(*sweep, runner)) return report(*wrong);
  if (a.plan) {
    const auto text = plan_report(*sweep, runner, folder, a.workers);
    if (!text) return report(text.failure());
    fmt::print("{}", *text);
    return 0;
  }
  const SweepOptions options = options_of(a, folder);
  if (a.launcher == "slurm") {
    if (sweep->search)
      return report(fail(ExitCode::bad_input, {a.file, "search", "a search does not run as a job array",
                                               "run it inside one allocation: srun tessera sweep FILE -j N"}));
    return report_submission(submit_sweep(*sweep, runner, options, executable_path(), a.slurm), folder);
  }
  if (const auto busy = busy_on_cluster(options.folder)) return report(*busy);
  return report_end(sweep->search ? run_search(*sweep, runner, options) : run_sweep(*sweep, runner, options), folder);
}

int show_status(const std::string& folder) {
  const auto store = Store::read(folder);
  if (!store) return report(store.failure());
  if (auto empty = emptied_plan(*store, folder)) return report(*empty);
  const auto counts = counts_with_shards(*store, folder);
  if (!counts) return report(counts.failure());
  fmt::print("{}\n", counts_text(*counts));
  if (open_chunks(folder).empty()) return 0;
  const auto tasks = ask_queue(fs::absolute(folder).string());
  if (!tasks) return report(tasks.failure());
  fmt::print("{} tasks running, {} waiting, {} ended\n", tasks->running, tasks->waiting, tasks->ended.size());
  const bool left = counts->runs.count(status::pending) > 0 && tasks->active.empty();
  if (left) fmt::print("runs are pending and no task is active: tessera sweep retry {}\n", folder);
  return 0;
}

int retry(const SweepArguments& a) {
  const SweepOptions options = options_of(a, a.out);
  if (auto none = Store::read(a.out); !none) return report(none.failure());
  if (a.launcher == "slurm" || fs::exists(a.out + "/slurm"))
    return report_submission(retry_on_cluster(options, executable_path(), a.slurm), a.out);
  return report_end(retry_sweep(pipeline_runner("", ""), options), a.out);
}

int task(const SweepArguments& a) {
  const StopSignal stop;
  PoolOptions pool;
  pool.workers = a.workers;
  pool.build = build_hash();
  const auto end = run_chunk(a.out, a.launch, a.chunk_index, pipeline_runner("", ""), pool);
  if (!end) return report(end.failure());
  return *end == PoolEnd::interrupted ? 1 : 0;
}

void add_workers(CLI::App* command, SweepArguments& a) {
  command->add_option("-j,--workers", a.workers, "points at a time (default: all cores)")->check(CLI::Range(1, 4096));
}

void add_slurm_options(CLI::App* command, SweepArguments& a) {
  command->add_option("--launcher", a.launcher, "local or slurm")->check(CLI::IsMember({"local", "slurm"}));
  command->add_option("--chunk", a.slurm.chunk, "slurm: runs of one task")->check(CLI::Range(1, 1000000));
  command->add_option("--limit", a.slurm.limit, "slurm: tasks at the same time")->check(CLI::Range(1, 1000000));
  command->add_option("--sbatch", a.slurm.sbatch, "slurm: a further argument of sbatch; repeatable")
      ->allow_extra_args(false);
}

}  // namespace

void add_sweep_command(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<SweepArguments>();
  CLI::App* command = app.add_subcommand("sweep",
                                         "Run the points of a sweep file; what is done is skipped. Also: sweep "
                                         "status|collect|retry DIR. Exit code 1: runs "
                                         "failed or were interrupted; 2: the file is wrong or every point is refused");
  CLI::Option* file = command->add_option("file", a->file, "sweep file, such as configs/sweeps/block_sparsity.json");
  command->add_option("--out", a->out, "folder of the results (default: results/sweeps/<name>)");
  command->add_flag("--plan", a->plan, "count the points, name those that are refused, estimate the time; run nothing");
  add_workers(command, *a);
  add_slurm_options(command, *a);
  command->require_subcommand(0, 1);

  CLI::App* status_command = command->add_subcommand("status", "How far a sweep is");
  CLI::App* collect_command = command->add_subcommand("collect", "Write table.csv from what is finished");
  CLI::App* retry_command = command->add_subcommand("retry", "Run failed points again; on a cluster also lost tasks");
  for (CLI::App* sub : {status_command, collect_command, retry_command})
    sub->add_option("folder", a->out, "folder of the sweep")->required();
  add_workers(retry_command, *a);
  add_slurm_options(retry_command, *a);
  CLI::App* task_command = command->add_subcommand("task", "One task of a job array (called by Slurm)")->group("");
  task_command->add_option("folder", a->out)->required();
  task_command->add_option("launch", a->launch)->required();
  task_command->add_option("chunk", a->chunk_index)->required();
  add_workers(task_command, *a);

  status_command->callback([a, &exit_code] { exit_code = show_status(a->out); });
  collect_command->callback([a, &exit_code] { exit_code = report_end(collect_sweep(options_of(*a, a->out)), a->out); });
  retry_command->callback([a, &exit_code] { exit_code = retry(*a); });
  task_command->callback([a, &exit_code] { exit_code = task(*a); });
  command->callback([a, command, file, &exit_code] {
    if (!command->get_subcommands().empty()) return;
    if (file->count() == 0) throw CLI::RequiredError("file");
    exit_code = sweep(*a);
  });
}

}  // namespace tessera::explore
