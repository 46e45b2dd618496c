#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "sim/base/message.h"
#include "sim/cli/commands.h"
#include "sim/cli/host_stages.h"
#include "sim/cli/onnx_model.h"
#include "sim/cli/output.h"
#include "sim/cli/progress.h"
#include "sim/cli/report_data.h"
#include "sim/cli/result_folder.h"
#include "sim/cli/run_report.h"
#include "sim/cli/target_file.h"
#include "sim/cli/trace_events.h"
#include "sim/program/text.h"
#include "sim/result/json.h"
#include "sim/run/batch.h"
#include "sim/run/external_program.h"
#include "sim/run/pipeline.h"
#include "sim/trace/perfetto_trace.h"

namespace tessera::cli {
namespace {
struct RunArguments {
  std::string config;
  std::vector<std::string> sets;
  std::string fidelity, only, json_file, trace_file, program_file, mapping_file, out, data;
  std::vector<std::string> dump, reports;
  bool functional = false;
  ModelOptions model;
};

// Which density the file of --dump is about when both are run.
run::Density shown_density(const RunArguments& arguments) {
  return arguments.only == "dense" ? run::Density::dense : run::Density::sparse;
}

std::optional<Failure> dump(const RunArguments& arguments, const run::RunConfig& config, const run::Plan& plan) {
  const std::string& file = arguments.dump[1];
  if (arguments.dump[0] == "program") return write_file(file, write_program(plan.schedule.program, config.array));
  if (arguments.dump[0] == "mapping") {
    if (plan.schedule.mapping) return write_file(file, write_mapping(*plan.schedule.mapping, batch_of(config).network));
    return fail(ExitCode::bad_input, {"", "--dump", "mapping of policy " + config.schedule.policy + ", which has none",
                                      "legal: with a policy that maps layer by layer, such as best"});
  }
  return replace_file(file, [&](const std::string& path) { return write_masks(path, config.network, config.masks); });
}

// The page of --report, empty: none.
std::string page_file(const RunArguments& arguments) {
  for (const std::string& report : arguments.reports)
    if (report != "layers") return report;
  return "";
}

// What a child answers with: the packed result, the view that the page of --report needs, the events for --trace. The
// last two are empty where nobody asked for them.
struct Answer {
  std::string result, view, events;
};

std::string packed(const Answer& answer) {
  return fmt::format("{}:{}:", answer.result.size(), answer.view.size()) + answer.result + answer.view + answer.events;
}

Answer unpacked(const std::string& bytes) {
  const std::size_t colon = bytes.find(':'), begin = bytes.find(':', colon + 1) + 1;
  const std::size_t result = std::stoul(bytes), view = std::stoul(bytes.substr(colon + 1));
  return {bytes.substr(begin, result), bytes.substr(begin + result, view), bytes.substr(begin + result + view)};
}

// What one child does.
Expected<std::string> work(const RunArguments& arguments, const run::RunConfig& config, run::Density density,
                           Expected<run::Plan> plan) {
  if (!plan) return plan.failure();
  const bool shown = !arguments.program_file.empty() || density == shown_density(arguments);
  if (shown && !arguments.dump.empty()) {
    if (auto failure = dump(arguments, config, *plan)) return *failure;
  }
  run::RunOptions options;
  options.control = true;
  options.functional = arguments.functional;
  options.data = arguments.data;
  trace::PerfettoTrace trace(config.array);
  const bool traced = !arguments.trace_file.empty(), pictured = !page_file(arguments).empty();
  if (traced) options.trace = &trace;
  report::Timeline timeline(options.trace);
  if (pictured) options.trace = &timeline;
  const Expected<result::DensityResult> result = simulate_plan(config, *plan, density, options);
  if (!result) return result.failure();
  Answer answer{pack(*result), "", ""};
  if (pictured) answer.view = density_view(config, *plan, timeline, result->total);
  if (traced) answer.events = density_events(config, *plan, density, trace, result->total);
  return packed(answer);
}

int check_functional_results(const result::RunResult& run, std::FILE* screen) {
  int code = 0;
  for (const auto& [name, density] : densities(run)) {
    if (!density->functional) continue;
    const result::FunctionalCheck& check = *density->functional;
    fmt::print(screen, "\nfunctional, {}: {} layers, {} elements, {} mismatches{}\n", name, check.layers_checked,
               with_commas(check.elements_checked), with_commas(check.mismatches), check.good() ? ": bit-exact" : "");
    for (const std::vector<std::string>* list : {&check.first, &check.errors})
      for (const std::string& line : *list) message(stderr, "{}: {}\n", name, line);
    if (!check.good()) code = static_cast<int>(ExitCode::internal);
  }
  return code;
}

// What a run leaves beside its result.
struct Pictures {
  Views views;                      // see run_view
  std::vector<std::string> events;  // see perfetto_file
};

// Both densities, or the one that was asked for, each in its own process and side by side.
Expected<result::RunResult> simulate_all(const RunArguments& arguments, const run::RunConfig& config,
                                         Pictures& pictures) {
  std::vector<std::pair<run::Density, std::unique_ptr<run::IsolatedTask>>> tasks;
  const auto start = [&](run::Density density, const std::function<Expected<run::Plan>()>& plan) {
    tasks.emplace_back(density, std::make_unique<run::IsolatedTask>([&arguments, &config, density, plan] {
                         return work(arguments, config, density, plan());
                       }));
  };
  run::MaskedBlocks blocks;
  if (!arguments.program_file.empty()) {
    Expected<run::Plan> plan = [&] {
      const ProgressLine line(config.name);
      return plan_from_program(config, arguments.program_file);
    }();
    if (!plan) return plan.failure();
    blocks = run::masked_blocks(plan->schedule.program);
    const run::Density density = run::program_density(plan->schedule.program);
    start(density, [plan = std::move(*plan)] { return Expected<run::Plan>(plan); });
  } else {
    std::optional<run::SharedDecision> shared;
    if (arguments.only.empty()) shared.emplace();
    for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
      if (!arguments.only.empty() && arguments.only != density_name(density)) continue;
      start(density, [&config, density, &shared] {
        return make_plan(config, density, {true, true, shared ? &*shared : nullptr});
      });
    }
  }
  std::vector<run::IsolatedTask*> waiting;
  std::vector<std::string> names;
  for (const auto& [density, task] : tasks) {
    waiting.push_back(task.get());
    names.emplace_back(density_name(density));
  }
  wait_with_progress(waiting, config.name, names);
  std::optional<result::DensityResult> dense, sparse;
  for (const auto& [density, task] : tasks) {
    Expected<std::string> result = task->wait();
    if (!result) {
      Failure failure = result.failure();
      for (Problem& problem : failure.problems)
        problem.path = fmt::format("{}{}{}", density_name(density), problem.path.empty() ? "" : ": ", problem.path);
      return failure;
    }
    Answer answer = unpacked(*result);
    const bool is_dense = density == run::Density::dense;
    (is_dense ? dense : sparse) = result::unpack(answer.result);
    (is_dense ? pictures.views.dense : pictures.views.sparse) = std::move(answer.view);
    pictures.events.push_back(std::move(answer.events));
  }
  result::RunResult result = make_result(config, std::move(dense), std::move(sparse), arguments.program_file);
  if (result.program) {
    result.program->masked_blocks = blocks.all;
    result.program->zero_blocks = blocks.zero;
  }
  return result;
}

// Options that would be taken and not followed, and files that could not be written at the end.
Failure option_problems(const RunArguments& arguments, const Expected<run::RunConfig>& config) {
  Failure failure;
  if (!arguments.dump.empty() && arguments.dump[0] != "program" && arguments.dump[0] != "masks" &&
      arguments.dump[0] != "mapping")
    failure.problems.push_back(
        {"", "--dump", "is \"" + arguments.dump[0] + "\"", "legal: program FILE, mapping FILE or masks FILE.npz"});
  if (!arguments.dump.empty() && arguments.dump[0] == "masks" &&
      (arguments.only == "dense" || !arguments.program_file.empty()))
    failure.problems.push_back({"", "--dump", "masks are those that the config gives a sparse run",
                                "legal: without --program and --only dense"});
  if (!arguments.dump.empty() && arguments.dump[0] == "mapping" && !arguments.program_file.empty())
    failure.problems.push_back(
        {"", "--dump", "mapping of a program, which is made already", "legal: without --program"});
  if (!arguments.mapping_file.empty() && !arguments.program_file.empty())
    failure.problems.push_back({"", "--mapping", "beside --program, which is made already", "legal: one of the two"});
  if (!arguments.data.empty() && !arguments.functional)
    failure.problems.push_back({"", "--data", "is for a run with data", "legal: with --functional"});
  if (!arguments.only.empty() && !arguments.program_file.empty())
    failure.problems.push_back({"", "--only", "a program has masks of its own", "legal: without --program"});
  // A program of accounting=published says so with the policy that it must have.
  const bool physical = config && config->accounting == run::Accounting::physical;
  for (const std::string& set : arguments.sets)
    if (!arguments.program_file.empty() && physical && set.rfind("schedule.", 0) == 0)
      failure.problems.push_back(
          {"", "--set", set + " with --program, which is a schedule", "legal: without --program"});
  if (arguments.functional && config && config->accounting == run::Accounting::published)
    failure.problems.push_back({"", "--functional", "with accounting=published, which moves sizes and no data",
                                "legal: with accounting=physical"});
  if (std::count(arguments.reports.begin(), arguments.reports.end(), "layers") + 1 <
      static_cast<std::ptrdiff_t>(arguments.reports.size()))
    failure.problems.push_back({"", "--report", "asks for two pages", "legal: one FILE.html, and layers"});
  const std::string dump_file = arguments.dump.empty() ? "" : arguments.dump[1];
  for (Problem& problem : unwritable_files(
           {arguments.trace_file, dump_file, page_file(arguments)},
           {arguments.config, arguments.program_file, arguments.mapping_file, arguments.data}, arguments.json_file))
    failure.problems.push_back(std::move(problem));
  if (std::optional<Problem> problem = unwritable_parent(arguments.out))
    failure.problems.push_back(std::move(*problem));
  return failure;
}

// Int8 weights of an ONNX file, for the children of a functional run; gone with the run.
class WeightFile {
 public:
  WeightFile() { (void)!mkdtemp(folder_.data()); }
  ~WeightFile() { std::filesystem::remove_all(folder_); }
  WeightFile(const WeightFile&) = delete;
  WeightFile& operator=(const WeightFile&) = delete;
  std::string path() const { return folder_ + "/weights.npz"; }

 private:
  std::string folder_ = (std::filesystem::temp_directory_path() / "tessera_weights_XXXXXX").string();
};

// A run that was carried out and shown.
struct Done {
  result::RunResult result;
  Pictures pictures;
  int code = 0;  // of the functional check
};

Expected<Done> carry_out(RunArguments arguments, const run::RunConfig& config, const ModelRun* model,
                         std::FILE* screen) {
  std::optional<WeightFile> weights;
  if (model != nullptr && arguments.functional && arguments.data.empty()) {
    weights.emplace();
    arguments.data = weights->path();
    if (auto failure = write_weights(arguments.data, model->imported)) return *failure;
  }
  if (model != nullptr) fmt::print(screen, "{}masks: {}\n\n", import_summary(model->imported), model->masks);
  Done done;
  Expected<result::RunResult> result = simulate_all(arguments, config, done.pictures);
  if (!result) return result.failure();
  done.result = std::move(*result);
  if (model != nullptr) done.result.model = file_macs(model->imported);
  fmt::print(screen, "{}", run_report(done.result));
  const auto& reports = arguments.reports;
  if (std::find(reports.begin(), reports.end(), "layers") != reports.end())
    fmt::print(screen, "{}", layers_report(done.result));
  done.code = check_functional_results(done.result, screen);
  return done;
}

// Options that a run in stages does not follow: each stage has programs, masks and timelines of its own.
Failure staged_problems(const RunArguments& arguments, const result::StagedRun& staged) {
  Failure failure{ExitCode::bad_input, {}};
  for (const auto& [option, given] : {std::pair{"--report", !page_file(arguments).empty()},
                                      {"--trace", !arguments.trace_file.empty()},
                                      {"--dump", !arguments.dump.empty()},
                                      {"--program", !arguments.program_file.empty()},
                                      {"--mapping", !arguments.mapping_file.empty()},
                                      {"--data", !arguments.data.empty()}})
    if (given)
      failure.problems.push_back(
          {"", option, "beside --host, with which every stage is a run of its own", "legal: without --host"});
  if (arguments.functional)
    for (const result::StagedCall& call : staged.host)
      failure.problems.push_back(
          {"", "--functional", fmt::format("node '{}' ({}) is on the host, which computes no data", call.node, call.op),
           "legal: without --host"});
  const std::vector<Problem> files = unwritable_files({}, {arguments.config}, arguments.json_file);
  failure.problems.insert(failure.problems.end(), files.begin(), files.end());
  if (std::optional<Problem> problem = unwritable_parent(arguments.out))
    failure.problems.push_back(std::move(*problem));
  return failure;
}

// With operators on the host: the stages one after the other, and what they took together.
int run_stages(const RunArguments& arguments, const std::vector<std::string>& sets) {
  const Expected<std::vector<ModelStage>> stages = open_stages(arguments.config, arguments.model, sets);
  result::StagedRun staged = stages ? staged_run(*stages) : result::StagedRun{};
  Failure wrong = staged_problems(arguments, staged);
  if (!stages)
    wrong.problems.insert(wrong.problems.end(), stages.failure().problems.begin(), stages.failure().problems.end());
  if (!wrong.problems.empty()) return report_failure(wrong);
  std::FILE* const screen = arguments.json_file == standard_output ? stderr : stdout;
  fmt::print(screen, "{}", host_summary(staged));
  for (const ModelStage& stage : *stages) {
    fmt::print(screen, "{}", host_lines(stage.host));
    if (!stage.array) continue;
    Expected<Done> done = carry_out(arguments, stage.array->config, &*stage.array, screen);
    if (!done) return report_failure(done.failure());
    const Expected<std::string> folder = commit_result(stage.array->config, done->result, arguments.out);
    if (!folder) return report_failure(folder.failure());
    fmt::print(screen, "\nresult in {}\n\n", *folder);
    staged.stages.push_back(std::move(done->result));
  }
  fmt::print(screen, "{}", staged_report(staged));
  if (arguments.json_file.empty()) return 0;
  const std::optional<Failure> failure = write_text(arguments.json_file, result::json_text(staged));
  return failure ? report_failure(*failure) : 0;
}

int run(const RunArguments& arguments) {
  std::vector<std::string> sets = arguments.sets;
  if (!arguments.fidelity.empty()) sets.push_back("fidelity=" + arguments.fidelity);
  if (!arguments.mapping_file.empty()) {
    sets.push_back(mapping_set(arguments.mapping_file));
    sets.emplace_back("schedule.policy=mapping");
  }
  if (import::is_onnx(arguments.config) && !arguments.model.host.empty()) return run_stages(arguments, sets);
  std::optional<ModelRun> model;
  const Expected<run::RunConfig> config = [&] {
    const ProgressLine line(arguments.config);
    return open_config(arguments.config, arguments.model, sets, model, arguments.data);
  }();
  Failure wrong = option_problems(arguments, config);
  if (!config)
    wrong.problems.insert(wrong.problems.end(), config.failure().problems.begin(), config.failure().problems.end());
  if (!wrong.problems.empty()) return report_failure(wrong);
  // Standard output belongs to the JSON alone when it is asked for there.
  std::FILE* const screen = arguments.json_file == standard_output ? stderr : stdout;
  const Expected<Done> done = carry_out(arguments, *config, model ? &*model : nullptr, screen);
  if (!done) return report_failure(done.failure());
  const result::RunResult& result = done->result;
  if (!arguments.json_file.empty()) {
    if (auto failure = write_text(arguments.json_file, result::json_text(result))) return report_failure(*failure);
  }
  if (!arguments.trace_file.empty()) {
    if (auto failure = write_file(arguments.trace_file, trace::perfetto_file(done->pictures.events)))
      return report_failure(*failure);
  }
  const std::string page = page_file(arguments);
  if (!page.empty()) {
    if (auto failure = write_report(page, {run_view(*config, result, done->pictures.views)}, ""))
      return report_failure(*failure);
  }
  const Expected<std::string> folder = commit_result(*config, result, arguments.out);
  if (!folder) return report_failure(folder.failure());
  fmt::print(screen, "\nresult in {}\n", *folder);
  if (!page.empty()) fmt::print(screen, "report in {}\n", page);
  return done->code;
}
}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command =
      app.add_subcommand("run", "Simulate a network dense and block-sparse, and say where the time goes");
  command
      ->add_option("config", arguments->config,
                   "run config (a path, or a name of `tessera list runs`), or an ONNX file")
      ->required();
  add_model_options(*command, arguments->model);
  add_host_option(*command, arguments->model);
  command->add_option("--set", arguments->sets, set_help)->allow_extra_args(false);
  command->add_option("--fidelity", arguments->fidelity,
                      "burst (default) or transaction: what moves at a time inside the array");
  command->add_option("--only", arguments->only, "dense or sparse: simulate one of the two")
      ->check(CLI::IsMember({"dense", "sparse"}));
  command->add_flag("--functional", arguments->functional, "move real data and compare every layer with the reference");
  command->add_option("--data", arguments->data, ".npz with input, weights and biases of a functional run");
  command
      ->add_option("--report", arguments->reports,
                   "layers: a line per layer, dense against sparse; FILE.html: a page with timeline, layers, roofline, "
                   "network, masks and memory; repeatable")
      ->allow_extra_args(false)
      ->check([](const std::string& report) {
        const bool page = report.size() > 5 && report.compare(report.size() - 5, 5, ".html") == 0;
        return page || report == "layers" ? "" : "is \"" + report + "\"; legal: layers or FILE.html";
      });
  command->add_option("--json", arguments->json_file,
                      "also write result.json to this file; - for standard output, which then holds nothing else");
  command->add_option("--trace", arguments->trace_file,
                      "timeline for ui.perfetto.dev: tasks, waits and counters of the dense and the sparse run");
  command
      ->add_option("--dump", arguments->dump,
                   "program FILE, mapping FILE or masks FILE.npz: what the sparse run used (or see --only)")
      ->expected(2)
      ->type_name("WHAT FILE")
      ->check([](const std::string&) { return std::string(); });
  command->add_option("--mapping", arguments->mapping_file, mapping_help);
  command->add_option("--program", arguments->program_file,
                      "run this program (as written by --dump) instead of a schedule");
  command->add_option("--out", arguments->out,
                      "folder for the result folder; the default is results/runs of the current folder");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace tessera::cli
