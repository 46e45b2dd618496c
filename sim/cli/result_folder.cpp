#include "sim/cli/result_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "sim/cli/commands.h"
#include "sim/cli/output.h"
#include "sim/cli/target_file.h"
#include "sim/result/csv.h"
#include "sim/result/json.h"
#include "sim/run/pipeline.h"
#include "sim/sparsity/mask_spec.h"

namespace tessera::cli {
namespace {
namespace fs = std::filesystem;
using nlohmann::json;

fs::path base_of(const std::string& parent) { return parent.empty() ? fs::path("results") / "runs" : fs::path(parent); }

Failure cannot_write(const fs::path& folder, const std::error_code& error) {
  return fail(ExitCode::bad_input,
              {folder.string(), "", "cannot be written: " + error.message(), "choose another with --out"});
}

json manifest(const result::RunResult& result) {
  json hashes;
  for (const auto& [name, density] : densities(result)) hashes[name] = density->program_hash;
  return {{"version", TESSERA_VERSION}, {"command", command_line()}, {"program_hash", hashes}};
}

std::optional<Failure> fill(const fs::path& folder, const run::RunConfig& config, const result::RunResult& result) {
  json resolved = config.resolved;
  if (!config.mask_spec.file.empty()) {  // the masks come along, so that the folder can be run again anywhere
    resolved["sparsity"]["mask_file"] = "masks.npz";
    if (auto failure = write_masks((folder / "masks.npz").string(), config.network, config.masks)) return failure;
  }
  if (auto failure = write_file(folder / "result.json", result::json_text(result))) return failure;
  if (auto failure = write_file(folder / "layers.csv", result::layers_csv(result))) return failure;
  if (auto failure = write_file(folder / "config.json", resolved.dump(1) + "\n")) return failure;
  return write_file(folder / "manifest.json", manifest(result).dump(1) + "\n");
}

// Puts `from` in the place of `to`. Where that exists, its files are replaced one by one, each in one step; others
// stay.
std::error_code replace_folder(const fs::path& from, const fs::path& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EEXIST) return {errno, std::generic_category()};
  std::vector<fs::path> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(from, error)) names.push_back(entry.path().filename());
  for (const fs::path& name : names) {
    if (!error) fs::rename(from / name, to / name, error);
  }
  if (!error) fs::remove(from, error);
  return error;
}
}  // namespace

std::optional<Problem> unwritable_parent(const std::string& parent) {
  const fs::path base = base_of(parent);
  fs::path made = fs::absolute(base);  // what is there of it
  while (!fs::exists(made) && made.has_relative_path()) made = made.parent_path();
  std::optional<Problem> problem = unwritable((made / "result").string());
  if (problem) {
    problem->file = base.string();
    problem->legal = "choose another with --out";
  }
  return problem;
}

Expected<std::string> commit_result(const run::RunConfig& config, const result::RunResult& result,
                                    const std::string& parent) {
  const fs::path base = base_of(parent);
  std::string hashes;
  for (const run::Density density : {run::Density::dense, run::Density::sparse}) {
    if (density == run::Density::dense ? result.dense.has_value() : result.sparse.has_value())
      hashes += run::content_hash(config, density).substr(0, 8);
  }
  if (result.program) hashes += "-" + result.program->hash.substr(0, 8);
  const fs::path folder = base / fmt::format("{}-{}", config.name, hashes);
  const fs::path draft = base / fmt::format(".{}-{}.{}", config.name, hashes, getpid());
  std::error_code error;
  fs::create_directories(draft, error);
  if (error) return cannot_write(base, error);
  std::optional<Failure> failure = fill(draft, config, result);
  if (!failure) {
    error = replace_folder(draft, folder);
    if (error) failure = cannot_write(folder, error);
  }
  if (failure) {
    fs::remove_all(draft, error);
    for (Problem& problem : failure->problems)  // by the name it would have got
      if (fs::path(problem.file).parent_path() == draft)
        problem.file = (folder / fs::path(problem.file).filename()).string();
    return *failure;
  }
  const fs::path near = fs::proximate(folder, error);
  return near.string().size() < folder.string().size() ? near.string() : folder.string();
}

}  // namespace tessera::cli
